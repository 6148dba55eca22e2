"""VACUUM and ANALYZE, several small tables in one go: one look before, a row of the history for each, one look after.

Their tables stand in one statement. If it ends well and nothing is reported, all of it was done. Else the statistics
say for which tables, and every other gets a statement of its own, whose error and whose notices are its own too.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import psycopg
from psycopg.rows import DictRow

from pgtune.maintenance import batches
from pgtune.maintenance.work import Blocker, Job, Kind, Outcome, Result
from pgtune.model.errors import ConnectionLost
from pgtune.server.maintain import blockers, notices, state, steps
from pgtune.server.maintain.ends import Ended
from pgtune.server.maintain.hand import Hand
from pgtune.server.maintain.session import Session
from pgtune.server.maintain.steps import Gate, Step
from pgtune.versions import features

STATISTICS_LAG = 1.0  # seconds that statistics may come late where they do


@dataclass(slots=True)
class Sweep(Step):
    """A table on its way through, what the server said, and from when to when the statement ran that did others too."""

    shared: batches.Span | None = None
    told: list[notices.Notice] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sweeper:
    """What a hand does with tables."""

    hand: Hand

    @property
    def session(self) -> Session:
        """Where it is done."""
        return self.hand.session

    def sweep(self, jobs: Sequence[Job], gate: Gate) -> list[Ended]:
        """Do these jobs of different tables one after the other; `gate` says why one may not begin any more."""
        pid = self.session.pid
        sweeps = [Sweep(job, found) for job, found in zip(jobs, state.of_tables(self.session, jobs), strict=True)]
        return steps.go(self.hand, sweeps, self._obstacle, lambda begun: self._work(begun, gate, pid))

    def _obstacle(self, each: Sweep) -> Ended | None:
        """Who is known to be in the way of a statement that would wait."""
        obstacle = blockers.of_table(self.session, each.job.target.oid) if each.found.hindered else None
        return obstacle.ended(each.job) if obstacle is not None else None

    def _work(self, begun: Sequence[Sweep], gate: Gate, pid: int) -> None:
        for each in self._together(begun, gate):
            each.end = steps.closed(self.hand, each, gate, pid) or self._done(each)
            each.ended = time.monotonic()
        self._look_after([each for each in begun if each.end is None])

    def _together(self, begun: Sequence[Sweep], gate: Gate) -> Sequence[Sweep]:
        """Do them in one statement, and give those that it did not reach: each is to be done alone."""
        for each in begun if len(begun) > 1 else ():
            closed = gate(each.job)
            each.end = Ended(closed) if closed is not None else None
        opened = [each for each in begun if each.end is None]
        if len(opened) < 2:
            return opened
        began = time.monotonic()
        try:
            jobs = [each.job for each in opened]
            for statement in batches.statements(jobs):
                self.hand.execute(jobs, statement)
        except (psycopg.Error, ConnectionLost) as error:
            return self._cut_short(opened, began, error)
        if notices.refusal(self.session.notices) is not None:
            return self._not_done(opened, began)
        for each in opened:
            each.shared = began, time.monotonic()
        return []

    def _cut_short(self, opened: Sequence[Sweep], began: float, error: Exception) -> Sequence[Sweep]:
        """Those to be done alone. Cancelled or lost, it was at the first not done; other errors tell no table."""
        pid = self.session.pid
        ended = self.hand.failed(opened[0].job, error)
        left = self._not_done(opened, began)
        if not left or (self.session.pid == pid and not isinstance(error, psycopg.errors.QueryCanceled)):
            return left
        first = left[0]
        first.end = replace(ended, result=replace(ended.result, job=first.job))
        first.began, first.ended = max(began, *(each.ended for each in opened)), time.monotonic()
        return left[1:]

    def _not_done(self, opened: Sequence[Sweep], began: float) -> list[Sweep]:
        """Those that no statistics show as done; the others have their times by now."""
        ended = time.monotonic()
        if features.statistics_come_late(self.session.version):
            time.sleep(STATISTICS_LAG)
        found = list(zip(opened, state.seen(self.session, [each.job for each in opened]), strict=True))
        _time([(each, row) for each, row in found if _finished(each, row) is not None], (began, ended))
        return [each for each, row in found if _finished(each, row) is None]

    def _done(self, each: Sweep) -> Ended | None:
        """The end it came to, None if its statements were carried out."""
        each.began = time.monotonic()
        try:
            for statement in each.job.sql:
                self.hand.execute([each.job], statement)
                each.told += self.session.notices
        except (psycopg.Error, ConnectionLost) as error:
            return self.hand.failed(each.job, error)
        refused = notices.refusal(each.told)
        return None if refused is None else self._left_out(each.job, refused)

    def _left_out(self, job: Job, refused: notices.Refusal) -> Ended:
        """The statement succeeded and did nothing; who holds the lock is asked for now."""
        locked = refused.outcome is Outcome.LOCKED
        obstacle = blockers.of_table(self.session, job.target.oid) if locked else None
        if obstacle is None:
            return Ended(Result(job, refused.outcome, refused.words), again=locked)
        return obstacle.ended(job)

    def _look_after(self, done: Sequence[Sweep]) -> None:
        found = list(zip(done, self._settled(done), strict=True))
        span = next((each.shared for each in done if each.shared), None)
        if span is not None:
            _time([(each, row) for each, row in found if each.shared], span)
        for each, row in found:
            each.end = Ended(self._swept(each, row))

    def _settled(self, done: Sequence[Sweep]) -> list[DictRow]:
        """How they stand, once the statistics say so."""
        late = features.statistics_come_late(self.session.version)
        limit = time.monotonic() + (STATISTICS_LAG if late else 0.0)
        while True:
            rows = self.hand.steadily(lambda: state.seen(self.session, [each.job for each in done])) if done else []
            if time.monotonic() >= limit or all(map(_known, done, rows)):
                return rows
            time.sleep(0.1)

    def _swept(self, each: Sweep, row: DictRow) -> Result:
        """What came of the dead rows, by VERBOSE's own count or else by the statistics."""
        job, found = each.job, each.found
        result = Result(
            job, Outcome.DONE, rows_before=found.rows_known, rows_after=int(row["rows"] or 0),
            bytes_before=found.bytes, bytes_after=row["bytes"],
        )  # fmt: skip
        if not _is_counted(each):
            return result
        counted = notices.count(each.told) or _counted(each, row)
        if counted is None or not counted.kept:
            return result
        holders = blockers.of_horizon(self.session, self.hand.observer.pids)
        outcome = Outcome.DONE if counted.removed else Outcome.NOTHING_REMOVABLE
        return replace(result, outcome=outcome, detail=_kept(counted, holders), blocked_by=holders)


def _is_counted(each: Sweep) -> bool:
    """Whether anything is to be said of its dead rows."""
    return each.job.kind is Kind.VACUUM and bool(each.job.gain.rows or each.found.dead)


def _known(each: Sweep, row: DictRow) -> bool:
    """Whether the statistics have come so far, or need not."""
    return not _is_counted(each) or row["vacuumed"] != each.found.vacuumed


def _counted(each: Sweep, row: DictRow) -> notices.Count | None:
    """Dead rows by the statistics."""
    kept, dead = row["dead"], each.found.dead or each.job.gain.rows or 0
    if not isinstance(kept, int) or row["vacuumed"] == each.found.vacuumed:
        return None
    return notices.Count(max(0, dead - kept), kept)


def _finished(each: Sweep, row: DictRow) -> float | None:
    """When the server finished it, on our monotonic clock; None if no statistics say that it did."""
    last = "analyzed" if batches.analyzes(each.job) else "vacuumed"
    if row[last] is None or row[last] == getattr(each.found, last):
        return None
    moment: float = time.monotonic() - (row["now"] - row[last])
    return moment


def _time(found: Sequence[tuple[Sweep, DictRow]], span: batches.Span) -> None:
    """Give each of those that shared a statement its part of the time that this took."""
    spans = batches.shares(*span, [_finished(each, row) for each, row in found])
    for (each, _), (began, ended) in zip(found, spans, strict=True):
        each.began, each.ended = began, ended


def _kept(counted: notices.Count, holders: tuple[Blocker, ...]) -> str:
    """Dead rows that were kept, in words."""
    total = counted.removed + counted.kept
    who = blockers.sentence(holders) or "somebody who is gone by now held an older snapshot"
    return f"{counted.removed} of {total} dead rows removable; {who}"
