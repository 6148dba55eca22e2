"""What many small jobs share, so that each costs little more than its own statement."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from pgtune.maintenance.work import Job, Kind
from pgtune.versions import features

Waiting = TypeVar("Waiting")

MOST = 32  # jobs done together: what they share is then next to nothing of each (benchmarks/maintenance/throughput)
SMALL = 0.05  # seconds predicted: a longer job does not feel what a look and two rows of the history take


def small(job: Job) -> bool:
    """Whether it may be done together with others: the short work on a table that waits for nobody."""
    on_table = job.kind in {Kind.VACUUM, Kind.ANALYZE}
    short = job.seconds is not None and job.seconds <= SMALL
    return on_table and short and all("SKIP_LOCKED" in _options(statement) for statement in job.sql)


def together(jobs: Iterable[Waiting], left: int, workers: int, key: Callable[[Waiting], Job]) -> list[Waiting]:
    """The first of these jobs, and those after it in the order of the work that are done with it in one go.

    They are of one database and of different tables. `left` are there for so many workers: each gets its share. `key`
    is the job of what waits.
    """
    chosen: list[Waiting] = []
    most = min(MOST, max(1, left // (2 * max(1, workers))))
    for each in jobs:
        if chosen and (len(chosen) >= most or not _joins(key(each), [key(other) for other in chosen])):
            break
        chosen.append(each)
    return chosen


def _joins(job: Job, chosen: Sequence[Job]) -> bool:
    return small(job) and small(chosen[0]) and job.database == chosen[0].database and all(
        job.table.oid != other.table.oid for other in chosen
    )  # fmt: skip


def once_a_database(jobs: Sequence[Job], version: int) -> list[Job]:
    """The ordered jobs, of which only the last VACUUM of each database brings its oldest ids up to date, from 16 on.

    For that VACUUM reads all of pg_class, which among 2,000 tables takes longer than a small one of them; vacuumdb does
    the same. A VACUUM that freezes still does it: ids are its purpose.
    """
    if not features.spares_database_stats(version):
        return list(jobs)
    last = {job.database: place for place, job in enumerate(jobs) if job.kind is Kind.VACUUM}
    return [job if last.get(job.database) == place else _sparing(job) for place, job in enumerate(jobs)]


def _sparing(job: Job) -> Job:
    if job.kind is not Kind.VACUUM or any("FREEZE" in _options(statement) for statement in job.sql):
        return job
    return replace(job, sql=tuple(text.replace("VACUUM (", "VACUUM (SKIP_DATABASE_STATS, ", 1) for text in job.sql))


def _options(statement: str) -> list[str]:
    return statement.partition("(")[2].partition(")")[0].split(", ")
