"""VACUUM and ANALYZE, several small tables in one go: one look before, a row of the history for each, one look after.

The statements stay one a table: each has its own notices, may be cancelled alone, and is not begun once time is over.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import psycopg
from psycopg.rows import DictRow

from pgtune.maintenance.work import Blocker, Job, Kind, Outcome, Result
from pgtune.model.errors import ConnectionLost, PgtuneError
from pgtune.server.maintain import blockers, notices, state
from pgtune.server.maintain.ends import Ended
from pgtune.server.maintain.history import Deed, History
from pgtune.server.maintain.session import Session
from pgtune.server.maintain.state import State

STATISTICS_LAG = 1.0  # seconds that the statistics of 14 may come late (its collector writes every 0.5 s)
NOT_BEGUN = "the connection was lost before it began"

Refusal = Callable[[Job, State], Ended | None]
Gate = Callable[[Job], Result | None]


@dataclass(slots=True)
class Sweep:
    """A table on its way through: how it stood, what the server said, and the end, once there is one."""

    job: Job
    found: State
    began: float = 0.0
    ended: float = 0.0
    told: list[notices.Notice] = field(default_factory=list)
    end: Ended | None = None


@dataclass(frozen=True, slots=True)
class Sweeper:
    """What a worker does with tables.

    `refusal` says why one is not begun as it stands, `failed` judges an error and comes back from a lost connection.
    """

    session: Session
    history: History
    ours: Callable[[], Sequence[int]]
    refusal: Refusal
    execute: Callable[[Job, str], None]
    failed: Callable[[Job, Exception], Ended]

    def sweep(self, jobs: Sequence[Job], gate: Gate) -> list[Ended]:
        """Do these jobs of different tables one after the other; `gate` says why one may not begin any more."""
        pid = self.session.pid
        sweeps = [Sweep(job, found) for job, found in zip(jobs, state.of_tables(self.session, jobs), strict=True)]
        held = [each.job for each in sweeps if each.found.taken]
        try:
            for each in sweeps:
                self._refuse(each)
            self._recorded([each for each in sweeps if each.end is None], gate, pid)
        finally:
            if held and self.session.pid == pid and not self.session.lost:
                state.let_go(self.session, held)
        return [each.end.timed(each.began, each.ended) for each in sweeps if each.end is not None]

    def _refuse(self, each: Sweep) -> None:
        each.began = time.monotonic()
        each.end = self.refusal(each.job, each.found)
        each.ended = time.monotonic()
        if each.end is not None:
            self.history.note(each.end.result)

    def _recorded(self, begun: Sequence[Sweep], gate: Gate, pid: int) -> None:
        """Work between the two writings of the history; an end that nobody foresaw is written down too."""
        if not begun:
            return
        steps = self.history.begin([(each.job, each.found.bytes) for each in begun])
        try:
            for each in begun:
                each.end = self._end(each, gate, pid)
                each.ended = time.monotonic()
            self._look_after([each for each in begun if each.end is None])
        except PgtuneError as error:
            with suppress(PgtuneError):
                self.history.end([_deed(step, each, str(error)) for step, each in zip(steps, begun, strict=True)])
            raise
        self.history.end([_deed(step, each) for step, each in zip(steps, begun, strict=True)])

    def _end(self, each: Sweep, gate: Gate, pid: int) -> Ended | None:
        """The end it came to, None if its statements were carried out."""
        each.began = each.ended = time.monotonic()
        if self.session.pid != pid:  # another session by now, without the locks of the one that was lost
            return Ended(Result(each.job, Outcome.FAILED, NOT_BEGUN), again=True)
        closed = gate(each.job)
        if closed is not None:
            return Ended(closed)
        each.began = time.monotonic()
        return self._done(each)

    def _done(self, each: Sweep) -> Ended | None:
        try:
            for statement in each.job.sql:
                self.execute(each.job, statement)
                each.told += self.session.notices
        except (psycopg.Error, ConnectionLost) as error:
            return self.failed(each.job, error)
        refused = notices.refusal(each.told)
        return None if refused is None else self._left_out(each.job, refused)

    def _left_out(self, job: Job, refused: notices.Refusal) -> Ended:
        """The statement succeeded and did nothing; who holds the lock is asked for now."""
        locked = refused.outcome is Outcome.LOCKED
        obstacle = blockers.of_table(self.session, job.target.oid) if locked else None
        if obstacle is None:
            return Ended(Result(job, refused.outcome, refused.words), again=locked)
        return Ended(Result(job, obstacle.outcome, obstacle.why, blocked_by=obstacle.who), again=True)

    def _look_after(self, done: Sequence[Sweep]) -> None:
        after = state.seen(self.session, [each.job for each in done]) if done else []
        for each, row in zip(done, after, strict=True):
            each.end = Ended(self._swept(each, row))

    def _swept(self, each: Sweep, row: DictRow) -> Result:
        """What came of the dead rows, by VERBOSE's own count or else by the statistics."""
        job, found = each.job, each.found
        result = Result(
            job, Outcome.DONE, rows_before=found.rows_known, rows_after=int(row["rows"] or 0),
            bytes_before=found.bytes, bytes_after=row["bytes"],
        )  # fmt: skip
        if job.kind is not Kind.VACUUM or not (job.gain.rows or found.dead):
            return result
        counted = notices.count(each.told) or self._counted(job, found, row)
        if counted is None or not counted.kept:
            return result
        holders = blockers.of_horizon(self.session, self.ours())
        outcome = Outcome.DONE if counted.removed else Outcome.NOTHING_REMOVABLE
        return replace(result, outcome=outcome, detail=_kept(counted, holders), blocked_by=holders)

    def _counted(self, job: Job, found: State, row: DictRow) -> notices.Count | None:
        """The same by the statistics, which come late on 14."""
        limit = time.monotonic() + STATISTICS_LAG
        while row["vacuumed"] == found.vacuumed and time.monotonic() < limit:
            time.sleep(0.1)
            row = state.seen(self.session, [job])[0]
        kept, dead = row["dead"], found.dead or job.gain.rows or 0
        if not isinstance(kept, int) or row["vacuumed"] == found.vacuumed:
            return None
        return notices.Count(max(0, dead - kept), kept)


def _deed(step: int, each: Sweep, lost: str = "") -> Deed:
    """For the history; `lost` is why it came to no end."""
    result = each.end.result if each.end is not None else Result(each.job, Outcome.FAILED, lost)
    return Deed(step, result, each.began, each.ended)


def _kept(counted: notices.Count, holders: tuple[Blocker, ...]) -> str:
    """Dead rows that were kept, in words."""
    total = counted.removed + counted.kept
    who = blockers.sentence(holders) or "somebody who is gone by now held an older snapshot"
    return f"{counted.removed} of {total} dead rows removable; {who}"
