"""One job from beginning to end: looked at, locked, recorded, done, looked at again, cleaned up after.

Whether it succeeded is read from the server, not from the statement's return: VACUUM succeeds without a right, and a
rebuild whose statement failed may have happened.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import psycopg
from psycopg.rows import DictRow

from pgtune.maintenance import outcomes
from pgtune.maintenance.work import Blocker, Job, Kind, Outcome, Result
from pgtune.model.errors import ConnectionLost, MustNotRunHere, PgtuneError
from pgtune.server.asking import GONE
from pgtune.server.maintain import blockers, debris, notices, state
from pgtune.server.maintain.history import History
from pgtune.server.maintain.observer import Observer
from pgtune.server.maintain.session import Session
from pgtune.server.maintain.state import State
from pgtune.server.maintain.watch import Watch
from pgtune.versions import features

STATISTICS_LAG = 1.0  # seconds that the statistics of 14 may come late (its collector writes every 0.5 s)
IN_PLACE = "ACCESS EXCLUSIVE"  # the lock of a REINDEX that is not concurrent: the index keeps its oid
CORRUPTING = "REINDEX CONCURRENTLY may lose rows on 14.0 to 14.3: update the server first (release notes of 14.4)"
NO_DEBRIS = "process {} works on it: no debris yet"
RETURNS = 3  # times that a connection may be lost again at once
ORPHAN_ENDS = 10.0  # seconds within which a cancelled backend whose client is lost has to be gone


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended: `again` if another attempt may succeed, `follow` what has to be removed after it."""

    result: Result
    again: bool = False
    follow: tuple[Job, ...] = ()
    disk_full: bool = False


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

    def do(self, job: Job) -> Ended:
        """Do it, or say why not.

        Raises:
            MustNotRunHere: this server has become a standby, or another one has taken its place.
            ConnectionLost: it cannot be reached again.
            PgtuneError: the history cannot be written.
        """
        began = time.monotonic()
        at = _now()
        try:
            ended = self._do(job)
        except ConnectionLost as error:  # while it was looked at: nothing has begun
            self._return_to_work()
            ended = Ended(Result(job, Outcome.FAILED, str(error)), again=True)
        seconds = time.monotonic() - began
        return replace(ended, result=replace(ended.result, began=at, ended=_now(), seconds=seconds))

    def _do(self, job: Job) -> Ended:
        found = state.before(self.session, job, self.observer.pids)
        self._holds = found.taken
        try:
            refused = self._refusal(job, found)
            if refused is not None:
                self.history.note(refused.result)
                return refused
            return self._recorded(job, found)
        finally:
            if self._holds and not self.session.lost:
                self._give_back(job)

    def _recorded(self, job: Job, found: State) -> Ended:
        """Work between two rows of the history; an end that nobody foresaw is written down too."""
        number = self.history.begin(job, found.bytes)
        try:
            ended = self._work(job, found)
        except PgtuneError as error:
            with suppress(PgtuneError):
                self.history.end(number, Result(job, Outcome.FAILED, str(error)))
            raise
        self.history.end(number, ended.result)
        return ended

    def _give_back(self, job: Job) -> DictRow:
        """Give the object's lock back, and see how a table stands."""
        self._holds = False
        return state.after(self.session, job)

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

    def _work(self, job: Job, found: State) -> Ended:
        try:
            for statement in job.sql:
                with self.watch.statement(self.session.pid, job, strict=job.kind is Kind.LEFTOVERS):
                    self.session.execute(statement)
                refused = notices.refusal(self.session.notices)
                if refused is not None:
                    return self._left_out(job, refused)
        except (psycopg.Error, ConnectionLost) as error:
            return self._failed(job, found, error)
        return self._finished(job, found)

    def _left_out(self, job: Job, refused: notices.Refusal) -> Ended:
        """The statement succeeded and did nothing; who holds the lock is asked for now."""
        locked = refused.outcome is Outcome.LOCKED
        obstacle = blockers.of_table(self.session, job.target.oid) if locked else None
        if obstacle is None:
            return Ended(Result(job, refused.outcome, refused.words), again=locked)
        return Ended(Result(job, obstacle.outcome, obstacle.why, blocked_by=obstacle.who), again=True)

    def _finished(self, job: Job, found: State) -> Ended:
        if job.kind is Kind.REINDEX:
            return Ended(self._rebuilt(job, found))
        if job.kind is Kind.LEFTOVERS:
            return Ended(Result(job, Outcome.DONE, bytes_before=found.bytes, bytes_after=0))
        return Ended(self._swept(job, found))

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

    def _swept(self, job: Job, found: State) -> Result:
        """After VACUUM or ANALYZE: what came of the dead rows, by VERBOSE's own count or else by the statistics."""
        row = self._give_back(job)
        result = Result(
            job, Outcome.DONE, rows_before=found.rows_known, rows_after=int(row["rows"] or 0),
            bytes_before=found.bytes, bytes_after=row["bytes"],
        )  # fmt: skip
        if job.kind is not Kind.VACUUM or not (job.gain.rows or found.dead):
            return result
        counted = notices.count(self.session.notices) or self._counted(job, found, row)
        if counted is None or not counted.kept:
            return result
        holders = blockers.of_horizon(self.session, self.observer.pids)
        outcome = Outcome.DONE if counted.removed else Outcome.NOTHING_REMOVABLE
        return replace(result, outcome=outcome, detail=_kept(counted, holders), blocked_by=holders)

    def _counted(self, job: Job, found: State, row: DictRow) -> notices.Count | None:
        """The same by the statistics, which come late on 14."""
        limit = time.monotonic() + STATISTICS_LAG
        while row["vacuumed"] == found.vacuumed and time.monotonic() < limit:
            time.sleep(0.1)
            row = state.seen(self.session, job)
        kept, dead = row["dead"], found.dead or job.gain.rows or 0
        if not isinstance(kept, int) or row["vacuumed"] == found.vacuumed:
            return None
        return notices.Count(max(0, dead - kept), kept)

    def _failed(self, job: Job, found: State, error: Exception) -> Ended:
        """A statement failed, was cancelled or lost: look what is there, and remove what this job left."""
        lost = self._is_lost(error)
        who = self.watch.blocked_by
        if lost:
            self._return_to_work()
        ended = self._judged(job, error, lost=lost, who=who)
        if job.kind is not Kind.REINDEX:
            return ended
        return self._cleaned(ended, found)

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


def _kept(counted: notices.Count, holders: tuple[Blocker, ...]) -> str:
    """Dead rows that were kept, in words."""
    total = counted.removed + counted.kept
    who = blockers.sentence(holders) or "somebody who is gone by now held an older snapshot"
    return f"{counted.removed} of {total} dead rows removable; {who}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
