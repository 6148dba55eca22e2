"""REINDEX and the removal of debris, several small indexes in one go: one look before, one look after for all of them.

Each has a statement of its own, and whoever is in its way is looked for just before it. What a rebuild that failed has
left is removed at once.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import psycopg

from pgtune.maintenance import outcomes
from pgtune.maintenance.work import Job, Kind, Outcome, Result
from pgtune.model.errors import ConnectionLost
from pgtune.server.maintain import blockers, debris, state, steps
from pgtune.server.maintain.ends import Ended
from pgtune.server.maintain.gates import FULL
from pgtune.server.maintain.hand import Hand
from pgtune.server.maintain.session import Session
from pgtune.server.maintain.steps import Gate, Step

IN_PLACE = "ACCESS EXCLUSIVE"  # the lock of a REINDEX that is not concurrent: the index keeps its oid
NO_DEBRIS = "process {} works on it: no debris yet"


@dataclass(frozen=True, slots=True)
class Rebuilder:
    """What a hand does with indexes.

    `left` is the debris of rebuilds before, which is none of those after, and `full` where one ran out of space.
    """

    hand: Hand
    left: set[int] = field(default_factory=set)
    full: set[str | None] = field(default_factory=set)

    @property
    def session(self) -> Session:
        """Where it is done."""
        return self.hand.session

    def rebuild(self, jobs: Sequence[Job], gate: Gate) -> list[Ended]:
        """Do these jobs of different indexes one after the other; `gate` says why one may not begin any more."""
        pid = self.session.pid
        found = state.of_indexes(self.session, jobs, self.hand.observer.pids)
        rebuilds = [Step(job, each) for job, each in zip(jobs, found, strict=True)]
        return steps.go(self.hand, rebuilds, lambda _each: None, lambda begun: self._work(begun, gate, pid))

    def _work(self, begun: Sequence[Step], gate: Gate, pid: int) -> None:
        for each in begun:
            each.end = steps.closed(self.hand, each, gate, pid) or self._tried(each)
            each.ended = time.monotonic()
            if each.end is not None and each.end.disk_full:
                self.full.add(each.job.tablespace)
        self._look_after([each for each in begun if each.end is None])

    def _tried(self, each: Step) -> Ended | None:
        """The end it came to, None if its statements were carried out."""
        try:
            return self._obstacle(each) or self._done(each)
        except ConnectionLost as error:  # while somebody was waited for: those before it were done all the same
            return self.hand.failed(each.job, error)

    def _obstacle(self, each: Step) -> Ended | None:
        if each.job.tablespace in self.full:
            return Ended(Result(each.job, Outcome.NO_ROOM, FULL))
        oid, observer = each.job.target.oid, self.hand.observer
        if each.job.kind is Kind.LEFTOVERS:
            live = debris.builders(self.session, oid, _table(each))
            found = blockers.Obstacle(Outcome.LOCKED, NO_DEBRIS.format(live[0]), ()) if live else None
        elif each.found.hindered:
            found = blockers.of_build(self.session, [oid, _table(each)], observer.limits.patience, observer.pids)
        else:
            found = None
        return found.ended(each.job) if found is not None else None

    def _done(self, each: Step) -> Ended | None:
        each.began = time.monotonic()
        try:
            for statement in each.job.sql:
                self.hand.execute([each.job], statement)
        except (psycopg.Error, ConnectionLost) as error:
            ended = self.hand.failed(each.job, error)
            return self._cleaned(ended, each) if each.job.kind is Kind.REINDEX else ended
        return None

    def _look_after(self, done: Sequence[Step]) -> None:
        tables = sorted({_table(each) for each in done})
        after = self.hand.steadily(lambda: debris.indexes(self.session, tables))
        for each in done:
            each.end = Ended(_result(each, after.get(_table(each), {})))

    def _cleaned(self, ended: Ended, each: Step) -> Ended:
        """Its debris is removed as far as it can be; a swap that happened is a rebuild that succeeded."""
        job, table, built = each.job, _table(each), self.hand.watch.built
        after = self.hand.steadily(lambda: debris.indexes(self.session, [table])).get(table, {})
        new = debris.successor(job.target, after) if debris.swapped(job.target, after) else None
        left = debris.left_by(job.target, {*(each.found.siblings or ()), *self.left}, after, built)
        self.left.update(index.oid for index in left)
        kept = [removal for removal in (self._removed(index, job, table) for index in left) if removal is not None]
        result = replace(ended.result, bytes_before=each.found.bytes)
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
            self.hand.execute([removal], removal.sql[0])
        except (psycopg.Error, ConnectionLost) as error:
            if self.hand.is_lost(error):
                self.hand.return_to_work()
            return None if outcomes.of_state(getattr(error, "sqlstate", None)) is Outcome.GONE else removal
        return None


def _table(each: Step) -> int:
    return each.found.table_oid or each.job.table.oid


def _result(each: Step, after: debris.Indexes) -> Result:
    """What came of a statement that ended well, by the indexes that its table has now."""
    job, before = each.job, each.found.bytes
    if job.kind is Kind.LEFTOVERS:
        return Result(job, Outcome.DONE, bytes_before=before, bytes_after=0)
    in_place = after.get(job.target.oid) if job.lock == IN_PLACE else None
    new = in_place or debris.successor(job.target, after)
    if new is None:
        why = "the statement ended well, but no new index is there"
        return Result(job, Outcome.FAILED, why, bytes_before=before)
    return Result(job, Outcome.DONE, bytes_before=before, bytes_after=new.bytes)
