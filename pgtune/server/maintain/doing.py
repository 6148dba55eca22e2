"""One job from beginning to end: looked at, locked, recorded, done, looked at again, cleaned up after.

Whether it succeeded is read from the server, not from the statement's return: VACUUM succeeds without a right, and a
rebuild whose statement failed may have happened.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import psycopg

from pgtune.maintenance import outcomes
from pgtune.maintenance.work import Blocker, Job, Kind, Outcome, Result
from pgtune.model.errors import ConnectionLost, MustNotRunHere, PgtuneError
from pgtune.server.asking import GONE
from pgtune.server.maintain import blockers, debris, state
from pgtune.server.maintain.ends import Ended
from pgtune.server.maintain.history import Deed, History
from pgtune.server.maintain.observer import Observer
from pgtune.server.maintain.session import Session
from pgtune.server.maintain.state import State
from pgtune.server.maintain.sweeping import Gate, Sweeper
from pgtune.server.maintain.watch import Watch
from pgtune.versions import features

OF_TABLES = frozenset({Kind.VACUUM, Kind.ANALYZE})
IN_PLACE = "ACCESS EXCLUSIVE"  # the lock of a REINDEX that is not concurrent: the index keeps its oid
CORRUPTING = "REINDEX CONCURRENTLY may lose rows on 14.0 to 14.3: update the server first (release notes of 14.4)"
NO_DEBRIS = "process {} works on it: no debris yet"
RETURNS = 3  # times that a connection may be lost again at once
ORPHAN_ENDS = 10.0  # seconds within which a cancelled backend whose client is lost has to be gone


@dataclass(slots=True)
class Doer:
    """A session and its watch, doing jobs of one database one after another.

    `came_back` is called after the server was reached again, and may refuse to go on there (another timeline).
    """

    session: Session
    watch: Watch
    observer: Observer
    history: History
    came_back: Callable[[Session], None]
    _holds: bool = False

    def do(self, jobs: Sequence[Job], gate: Gate) -> list[Ended]:
        """Do an index's job, or those of several tables one after the other, or say why not.

        Raises:
            MustNotRunHere: this server has become a standby, or another one has taken its place.
            ConnectionLost: it cannot be reached again.
            PgtuneError: the history cannot be written.
        """
        began = time.monotonic()
        try:
            if jobs[0].kind in OF_TABLES:
                return self._sweeper().sweep(jobs, gate)
            ended = self._do(jobs[0])
        except ConnectionLost as error:  # while it was looked at: nothing has begun, or it may be done once more
            self._return_to_work()
            lost = [Ended(Result(job, Outcome.FAILED, str(error)), again=True) for job in jobs]
            return [each.timed(began, time.monotonic()) for each in lost]
        return [ended.timed(began, time.monotonic())]

    def _sweeper(self) -> Sweeper:
        return Sweeper(
            self.session, self.history, lambda: self.observer.pids, self._refusal, self._execute, self._failed
        )

    def _do(self, job: Job) -> Ended:
        found = state.of_index(self.session, job, self.observer.pids)
        self._holds = found.taken
        try:
            refused = self._refusal(job, found)
            if refused is not None:
                self.history.note(refused.result)
                return refused
            return self._recorded(job, found)
        finally:
            if self._holds and not self.session.lost:
                self._holds = False
                state.let_go(self.session, [job])

    def _recorded(self, job: Job, found: State) -> Ended:
        """Work between two rows of the history; an end that nobody foresaw is written down too."""
        began = time.monotonic()
        (step,) = self.history.begin([(job, found.bytes)])
        try:
            ended = self._work(job, found)
        except PgtuneError as error:
            failed = Result(job, Outcome.FAILED, str(error))
            with suppress(PgtuneError):
                self.history.end([Deed(step, failed, began, time.monotonic())])
            raise
        self.history.end([Deed(step, ended.result, began, time.monotonic())])
        return ended

    def _refusal(self, job: Job, found: State) -> Ended | None:
        """Why it does not begin; asked of the server as it is now, the plan may be hours old."""
        if found.in_recovery:
            raise MustNotRunHere("the server is a standby by now: nothing more is done")
        other = self._other_object(job, found)
        if other:
            return Ended(Result(job, Outcome.GONE, other))
        if not found.taken:
            return Ended(Result(job, Outcome.LOCKED, "another pgtune works on it"), again=True)
        if job.kind is Kind.REINDEX and features.rebuilds_corrupt(self.session.version):
            return Ended(Result(job, Outcome.FAILED, CORRUPTING))
        obstacle = self._obstacle(job, found)
        if obstacle is None:
            return None
        return Ended(Result(job, obstacle.outcome, obstacle.why, blocked_by=obstacle.who), again=True)

    @staticmethod
    def _other_object(job: Job, found: State) -> str:
        """Why the oid is not what was planned; "" if it is."""
        if found.name is None:
            return "it was dropped meanwhile"
        if not found.is_still(job):
            return f"its oid is {found.schema}.{found.name} by now"
        return "it is a valid index by now" if job.kind is Kind.LEFTOVERS and found.valid else ""

    def _obstacle(self, job: Job, found: State) -> blockers.Obstacle | None:
        table = found.table_oid or job.table.oid
        if job.kind is Kind.REINDEX and found.hindered:
            return blockers.of_build(
                self.session, [job.target.oid, table], self.observer.limits.patience, self.observer.pids
            )
        if job.kind is Kind.LEFTOVERS:
            live = debris.builders(self.session, job.target.oid, table)
            return blockers.Obstacle(Outcome.LOCKED, NO_DEBRIS.format(live[0]), ()) if live else None
        return blockers.of_table(self.session, job.target.oid) if found.hindered else None

    def _execute(self, jobs: Sequence[Job], statement: str) -> None:
        strict = jobs[0].kind is Kind.LEFTOVERS
        with self.watch.statement(self.session.pid, jobs[0], others=len(jobs) - 1, strict=strict):
            self.session.execute(statement)

    def _work(self, job: Job, found: State) -> Ended:
        try:
            for statement in job.sql:
                self._execute([job], statement)
        except (psycopg.Error, ConnectionLost) as error:
            ended = self._failed(job, error)
            return self._cleaned(ended, found) if job.kind is Kind.REINDEX else ended
        if job.kind is Kind.REINDEX:
            return Ended(self._rebuilt(job, found))
        return Ended(Result(job, Outcome.DONE, bytes_before=found.bytes, bytes_after=0))

    def _rebuilt(self, job: Job, found: State) -> Result:
        self._holds = False
        after = debris.given_back(self.session, job, found.table_oid or job.table.oid)
        in_place = after.get(job.target.oid) if job.lock == IN_PLACE else None
        new = in_place or debris.successor(job.target, after)
        if new is None:
            return Result(
                job, Outcome.FAILED, "the statement ended well, but no new index is there", bytes_before=found.bytes
            )
        return Result(job, Outcome.DONE, bytes_before=found.bytes, bytes_after=new.bytes)

    def _failed(self, job: Job, error: Exception) -> Ended:
        """A statement failed, was cancelled or lost: why, and whether it may be tried again."""
        lost = self._is_lost(error)
        who = self.watch.blocked_by
        if lost:
            self._return_to_work()
        return self._judged(job, error, lost=lost, who=who)

    def _judged(self, job: Job, error: Exception, *, lost: bool, who: tuple[Blocker, ...]) -> Ended:
        sqlstate = getattr(error, "sqlstate", None)
        words = " ".join(str(error).split())
        if lost:
            return Ended(Result(job, Outcome.FAILED, f"the connection was lost: {words}"), again=True)
        if self.watch.why is not None and sqlstate == "57014":
            return Ended(
                Result(job, self.watch.why, blockers.sentence(who) or words, blocked_by=who),
                again=self.watch.why in outcomes.RETRIED,
            )
        outcome = outcomes.of_state(sqlstate)
        again = outcome in outcomes.RETRIED
        return Ended(Result(job, outcome, words, blocked_by=who), again, disk_full=sqlstate in outcomes.FULL)

    def _cleaned(self, ended: Ended, found: State) -> Ended:
        job, built = ended.result.job, self.watch.built
        after = debris.indexes(self.session, found.table_oid or job.table.oid)
        new = debris.successor(job.target, after) if debris.swapped(job.target, after) else None
        left = debris.left_by(job.target, found.siblings or (), after, built)
        table = found.table_oid or job.table.oid
        kept = [each for each in (self._removed(index, job, table) for index in left) if each is not None]
        result = replace(ended.result, bytes_before=found.bytes)
        if new is not None:
            why = f"rebuilt, though the statement ended with: {result.detail}"
            outcome = Outcome.DONE_WITH_DEBRIS if left else Outcome.DONE
            result = replace(result, outcome=outcome, detail=why, bytes_after=new.bytes)
        return replace(ended, result=result, again=ended.again and new is None, follow=tuple(kept))

    def _removed(self, index: debris.Index, job: Job, table: int) -> Job | None:
        """Drop a piece of debris now; the job that has to do it later, where somebody is in the way."""
        removal = debris.removal(index, job, f"left by the rebuild of {job.target.shown}")
        if debris.builders(self.session, index.oid, table):
            return removal
        try:
            with self.watch.statement(self.session.pid, removal, strict=True):
                self.session.execute(removal.sql[0])
        except (psycopg.Error, ConnectionLost) as error:
            if self._is_lost(error):
                self._return_to_work()
            return None if outcomes.of_state(getattr(error, "sqlstate", None)) is Outcome.GONE else removal
        return None

    def _is_lost(self, error: Exception) -> bool:
        sqlstate = getattr(error, "sqlstate", None)
        return self.session.lost or bool(sqlstate and sqlstate.startswith(GONE))

    def _return_to_work(self) -> None:
        """Reach the server again, and end what the lost backend may still be doing there.

        A server that is going down may take a new session along: that is tried again too.
        """
        pid, began = self.session.pid, self.session.began
        self._holds = False  # the lock ended with the session
        for attempt in range(1, RETURNS + 1):
            self.session.come_back()
            self.watch.pid = self.session.pid
            try:
                self.came_back(self.session)
                self._end_orphan(pid, began)
            except ConnectionLost:
                if attempt == RETURNS:
                    raise
            else:
                return

    def _end_orphan(self, pid: int, began: float) -> None:
        """Cancelled, it ends when it finds its client gone; behind a dead network it finds nothing, and is ended."""
        limit = time.monotonic() + ORPHAN_ENDS
        while self.session.rows("maintain/still_there", pid=pid, began=began):
            late = time.monotonic() > limit - ORPHAN_ENDS / 2
            self.session.rows("maintain/terminate" if late else "maintain/cancel", pid=pid)
            if time.monotonic() > limit:
                raise ConnectionLost(f"process {pid}, whose connection was lost, is still at work")
            time.sleep(0.2)
