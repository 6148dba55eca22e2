"""Several sessions that do the jobs of a plan, never two of one table at once, and put off what cannot be done now.

A worker takes the first job in the plan's order whose table is free. Whoever is blocked comes back to the queue, to be
tried again a little later; debris that could not be removed joins it as a job of its own.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import takewhile

from pgtune.maintenance import batches
from pgtune.maintenance.work import Job, Kind, Outcome, Result
from pgtune.model.errors import NotAllowed, PgtuneError
from pgtune.server.maintain import doing
from pgtune.server.maintain.ends import Ended
from pgtune.server.maintain.gates import Gates
from pgtune.server.maintain.hand import Hand

ATTEMPTS = 3  # of a job that somebody blocks, before it is left for the next run
REMOVALS = 6  # attempts to drop debris: it slows every write, so it is tried longer
LONGEST_PAUSE = 30.0  # seconds between two attempts; they double from the patience on

GONE = frozenset({Outcome.DONE, Outcome.GONE})

Tell = Callable[[Sequence[Result]], None]
Key = tuple[Kind, str, int]


@dataclass(slots=True)
class Waiting:
    """A job in the queue, not to be begun before the monotonic time `since`; `ours` is debris of this very run."""

    job: Job
    attempts: int = 0
    since: float = 0.0
    ours: bool = False

    @property
    def table(self) -> tuple[str, int]:
        """What no other job may work on meanwhile."""
        return (self.job.database, self.job.table.oid)


@dataclass(slots=True)
class Crew:
    """The queue and its workers.

    `hire` makes a worker's tools for a database, `tell` hears of every result, those of a batch at once, `note` writes
    down what was put off.
    """

    gates: Gates
    hire: Callable[[int, str], Hand]
    tell: Tell
    note: Callable[[Result], None]
    patience: float
    queue: list[Waiting] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    ended_early: str = ""
    error: BaseException | None = None
    _busy: set[tuple[str, int]] = field(default_factory=set)
    _at_work: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _left: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, jobs: Sequence[Job], workers: int) -> None:
        """Begin with so many workers."""
        self.queue = [Waiting(job) for job in jobs]
        self._threads = [
            threading.Thread(target=self._work, args=(number,), name=f"worker {number}", daemon=True)
            for number in range(max(1, min(workers, len(jobs))))
        ]
        self._left = len(self._threads)
        for thread in self._threads:
            thread.start()

    def wait(self) -> None:
        """Wait until everything is done; short waits, so that Ctrl-C reaches the main thread.

        Not by joining: a join that is interrupted takes the thread for ended (Python 3.11).
        """
        while not self._over.wait(0.1):
            pass

    def _work(self, number: int) -> None:
        try:
            self._do_all(number)
        finally:
            with self._changed:
                self._left -= 1
                if not self._left:
                    self._over.set()

    def _do_all(self, number: int) -> None:
        while batch := self._take():
            first = self._closed(number, batch[0].job)
            if first is not None:
                self._put_back(batch[1:])
                self._put_away(batch[:1], [Ended(self._noted(first))])
                continue
            try:
                ended = self._done(number, batch)
            except PgtuneError as error:
                self._give_up(batch, error)
            except BaseException as error:  # noqa: BLE001  (it is raised again in the main thread)
                self._give_up(batch, error)
                self.error = error
            else:
                self._put_away(batch, ended)
            finally:
                self.gates.ended(number)

    def _done(self, number: int, batch: Sequence[Waiting]) -> list[Ended]:
        jobs = [waiting.job for waiting in batch]
        try:
            hand = self.hire(number, jobs[0].database)
        except NotAllowed as error:  # this database alone: the others go on
            return [Ended(Result(job, Outcome.NO_PERMISSION, str(error))) for job in jobs]
        return doing.do(hand, jobs, partial(self._closed, number))

    def _closed(self, worker: int, job: Job) -> Result | None:
        """Why it may not begin now; asked before each statement too, for those before it took their time."""
        if self.gates.interrupted:
            return Result(job, Outcome.INTERRUPTED, "the run was interrupted before it began")
        if self.ended_early:
            return Result(job, Outcome.DEFERRED, self.ended_early)
        closed = self.gates.closed(worker, job)
        if closed is None:
            return None
        if closed.ends_run:
            self.ended_early = self.ended_early or closed.why
        return Result(job, closed.outcome, closed.why)

    def _take(self) -> list[Waiting]:
        """What may begin, the first in order and what is done with it; nothing when none is left or can come back."""
        with self._changed:
            while True:
                if self.gates.interrupted:
                    self._leave(Outcome.INTERRUPTED, "the run was interrupted before it began")
                elif self.ended_early:
                    self._leave(Outcome.DEFERRED, self.ended_early)
                if not self.queue and not self._at_work:
                    self._changed.notify_all()
                    return []
                now = time.monotonic()
                ready = (w for w in self.queue if w.since <= now and w.table not in self._busy)
                batch = self._first(ready)
                if batch:
                    self._begin(batch)
                    return batch
                self._changed.wait(self._until_next(now))

    def _first(self, ready: Iterable[Waiting]) -> list[Waiting]:
        """What is done together next; what once failed is tried alone, so that it takes no other along."""
        batch = batches.together(ready, len(self.queue), len(self._threads), key=lambda waiting: waiting.job)
        return list(takewhile(lambda waiting: not waiting.attempts, batch)) or batch[:1]

    def _begin(self, batch: Sequence[Waiting]) -> None:
        for waiting in batch:
            self.queue.remove(waiting)
            self._busy.add(waiting.table)
        self._at_work += len(batch)

    def _put_back(self, batch: Sequence[Waiting]) -> None:
        """Not begun, in their old places."""
        with self._changed:
            self.queue[:0] = batch
            for waiting in batch:
                self._busy.discard(waiting.table)
            self._at_work -= len(batch)
            self._changed.notify_all()

    def _until_next(self, now: float) -> float:
        pauses = [w.since - now for w in self.queue if w.since > now]
        return min([*pauses, 0.5])

    def _leave(self, outcome: Outcome, why: str) -> None:
        """Nothing more is begun; what is debris is not forgotten but named."""
        left, self.queue = self.queue, []
        self._hear([
            self._noted(Result(waiting.job, Outcome.DEBRIS_LEFT if waiting.ours else outcome, why)) for waiting in left
        ])  # fmt: skip

    def _noted(self, result: Result) -> Result:
        """Written down as far as that can still be; of an interrupted run its end says enough."""
        if result.outcome is not Outcome.INTERRUPTED:
            with suppress(PgtuneError):
                self.note(result)
        return result

    def _put_away(self, batch: Sequence[Waiting], ended: Sequence[Ended]) -> None:
        with self._changed:
            finals = [self._final(waiting, end) for waiting, end in zip(batch, ended, strict=True)]
            self._hear([each for each in finals if each is not None])
            self._changed.notify_all()

    def _final(self, waiting: Waiting, ended: Ended) -> Result | None:
        """The result that counts, None if it is tried again."""
        self._free(waiting)
        attempts = waiting.attempts + 1
        most = REMOVALS if waiting.job.kind is Kind.LEFTOVERS else ATTEMPTS
        # debris goes before the next attempt, which would pile up more of it
        self.queue[:0] = [Waiting(job, 1, self._pause(1), ours=True) for job in ended.follow]
        if ended.disk_full:
            self.gates.full.add(waiting.job.tablespace)
        if ended.again and attempts < most and not self.gates.interrupted and not self.ended_early:
            self.queue.append(replace(waiting, attempts=attempts, since=self._pause(attempts)))
            return None
        return _final(ended, attempts, waiting)

    def _pause(self, attempts: int) -> float:
        pause: float = min(LONGEST_PAUSE, max(0.1, self.patience) * 2 ** (attempts - 1))
        left = self.gates.left()
        if left is not None and left > 0:
            pause = min(pause, left)
        return time.monotonic() + pause

    def _give_up(self, batch: Sequence[Waiting], error: BaseException) -> None:
        """Nobody can go on: this server is not the one any more, cannot be reached, or nothing can be written down."""
        with self._changed:
            words = str(error) or type(error).__name__
            for waiting in batch:
                self._free(waiting)
            self._hear([Result(waiting.job, Outcome.FAILED, words) for waiting in batch])
            self.ended_early = self.ended_early or words
            self.error = self.error or error
            self._changed.notify_all()

    def _free(self, waiting: Waiting) -> None:
        self._busy.discard(waiting.table)
        self._at_work -= 1

    def _hear(self, results: Sequence[Result]) -> None:
        self.results += results
        if results:
            self.tell(results)


def _final(ended: Ended, attempts: int, waiting: Waiting) -> Result:
    """The result that counts; debris of this run that is still there at its end is called so."""
    result = ended.result
    if waiting.ours and result.outcome not in GONE:
        result = replace(result, outcome=Outcome.DEBRIS_LEFT)
    if ended.again and attempts > 1:
        return replace(result, detail=f"{result.detail} ({attempts} attempts)")
    return result
