"""What many small jobs share, so that each costs little more than its own statement."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from pgtune.maintenance.work import Job, Kind
from pgtune.versions import features

Waiting = TypeVar("Waiting")

MOST = 128  # jobs done together: what they share is then next to nothing of each (benchmarks/maintenance/throughput)
SMALL = 0.05  # seconds predicted: a longer job does not feel what a look and two rows of the history take
LONGEST = 1.6  # seconds predicted of all of them: nothing waits longer for a window's end or a free worker

REBUILD = "REINDEX INDEX CONCURRENTLY "

Span = tuple[float, float]


def small(job: Job) -> bool:
    """Whether it may be done together with others: short work on a table that waits for nobody, a short rebuild."""
    short = job.seconds is not None and job.seconds <= SMALL
    return short and (_shares_statement(job) or (job.kind is Kind.REINDEX and _head(job) == (REBUILD,)))


def _shares_statement(job: Job) -> bool:
    on_table = job.kind in {Kind.VACUUM, Kind.ANALYZE}
    return on_table and all("SKIP_LOCKED" in _options(statement) for statement in job.sql)


def together(jobs: Iterable[Waiting], left: int, workers: int, key: Callable[[Waiting], Job]) -> list[Waiting]:
    """The first of these jobs, and those after it in the order of the work that are done with it in one go.

    They are of one database, and their statements differ in the table or index alone; no table stands twice in one
    statement. `left` are there for so many workers: each gets its share. `key` is the job of what waits.
    """
    chosen: list[Waiting] = []
    tables: set[int] = set()
    seconds, most = 0.0, min(MOST, max(1, left // (2 * max(1, workers))))
    for each in jobs:
        job = key(each)
        seconds += job.seconds or 0.0
        if chosen and (len(chosen) >= most or seconds > LONGEST):
            break
        if job.table.oid in tables and _shares_statement(job):
            break
        if chosen and not _alike(job, key(chosen[0])):
            break
        chosen.append(each)
        tables.add(job.table.oid)
    return chosen


def _alike(job: Job, first: Job) -> bool:
    return job.database == first.database and _head(job) == _head(first) and small(job) and small(first)


def grouped(jobs: Sequence[Job], workers: int) -> Iterator[list[Job]]:
    """The ordered jobs as so many workers send them, if none is blocked: those that share a statement."""
    begun = 0
    while begun < len(jobs):
        group = together(islice(jobs, begun, None), len(jobs) - begun, min(workers, len(jobs)), key=lambda job: job)
        yield from [group] if _shares_statement(group[0]) else ([job] for job in group)
        begun += len(group)


def statements(jobs: Sequence[Job]) -> tuple[str, ...]:
    """What does these jobs: the statements of a single one, one statement with all the tables of those done together.

    The server takes table after table, each in transactions of its own (documentation, VACUUM: a table list), and the
    statement costs it half of what one for each costs (benchmarks/maintenance/throughput).
    """
    if len(jobs) == 1:
        return jobs[0].sql
    tables = ", ".join(job.sql[0].partition(") ")[2].removesuffix(";") for job in jobs)
    return (f"{_head(jobs[0])[0]} {tables};",)


def shares(began: float, ended: float, finished: Sequence[float | None]) -> list[Span]:
    """From when to when each of several was at work, one after the other, between these two moments.

    `finished` is when the server says that each was finished. Those of which it says nothing share what is between
    their neighbours.
    """
    spans: list[Span] = []
    for place, moment in enumerate(finished, 1):
        if moment is None and place < len(finished):
            continue
        after = spans[-1][1] if spans else began
        until = ended if moment is None else min(max(moment, after), ended)
        each = (until - after) / (place - len(spans))
        spans += [(after + each * n, after + each * (n + 1)) for n in range(place - len(spans))]
    return spans


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


def analyzes(job: Job) -> bool:
    """Whether ANALYZE is the last that it does to the table."""
    return job.kind is Kind.ANALYZE or any("ANALYZE" in _options(statement) for statement in job.sql)


def _options(statement: str) -> list[str]:
    return statement.partition("(")[2].partition(")")[0].split(", ")


def _head(job: Job) -> tuple[str, ...]:
    """What each statement begins with, all but the relation."""
    return tuple(
        REBUILD if statement.startswith(REBUILD) else statement.partition(") ")[0] + ")" for statement in job.sql
    )
