"""`pgtune maintain run`: decide, do it, record it, and say truthfully what became of it."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import takewhile

from pgtune.maintenance import outcomes
from pgtune.maintenance.record import Recorded, Run
from pgtune.maintenance.work import Alarm, Job, Kind, Outcome, Plan, Result
from pgtune.model.errors import MustNotRunHere, PgtuneError
from pgtune.server.maintain import history as in_cluster
from pgtune.server.maintain import local, target
from pgtune.server.maintain.history import History
from pgtune.server.maintain.run import Ears, Orders, Worked, work
from pgtune.server.maintain.target import Target
from pgtune.usecases import maintain_plan

INTERRUPTED = 130
CHAIN = 10  # runs that were cut off one after the other and are resumed

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked: what to plan, how to do it, and what to call it in the history.

    `resume` leaves out what runs of this scope have done since the last of them that went to its end; `keep_days` is
    how long the history keeps a run; an object that was put off more than `most_deferrals` times in a row is a finding.
    """

    plan: maintain_plan.Request
    orders: Orders
    scope: str = ""
    resume: bool = False
    keep_days: int = 400
    most_deferrals: int = 7


@dataclass(slots=True)
class _Course:
    """A run under way."""

    request: Request
    target: Target
    history: History
    ears: Ears

    def run(self) -> Run:
        """Plan, work, plan once more what a fresh ANALYZE has to confirm, and close the history."""
        began = _now()
        done = _done_before(self.history, self.request.scope) if self.request.resume else frozenset()
        plan = self._plan(self.request.plan)
        jobs = [job for job in plan.jobs if _key(job) not in done]
        number = self.history.open_run(self.target.name, self.request.scope)
        try:
            for each in plan.deferred:
                self.history.note(Result(each.job, Outcome.DEFERRED, each.why))
            worked = self._work(jobs)
            worked = self._second_look(jobs, worked)
        except BaseException as error:
            self._close(error)
            raise
        run = self._summed(plan, worked, number, began, len(plan.jobs) - len(jobs))
        self.history.close_run(run.exit_code, run.ended_early)
        self.history.forget(self.request.keep_days)
        return run

    def _plan(self, asked: maintain_plan.Request) -> Plan:
        return maintain_plan.plan(replace(asked, past=self.history.past()), self.ears.say)

    def _work(self, jobs: Sequence[Job]) -> Worked:
        if not jobs:
            return Worked(())
        return work(self.request.plan.conninfo, self.target, jobs, self.request.orders, self.history, self.ears)

    def _second_look(self, jobs: Sequence[Job], worked: Worked) -> Worked:
        """Indexes whose bloat shows only now that their tables were counted anew."""
        scope = self.request.plan.scope
        counted = any(r.job.kind in {Kind.ANALYZE, Kind.VACUUM} and r.outcome in outcomes.DONE for r in worked.results)
        if worked.interrupted or worked.ended_early or Kind.REINDEX not in scope.kinds or not counted:
            return worked
        again = replace(scope, kinds=frozenset({Kind.REINDEX}), everything=False)
        tried = {_key(job) for job in jobs}
        more = [job for job in self._plan(replace(self.request.plan, scope=again)).jobs if job.kind is Kind.REINDEX]
        second = self._work([job for job in more if _key(job) not in tried])
        return replace(second, results=(*worked.results, *second.results))

    def _summed(self, plan: Plan, worked: Worked, number: int, began: str, resumed: int) -> Run:
        alarms = [Alarm(r.job.database, f"{r.outcome}: {r.detail}", r.job.target) for r in _corrupt(worked.results)]
        overdue = self._overdue(plan, worked)
        notes = [*plan.notes, *plan.missing, *overdue]
        notes += [f"left out, as the runs that this one resumes did them: {resumed}"] if resumed else []
        debris = [f"{r.job.target.shown} in {r.job.database}: {r.detail}" for r in _debris(worked.results)]
        return Run(
            number=number, target=self.target.name, version=self.target.version, began=began, ended=_now(),
            exit_code=_exit_code(plan, worked, overdue), ended_early=worked.ended_early, results=worked.results,
            skipped=plan.skipped, deferred=plan.deferred, alarms=(*plan.alarms, *alarms), debris=tuple(debris),
            notes=tuple(notes),
        )  # fmt: skip

    def _overdue(self, plan: Plan, worked: Worked) -> list[str]:
        """What was put off once more now, and too often before; who never comes up again has been seen to otherwise."""
        most = self.request.most_deferrals
        now = {_key(each.job) for each in plan.deferred}
        now |= {_key(r.job) for r in worked.results if r.outcome in outcomes.PUT_OFF}
        if not now:
            return []
        return [
            f"{each.schema}.{each.name} in {each.database} was put off {each.times} times in a row: {each.kind} needs "
            "a longer window" for each in self.history.deferrals()
            if each.times > most and (each.kind.value, each.database, each.schema, each.name) in now
        ]  # fmt: skip

    def _close(self, error: BaseException) -> None:
        """The history says that the run ended, and with what, as far as it can be told."""
        code = error.exit_code if isinstance(error, PgtuneError) else PgtuneError.exit_code
        try:
            self.history.close_run(INTERRUPTED if isinstance(error, KeyboardInterrupt) else code, str(error))
        except PgtuneError as second:
            self.ears.say(f"the end of the run could not be written down: {second}")


def run(request: Request, ears: Ears) -> Run:
    """Do what the selected databases need.

    Raises:
        MustNotRunHere: a standby, a transaction pooler, an untested version, or another run is at work.
        BadInput, CannotConnect, NotAllowed, ConnectionLost, LedgerUnusable: nothing more was begun.
    """
    conninfo = request.plan.conninfo
    with target.opened(conninfo) as (session, found), _history(conninfo, found, ears.say) as history:
        orders = replace(request.orders, lock=session)
        return _Course(replace(request, orders=orders), found, history, ears).run()


def recorded(conninfo: str, limit: int, number: int | None = None) -> tuple[Recorded, ...]:
    """What the history says of this cluster, the newest run first.

    Raises:
        CannotConnect, NotAllowed, ConnectionLost, LedgerUnusable: as server and file answer.
    """
    with target.asked(conninfo) as found, _history(conninfo, found, lambda _text: None) as history:
        return history.runs(limit, number)


def last(conninfo: str, scope: str) -> datetime | None:
    """When a run of this scope last began that went to its end; None if the history knows of none.

    Raises:
        CannotConnect, NotAllowed, ConnectionLost, LedgerUnusable: as server and file answer.
    """
    with target.asked(conninfo) as found, _history(conninfo, found, lambda _text: None) as history:
        return history.last(scope)


def prepare(conninfo: str, roles: Sequence[str]) -> None:
    """Make the history's tables in the cluster.

    Raises:
        MustNotRunHere: a standby.
        NotAllowed, Refused, CannotConnect, ConnectionLost: as the server answers.
    """
    with target.asked(conninfo) as found:
        if found.in_recovery:
            raise MustNotRunHere(f"{found.name} is a standby: its history comes from its primary")
        in_cluster.create(conninfo, roles)


@contextmanager
def _history(conninfo: str, found: Target, say: Say) -> Iterator[History]:
    """The history in the cluster, or the local one where none was made there."""
    book = in_cluster.opened(conninfo)
    if book is not None:
        try:
            yield book
        finally:
            book.session.close()
        return
    with local.opened(found.key) as own:
        say(f"the history is kept in {own.path}; pgtune maintain init makes one in the database")
        yield own


def _done_before(history: History, scope: str) -> frozenset[tuple[str, str, str, str]]:
    """What runs of this scope did that were cut off or stopped; one that went to its end left nothing to resume.

    Debris is never among it: the next run that was cut off may have left another of the same name.
    """
    runs = history.runs(CHAIN, scope=scope)
    cut_off = takewhile(lambda run: run.ended is None or run.exit_code == INTERRUPTED or run.detail, runs)
    return frozenset(
        (each.kind.value, each.database, each.schema, each.name)
        for run in cut_off for each in run.entries if each.outcome in outcomes.DONE and each.kind is not Kind.LEFTOVERS
    )  # fmt: skip


def _key(job: Job) -> tuple[str, str, str, str]:
    return (job.kind.value, job.database, job.target.schema, job.target.name)


def _corrupt(results: Sequence[Result]) -> Iterator[Result]:
    return (r for r in results if r.outcome is Outcome.DUPLICATE_KEY)


def _debris(results: Sequence[Result]) -> Iterator[Result]:
    return (r for r in results if r.outcome is Outcome.DEBRIS_LEFT)


def _exit_code(plan: Plan, worked: Worked, overdue: Sequence[str]) -> int:
    """130 interrupted; 3 the server is lost or the history cannot be written; else what the results mean."""
    if worked.interrupted:
        return INTERRUPTED
    if worked.error is not None and not isinstance(worked.error, MustNotRunHere):
        return PgtuneError.exit_code
    # what cannot be done at all, as an exclusion constraint's index, is told and is no finding each night
    refused = any(each.grant for each in plan.skipped) or any(each.startswith("database ") for each in plan.missing)
    finding = bool(plan.alarms or refused or overdue or worked.ended_early)
    return outcomes.exit_code(worked.results, ended_early=finding)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def deadline(seconds: float | None) -> float | None:
    """So many seconds from now on the clock that never goes back."""
    return None if seconds is None else time.monotonic() + seconds
