"""What many small jobs share, so that each costs little more than its own statement."""

from collections.abc import Sequence
from dataclasses import replace

from pgtune.maintenance.work import Job, Kind
from pgtune.versions import features


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
