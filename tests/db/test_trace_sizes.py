"""After migrations a twin plans on the new schema as if it had production's rows, and sizes what changes rows."""

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from pgtune.model.design import Design, Index, Key, Name, Query
from pgtune.model.errors import NotPlannable
from pgtune.model.trace import Script
from pgtune.server.capture import capture
from pgtune.snapshot.blank import blank
from pgtune.snapshot.snapshot import Snapshot, Table
from pgtune.twin import raised
from tests.db.tracing import public, traced
from tests.db.twinning import planned

DATA = (
    "SET default_statistics_target = 1000",  # every row is looked at, so that ANALYZE says the same each time
    "CREATE TABLE events (id int PRIMARY KEY, kind text, code varchar(20), owner int, gone int)",
    "INSERT INTO events SELECT n, 'kind ' || n % 91, 'c' || n % 1000, n % 500, n FROM generate_series(1, 60000) n",
    "CREATE INDEX events_owner ON events (owner)",
    "CREATE INDEX events_lower ON events (lower(kind))",
    "CREATE TABLE parts (id int, at date NOT NULL) PARTITION BY RANGE (at)",
    "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
    "INSERT INTO parts SELECT n, date '2026-01-01' + n % 31 FROM generate_series(1, 31000) n",
    "VACUUM ANALYZE",
)
MIGRATION = (
    "ALTER TABLE events RENAME TO happened",
    "ALTER TABLE happened RENAME kind TO sort",
    "ALTER TABLE happened DROP gone",
    "ALTER TABLE happened ALTER code TYPE varchar(40)",
    "CREATE INDEX happened_sort ON happened (sort, owner)",
    "CREATE INDEX happened_part ON happened (owner) WHERE sort = 'kind 7'",
    "CREATE INDEX happened_expression ON happened ((owner + 1))",
    "ALTER INDEX events_owner RENAME TO happened_owner",
    "ALTER TABLE happened ADD note text",
    "CREATE TABLE fresh (id int PRIMARY KEY)",
)
QUERIES = (
    "SELECT * FROM happened WHERE id = 5",
    "SELECT * FROM happened WHERE sort = 'kind 3' AND owner = 7",
    "SELECT * FROM happened WHERE sort = 'kind 7' AND owner < 20",
    "SELECT * FROM happened WHERE owner = 77",
    "SELECT * FROM happened WHERE lower(sort) = 'kind 3'",
    "SELECT code, count(*) FROM happened GROUP BY code",
    "SELECT * FROM happened WHERE code = 'c5' ORDER BY sort LIMIT 5",
    "SELECT * FROM happened WHERE note IS NULL",
    "SELECT * FROM parts WHERE at < '2026-01-11'",
)


@pytest.fixture
def real(version, own_server) -> Iterator[psycopg.Connection]:
    with psycopg.connect(own_server(version).conninfo(), autocommit=True) as connection:
        for statement in DATA:
            connection.execute(statement.encode())
        yield connection


@pytest.mark.parametrize("version", [15, 18], indirect=True)
def test_plans_after_a_migration_are_those_of_the_migrated_database(real, binaries_of):
    """Renamed, dropped and retyped columns, new indexes of all sorts: same plans, costs within a hundredth."""
    snapshot = capture(real.info.dsn)
    for statement in MIGRATION:
        real.execute(statement.encode())
    real.execute("VACUUM ANALYZE")
    with raised(snapshot, binaries=binaries_of(snapshot.major)) as twin:
        traced(twin, *MIGRATION)
        for query in QUERIES:
            ours, theirs = twin.plan(Query(query)).root, planned(real, query).root
            assert (ours.kind, ours.index, ours.relation) == (theirs.kind, theirs.index, theirs.relation), query
            assert ours.total_cost == pytest.approx(theirs.total_cost, rel=0.05), query
            assert ours.rows == pytest.approx(theirs.rows, rel=0.1, abs=2), query


def _grown(table: Table, times: int) -> Table:
    indexes = tuple(
        replace(each, pages=each.pages * times, tuples=each.tuples * times, height=3) for each in table.indexes
    )
    return replace(
        table, pages=table.pages * times, relpages=table.relpages * times, rows=table.rows * times, indexes=indexes
    )  # fmt: skip


@pytest.fixture
def huge(real) -> Snapshot:
    """A snapshot in which the table has half a terabyte."""
    snapshot = capture(real.info.dsn)
    times = 2**26 // snapshot.table(public("events")).pages
    return replace(snapshot, tables=tuple(
        _grown(each, times) if each.name == public("events") else each for each in snapshot.tables
    ))  # fmt: skip


@pytest.mark.parametrize("version", [14, 18], indirect=True)
def test_half_a_terabyte_is_judged_on_empty_files(huge, binaries_of):
    """What reads or rewrites the whole table is seen to, at once; what changes its rows is counted, not run."""
    with raised(huge, binaries=binaries_of(huge.major)) as twin:
        rows = huge.table(public("events")).rows
        before = twin.plan(Query("SELECT * FROM events WHERE owner = 3 AND id < 100")).root
        assert before.total_cost > 1e5
        effects = traced(
            twin, "ALTER TABLE events ALTER kind SET NOT NULL", "ALTER TABLE events ADD done bool",
            "UPDATE events SET done = true WHERE done IS NULL", "UPDATE events SET owner = 1 WHERE owner = 2",
            "DELETE FROM events", "INSERT INTO events (id) VALUES (-1), (-2)",
            "DELETE FROM parts WHERE at < '2026-01-11'",
            "ALTER TABLE events ALTER id TYPE bigint", "CREATE TABLE copied AS SELECT * FROM events",
            "CREATE TABLE sorts AS SELECT kind FROM events GROUP BY kind", "SELECT count(*) FROM events",
            "ALTER TABLE events ADD state int DEFAULT 3", "UPDATE events SET state = 4 WHERE state = 3",
        )  # fmt: skip
        kept = [each.rows for each in effects]
        assert effects[0].scanned == (public("events"),)
        assert effects[7].rewritten == (public("events"),)
        assert kept[2] == pytest.approx(rows, rel=0.01)
        assert kept[3] == pytest.approx(rows / 500, rel=0.3)
        assert kept[4] == kept[8] == pytest.approx(rows, rel=0.01)
        assert kept[5] == 2
        assert kept[6] == pytest.approx(10000, rel=0.1)
        assert kept[9] == 91
        assert kept[10] is None
        assert kept[12] == pytest.approx(rows, rel=0.01)
        assert {each.status for each in effects if each.rows is not None} == {"planned"}
        assert twin.plan(Query("SELECT * FROM copied")).root.rows < rows  # nothing was copied
        after = twin.plan(Query("SELECT * FROM events WHERE owner = 3 AND id < 100")).root
        assert after.index == before.index
        assert after.rows == pytest.approx(before.rows, rel=0.01)


def test_what_if_goes_on_after_a_migration(own_server):
    """Indexes asked for before and after, and an index that the design drops, on a table that was rewritten."""
    server = own_server()
    with psycopg.connect(server.conninfo(), autocommit=True) as connection:
        for statement in DATA:
            connection.execute(statement.encode())
    query = Query("SELECT * FROM events WHERE code = 'c5' AND kind = 'kind 5'")
    wanted = Design(frozenset({Index(public("events"), (Key("code"), Key("kind")))}))
    with raised(capture(server.conninfo())) as twin:
        alone, before = twin.plan(query).root, twin.plan(query, wanted).root
        assert before.total_cost < alone.total_cost / 10
        traced(twin, "ALTER TABLE events ALTER id TYPE bigint", "ALTER TABLE events ADD more int")
        after = twin.plan(query, wanted).root
        assert after.index == before.index
        assert after.total_cost == pytest.approx(before.total_cost, rel=0.01)
        assert twin.plan(query).root.total_cost == pytest.approx(alone.total_cost, rel=0.01)
        owner = Query("SELECT * FROM events WHERE owner = 3")
        dropped = Design(dropped=frozenset({Name("public", "events_owner")}))
        assert twin.plan(owner, dropped).root.total_cost > twin.plan(owner).root.total_cost * 3
        traced(twin, "DROP INDEX events_owner")
        with pytest.raises(NotPlannable, match="no index"):
            twin.plan(owner, dropped)


def test_a_history_on_an_empty_twin(version, binaries_of):
    """Hundreds of migrations are applied before anything is sized; tables are there, their sizes unknown."""
    with raised(blank(version), binaries=binaries_of(version)) as twin:
        for number in range(150):
            table = f"made_{number}"
            script = Script((f"CREATE TABLE {table} (id serial PRIMARY KEY, a text)", f"CREATE INDEX ON {table} (a)"))
            assert {each.status for each in twin.migrate(script).effects} == {"applied"}
        assert len(twin.tables) == 150
        assert twin.tables[public("made_3")].rows == -1
        assert twin.plan(Query("SELECT * FROM made_149 WHERE a = 'x'")).indexes == {"made_149_a_idx"}


def test_schemas_roles_and_extensions_are_composed():
    """What takes a superuser is made by name, once, whatever its transaction; other extensions are refused."""
    with raised(blank(18)) as twin:
        effects = twin.migrate(Script((
            "CREATE SCHEMA app", "CREATE TABLE app.t (a text)", "CREATE EXTENSION pg_trgm", "CREATE EXTENSION pg_trgm",
            "CREATE INDEX ON app.t USING gin (a gin_trgm_ops)", "CREATE ROLE reader LOGIN PASSWORD 'x'",
            "GRANT SELECT ON app.t TO reader", "ALTER TABLE app.t OWNER TO somebody", "CREATE EXTENSION file_fdw",
            "CREATE POLICY p ON app.t TO nobody_yet USING (true)", "DROP SCHEMA app CASCADE", "CREATE SCHEMA app",
            "CREATE TABLE app.u (a text)",
        ))).effects  # fmt: skip
        assert [each.status for each in effects] == [
            "applied", "applied", "applied", "present", "applied", "applied", "applied", "applied", "unverified",
            "applied", "applied", "applied", "applied",
        ]  # fmt: skip
        assert set(twin.tables) == {Name("app", "u")}
