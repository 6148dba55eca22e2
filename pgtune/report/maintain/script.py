"""A maintenance plan as the SQL of every step, in order: what psql takes as it stands."""

import re
from collections.abc import Iterator
from itertools import count

from pgtune.maintenance import batches
from pgtune.maintenance.names import literal
from pgtune.maintenance.work import Job, Plan
from pgtune.report.maintain import words
from pgtune.report.paper import visible

_SIMPLE = re.compile(r"[A-Za-z0-9_]+", re.ASCII)
HEAD = """\
-- Each statement by itself: neither VACUUM nor CONCURRENTLY can run inside a transaction.
-- A timeout inside a concurrent build would leave an invalid index behind, so there is none.
SET lock_timeout = 0;
SET statement_timeout = 0;"""


def script(plan: Plan, workers: int = 1) -> str:
    """The statements that so many workers send; comments say of each table and index why."""
    return "\n".join(_lines(plan, workers)) + "\n"


def _lines(plan: Plan, workers: int) -> Iterator[str]:
    yield f"-- {visible(words.title(plan))}"
    yield f"-- {visible(words.summary(plan))}"
    database = None
    number = count(1)
    for group in batches.grouped(plan.jobs, workers):
        if group[0].database != database:
            database = group[0].database
            yield f"\n{connect(database)}\n{HEAD}"
        yield ""
        for job in group:
            yield from _job(next(number), job)
        yield from batches.statements(group)


def _job(number: int, job: Job) -> Iterator[str]:
    yield f"-- {number}. {job.kind.value} of {visible(job.target.shown)}: {visible(job.why)}"
    yield f"-- {visible(words.takes(job))}"
    yield from (f"-- in the way: {visible(words.blocker(each))}" for each in job.blockers)


def connect(database: str) -> str:
    r"""The psql command that goes to a database, whatever its name is.

    A name with a `=` or a quote in it would be read as a connection string, so it is given as one. A line break ends a
    command of psql, so there a variable takes it: whatever follows must never run in the database before.
    """
    if _SIMPLE.fullmatch(database):
        return f"\\connect {database}"
    value = database.replace("\\", "\\\\").replace("'", "\\'")
    argument = '"' + f"dbname='{value}'".replace('"', '""') + '"'
    if not database.isprintable():
        return f"SELECT {literal(argument)} AS target \\gset\n\\connect -reuse-previous=on :target"
    return f"\\connect -reuse-previous=on {argument}"
