"""What the tests of `pgtune maintain plan` share: tables in a need of their own, and plans that wait for statistics."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from pgtune.maintenance import selection
from pgtune.maintenance.survey import Scope
from pgtune.maintenance.work import Job, Kind, Plan
from pgtune.usecases.maintain_plan import Request, plan

SETTLING = 20.0  # seconds: before 15 statistics travel through a collector
BURN = """
create procedure burn(n int) language plpgsql as $$
begin
  for i in 1..n loop perform pg_current_xact_id(); commit; end loop;
end $$
"""


def nobody(_text: str) -> None:
    """Who hears nothing."""


def run(dsn: str, *statements: str, **words: str) -> list[tuple]:
    """The rows of the last statement. Each has a session of its own, at whose end its counters are flushed."""
    rows: list[tuple] = []
    for statement in statements:
        with psycopg.connect(dsn, autocommit=True, **words) as connection:
            cursor = connection.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
    return rows


def planned(dsn: str, *kinds: Kind, **more: object) -> Plan:
    """A plan of these tasks, or of all, without the sample's own tables, whose counters are lost.

    And without the catalogs: those that all tests' databases share are vacuumed by nobody.
    """
    scope = Scope(
        frozenset(kinds or Kind),
        selection.tables("-customers, -orders, -pg_catalog.%"),
        bool(more.pop("everything", False)),
    )
    return plan(Request(dsn, scope=scope, **more), nobody)


def settled(dsn: str, holds: Callable[[Plan], bool], *kinds: Kind, **more: object) -> Plan:
    """The first plan for which it holds, or the last one when the statistics had time enough."""
    until = time.monotonic() + SETTLING
    while True:
        found = planned(dsn, *kinds, **more)
        if holds(found) or time.monotonic() > until:
            return found
        time.sleep(0.3)


def job(found: Plan, kind: Kind, name: str) -> Job | None:
    """The job of this kind on the object of this name."""
    return next((each for each in found.jobs if each.kind is kind and each.target.name == name), None)


def has(kind: Kind, name: str) -> Callable[[Plan], bool]:
    """Whether a plan has such a job."""
    return lambda found: job(found, kind, name) is not None


def carried_out(dsn: str, found: Plan) -> None:
    """Every statement of the plan, in order."""
    run(dsn, *(statement for each in found.jobs for statement in each.sql))


@contextmanager
def open_transaction(dsn: str, *statements: str, **words: str) -> Iterator[int]:
    """A transaction that stays open; its process id."""
    with psycopg.connect(dsn, **words) as connection:
        for statement in statements:
            connection.execute(statement)
        yield connection.info.backend_pid
        connection.rollback()


def broken_rebuild(dsn: str, table: str, index: str) -> None:
    """A REINDEX CONCURRENTLY that a lock_timeout breaks off while it waits for a writer."""
    with open_transaction(dsn, f"update {table} set id = id where id = 1"):
        try:
            run(dsn, f"reindex index concurrently {index}", options="-c lock_timeout=200ms")
        except psycopg.errors.LockNotAvailable:
            return
    raise AssertionError("the rebuild was not broken off")


@contextmanager
def building(dsn: str, table: str, statement: str) -> Iterator[None]:
    """A build that waits for a writer to the table, and ends after the block when the writer does."""
    thread = threading.Thread(target=run, args=(dsn, statement))
    with open_transaction(dsn, f"update {table} set id = id where id = 1"):
        thread.start()
        _await_build(dsn)
        yield
    thread.join()


def _await_build(dsn: str) -> None:
    until = time.monotonic() + SETTLING
    waits = "select 1 from pg_stat_progress_create_index where phase = 'waiting for writers before build'"
    while not run(dsn, waits):
        assert time.monotonic() < until, "the build does not come to wait"
        time.sleep(0.05)
