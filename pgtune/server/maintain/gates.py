"""Whether a job may begin now: the deadline, the disk, and how the server and its standbys fare."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pgtune.maintenance.patience import closed_gate
from pgtune.maintenance.work import Job, Kind, Outcome
from pgtune.model.units import human_bytes
from pgtune.server.maintain.observer import Observer

LOOK = 0.5  # seconds between two looks at a closed gate
FULL = "its disk was full for an index before it"
RESERVE = 0.05  # of the free space stays free: other sessions write too

Free = Callable[[str | None], int | None]
"""Bytes free for a tablespace (None: the database's own); None: not known."""


def unknown(_tablespace: str | None) -> int | None:
    """Free space where nobody can tell."""
    return None


@dataclass(frozen=True, slots=True)
class Closed:
    """Why a job does not begin; `ends_run` where the next one would not either."""

    outcome: Outcome
    why: str
    ends_run: bool = False


@dataclass(slots=True)
class Gates:
    """Asked before every start. `full` are tablespaces on which a job has run out of space."""

    observer: Observer
    free: Free
    full: set[str | None] = field(default_factory=set)
    _begun: dict[int, Job] = field(default_factory=dict)
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    @property
    def interrupted(self) -> bool:
        """True if the run was told to stop."""
        return self.observer.interrupted.is_set()

    def left(self) -> float | None:
        """Seconds to the deadline."""
        return self.observer.left()

    def closed(self, worker: int, job: Job) -> Closed | None:
        """Why this worker may not begin the job, None if it may; what it began before has ended by then.

        A closed gate is waited for, as long as the limits say.
        """
        self.ended(worker)
        if self.observer.usurper:
            return Closed(Outcome.DEFERRED, f"{self.observer.usurper} by now", ends_run=True)
        return self._late(job) or self._loaded(job) or self._no_room(worker, job)

    def _late(self, job: Job) -> Closed | None:
        left = self.left()
        if left is None:
            return None
        if left <= 0:
            return Closed(Outcome.DEFERRED, "the time is over")
        if job.seconds is not None and job.seconds > left:
            why = f"it takes about {job.seconds:.0f} s by its {job.predicted_from}, {left:.0f} s are left"
            return Closed(Outcome.DEFERRED, why)
        return None

    def ended(self, worker: int) -> None:
        """The room of what this worker did is free again, or taken for good."""
        with self._mutex:
            self._begun.pop(worker, None)

    def _no_room(self, worker: int, job: Job) -> Closed | None:
        """Room for it beside those that run, which are waited for; a server elsewhere is not judged."""
        if job.kind is not Kind.REINDEX:
            return None
        if job.tablespace in self.full:
            return Closed(Outcome.NO_ROOM, FULL)
        while True:
            with self._mutex:
                lacking = self._lacking(job, self._begun.values())
                if not lacking:
                    self._begun[worker] = job
                    return None
                if not self._begun:
                    return Closed(Outcome.NO_ROOM, lacking)
            if self.interrupted:
                return Closed(Outcome.INTERRUPTED, "the run was interrupted before it began")
            if late := self._late(job):
                return late
            time.sleep(LOOK)

    def _lacking(self, job: Job, begun: Iterable[Job]) -> str:
        """Which disk has too little room for it and for what those that have begun may still take; "" if none has."""
        taken = Counter[str | None]()
        for each in begun:
            taken.update(_room(each))
        for tablespace, needed in _room(job).items():
            free = self.free(tablespace)
            if free is not None and needed + taken[tablespace] > free * (1 - RESERVE):
                return f"it needs {human_bytes(needed)}, {human_bytes(free)} are free"
        return ""

    def _loaded(self, job: Job) -> Closed | None:
        limits, until = self.observer.limits, time.monotonic() + self.observer.limits.wait
        while (why := closed_gate(limits, self.observer.pulse)) is not None:
            if self.interrupted:
                return Closed(Outcome.INTERRUPTED, "the run was interrupted before it began")
            if time.monotonic() > until:
                return Closed(Outcome.DEFERRED, f"{why}, for {limits.wait:.0f} s", ends_run=True)
            if late := self._late(job):
                return late
            time.sleep(LOOK)
        return None


def _room(job: Job) -> dict[str | None, int]:
    """What it takes by tablespace: WAL and sorts go to the data directory (None), wherever the index lies."""
    if job.tablespace is None:
        return {None: job.needs.total}
    return {job.tablespace: job.needs.disk, None: job.needs.wal + job.needs.sort}
