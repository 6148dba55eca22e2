"""In which order, and what fits: urgent work first, then by benefit per second, as far as the time reaches.

Benefit is counted in bytes, so that tasks compare: what a rebuild gives back, what dead rows take up, what a query
would read in vain by stale statistics. It decides the order of ordinary work alone; no job is left out for having
little.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heapify, heapreplace

from pgtune.maintenance.work import Deferred, Job, Urgency

UNKNOWN = 60.0  # seconds a job of unknown length counts for, so that it neither leads nor waits for ever
LEAST = 0.001  # seconds: nothing is free

_RANK = {urgency: rank for rank, urgency in enumerate(Urgency)}


def score(benefit: float, seconds: float | None) -> float:
    """Benefit per second."""
    return benefit / max(UNKNOWN if seconds is None else seconds, LEAST)


def ordered(jobs: Iterable[Job]) -> list[Job]:
    """The jobs in the order of the work; equal ones by name, so that two plans of one state are the same."""
    return sorted(jobs, key=lambda job: (_RANK[job.urgency], -job.score, job.database, job.target.shown, job.kind))


@dataclass(frozen=True, slots=True)
class Fit:
    """What fits the time, in order, and what does not."""

    jobs: list[Job] = field(default_factory=list)
    deferred: list[Deferred] = field(default_factory=list)


def fitted(jobs: Iterable[Job], seconds: float | None, workers: int = 1, why: str = "the window") -> Fit:
    """The ordered jobs that end within `seconds` on so many workers; a shorter one may take the room of a longer.

    A job of unknown length is begun while there is time: the deadline ends it. `seconds` None: no limit.
    """
    fit = Fit()
    busy = [0.0] * workers
    heapify(busy)
    for job in jobs:
        begins = busy[0]
        ends = begins + (job.seconds or 0.0)
        if seconds is not None and (ends > seconds or begins >= seconds):
            fit.deferred.append(Deferred(job, _why(job, seconds - begins, why)))
        else:
            heapreplace(busy, ends)
            fit.jobs.append(job)
    return fit


def _why(job: Job, left: float, why: str) -> str:
    if left <= 0 or job.seconds is None:
        return f"no time left in {why}"
    return f"it takes about {job.seconds:,.0f} s, and {max(left, 0):,.0f} s are left of {why} when its turn comes"
