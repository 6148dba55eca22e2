"""Beyond the ends of a histogram a twin plans as the real server does, which looks up the true ends in an index."""

import time
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from pgtune.model.design import Design, Index, Key, Name, Query
from pgtune.server.capture import capture
from pgtune.snapshot.mask import mask
from pgtune.snapshot.snapshot import Snapshot
from pgtune.twin import raised
from tests.db.planning import SETTLING
from tests.db.tracing import traced
from tests.db.twinning import filled, planned

EVENTS = Name("public", "events")
# What was analysed are the first 30,000 rows: the rest lies beyond the histograms, on both sides.
SCRIPT = """
create extension pageinspect;
create domain code as text check (value <> 'none');
create type grade as enum ('a', 'b', 'c', 'd', 'e');
create table events (
  id bigint primary key, at timestamptz not null, name text collate "C", word code, weight numeric(12, 3),
  part smallint,
  mark uuid, ratio float8, born date, level grade, note text, spare bigint, alone int
) with (autovacuum_enabled = off);
create unique index on events (at desc, part);
create index on events (name collate "C") include (note);
create index on events (word);
create index on events (weight desc nulls last);
create index on events (mark);
create index on events (ratio, born);
create index on events (born);
create index on events (spare) where part = 1;
create index on events (note text_pattern_ops);
create function filling(first int, last int) returns void language sql as $$
  insert into events
  select n, timestamptz '2026-01-01 UTC' + n * interval '1 minute', 'n' || to_char(n + 50000, '000000'),
         'w' || to_char(n + 50000, '000000'), n / 7.0, n % 5, (lpad(to_hex(n + 50000), 32, '0'))::uuid, n * 1.5,
         date '2020-01-01' + n / 10, 'c', 'x' || n, n, n
    from generate_series(first, last) n $$;
select filling(1, 30000);
vacuum analyze events;
select filling(-2000, 0);
select filling(30001, 34000);
select pg_stat_force_next_flush()
"""
QUERIES = (
    "select * from events where id > 30500", "select * from events where id < -500",
    "select * from events where id > 34000", "select * from events where id > 33990",
    "select * from events where id between 29900 and 31000", "select * from events where at > '2026-01-22 12:00 UTC'",
    "select * from events where at < '2025-12-31 12:00 UTC'", "select * from events where name > 'n 081000'",
    "select * from events where name < 'n 049000'", "select * from events where word > 'w 082500'",
    "select * from events where weight > 4600", "select * from events where weight < -100.5",
    "select * from events where mark > '00000000-0000-0000-0000-0000000140a8'",
    "select * from events where ratio > 47000", "select * from events where born > '2028-06-01'",
    "select * from events where spare > 33000", "select * from events where note > 'y'",
    "select * from events where alone > 31000", "select * from events order by at desc limit 5",
    "select * from events a join events b on a.id = b.spare where a.id > 33000",
)  # fmt: skip


@pytest.fixture
def real(version: int, database: str) -> Iterator[psycopg.Connection]:
    """The database with rows that ANALYZE did not see."""
    script = SCRIPT if version >= 15 else SCRIPT.replace(";\nselect pg_stat_force_next_flush()", "")
    with filled(database, script) as connection:
        yield connection


def test_beyond_a_histogram_costs_are_the_real_ones(database: str, real: psycopg.Connection):
    """With the ends that indexes have, for columns of all kinds, ascending, descending, beside others or alone."""
    with raised(_with_ends(capture(database), real)) as twin:
        for text in QUERIES:
            plan, true = twin.plan(Query(text)), planned(real, text)
            assert (text, plan.shape, plan.cost) == (text, true.shape, pytest.approx(true.cost, rel=0.001))
            assert (text, plan.root.rows) == (text, pytest.approx(true.root.rows, rel=0.001))


def _with_ends(snapshot: Snapshot, real: psycopg.Connection) -> Snapshot:
    """The snapshot with the ends of all columns that an index begins with and whole indexes can tell."""
    told = ("id", "at", "name", "word", "weight", "mark", "ratio", "born")
    tables = []
    for table in snapshot.tables:
        columns = []
        for column in table.columns:
            ends = None
            if table.name == EVENTS and column.name in told:
                asked = "select array[min({0}::text), max({0}::text)]::text from events where {0} in ({1}, {2})"
                first, last = (
                    f"(select {column.name} from events order by {column.name} {way} limit 1)" for way in ("", "desc")
                )
                ends = real.execute(asked.format(column.name, first, last).encode()).fetchone()[0]
            columns.append(replace(column, ends=ends))
        tables.append(replace(table, columns=tuple(columns)))
    return replace(snapshot, tables=tuple(tables))


def test_an_index_that_a_design_drops_tells_nothing(database: str, real: psycopg.Connection):
    """Without it the real server has the histogram alone, and so has the twin."""
    text = "select * from events where id > 33000"
    with raised(_with_ends(capture(database), real)) as twin:
        before = twin.plan(Query(text)).root.rows
        after = twin.plan(Query(text), Design(dropped=frozenset({Name("public", "events_pkey")}))).root.rows
        assert before == planned(real, text).root.rows
        real.execute("alter table events drop constraint events_pkey")
        assert after == planned(real, text).root.rows < before


def test_an_index_that_might_be_ends_where_the_statistics_do(database: str, real: psycopg.Connection):
    """Where they are fresh, a condition beyond them finds a row, as on the real server, not a share of the last bin."""
    _await_modified(real, 6001, 36001)  # what was inserted before the first ANALYZE may be counted after it
    real.execute("analyze events")
    _await_modified(real, 0)
    text = "select * from events where alone > 40000"
    index = Index(EVENTS, (Key("alone", descending=True), Key("part")))
    with raised(capture(database)) as twin:
        plan = twin.plan(Query(text), Design(frozenset({index})))
        assert twin.plan(Query(text)).root.rows == planned(real, text).root.rows > 1
        real.execute(index.ddl().encode())
        assert plan.root.rows == planned(real, text).root.rows == 1


def _await_modified(real: psycopg.Connection, *rows: int) -> None:
    """Wait until the server counts one of these numbers of rows as changed since ANALYZE."""
    until = time.monotonic() + SETTLING
    asked = "select pg_stat_get_mod_since_analyze('events'::regclass)"
    while (counted := real.execute(asked).fetchone()[0]) not in rows:
        assert time.monotonic() < until, f"{counted} rows are counted"
        time.sleep(0.1)


def test_a_migration_neither_meets_the_ends_nor_loses_them(database: str, real: psycopg.Connection):
    """What indexes say for the planner is no row to a reference or a check; and it is still said afterwards."""
    steps = (
        "CREATE TABLE places (id bigint PRIMARY KEY)",
        "ALTER TABLE events ADD CHECK (id < -9000)",
        "ALTER TABLE events RENAME COLUMN at TO moment",
        "CREATE UNIQUE INDEX ON events (spare)",
        "ALTER TABLE events ADD FOREIGN KEY (id) REFERENCES places",
    )
    with raised(_with_ends(capture(database), real)) as twin:
        for text in QUERIES:
            twin.plan(Query(text))
        assert {each.status for each in traced(twin, *steps)} == {"applied"}
        text = "select * from events where moment > '2026-01-22 12:00 UTC'"
        real.execute("alter table events rename column at to moment")
        assert twin.plan(Query(text)).cost == pytest.approx(planned(real, text).cost, rel=0.001)


def test_ends_that_no_value_can_be_are_left_aside(database: str, real: psycopg.Connection):
    """A mask's text may break a domain's check, and a file may say anything: histograms speak then."""
    snapshot = _with_ends(capture(database), real)
    bad = replace(snapshot, tables=tuple(replace(t, columns=tuple(replace(c, ends="{none,'}") for c in t.columns))
                                         for t in snapshot.tables))  # fmt: skip
    with raised(bad) as twin, raised(mask(snapshot)) as masked:
        for text in QUERIES[:2]:
            assert twin.plan(Query(text)).root.relation == planned(real, text).root.relation
            assert masked.plan(Query(text)).root.relation == planned(real, text).root.relation
