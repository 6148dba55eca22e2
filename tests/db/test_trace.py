"""A migration on a twin is seen to do what it does on a real server with rows."""

from collections.abc import Iterator
from typing import NamedTuple

import psycopg
import pytest

from pgtune import versions
from pgtune.model.trace import Script
from pgtune.snapshot.blank import blank
from pgtune.twin import Twin, raised
from pgtune.twin.tracing_effects import CONFLICTS
from tests.conftest import execute
from tests.db.tracing import ROWS, SCHEMA, Done, done, public, really, renewed, traced

SHARED, AE, SRE, SUE = "ACCESS SHARE", "ACCESS EXCLUSIVE", "SHARE ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE"


class Case(NamedTuple):
    """A statement, its locks, whom it rewrites, whose rows it reads, since which version it exists."""

    statement: str
    locks: set[str]
    rewritten: set[str] = frozenset()
    scanned: set[str] = frozenset()
    since: int = 14


T, AE_T = {"t"}, {f"t {AE}"}
CASES = (
    Case("CREATE INDEX i ON t (a)", {"t SHARE"}, scanned=T),
    Case("DROP INDEX t_b", AE_T),
    Case("REINDEX INDEX t_b", {"t SHARE", f"t.t_b {AE}"}, scanned=T),
    Case("ALTER TABLE t ADD x int", AE_T),
    Case("ALTER TABLE t ADD x int DEFAULT 5", AE_T),
    Case("ALTER TABLE t ADD x int NOT NULL DEFAULT 5", AE_T),
    Case("ALTER TABLE t ADD x timestamptz DEFAULT now()", AE_T),
    Case("ALTER TABLE t ADD x timestamptz DEFAULT clock_timestamp()", AE_T, T, T),
    Case("ALTER TABLE t ADD x float8 DEFAULT random()", AE_T, T, T),
    Case("ALTER TABLE t ADD x serial", AE_T, T, T),
    Case("ALTER TABLE t ADD x int GENERATED ALWAYS AS IDENTITY", AE_T, T, T),
    Case("ALTER TABLE t ADD x int GENERATED ALWAYS AS (a * 2) STORED", AE_T, T, T),
    Case("ALTER TABLE t ADD x int GENERATED ALWAYS AS (a * 2) VIRTUAL", AE_T, since=18),
    Case("ALTER TABLE t ALTER a SET NOT NULL", AE_T, scanned=T),
    Case("ALTER TABLE proven ALTER a SET NOT NULL", {f"proven {AE}"}),
    Case("ALTER TABLE t ALTER v TYPE varchar(40)", AE_T),
    Case("ALTER TABLE t ALTER v TYPE text", AE_T),
    Case("ALTER TABLE t ALTER n TYPE numeric(12, 2)", AE_T),
    Case("ALTER TABLE t ALTER n TYPE numeric", AE_T),
    Case("ALTER TABLE t ALTER v TYPE varchar(10)", AE_T, T, T),
    Case("ALTER TABLE t ALTER n TYPE numeric(12, 3)", AE_T, T, T),
    Case("ALTER TABLE t ALTER a TYPE bigint", AE_T, T, T),
    Case("ALTER TABLE t ALTER v SET DEFAULT 'x'", AE_T),
    Case("ALTER TABLE t ALTER a SET STATISTICS 500", {f"t {SUE}"}),
    Case("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)", AE_T, scanned=T),
    Case("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID", AE_T),
    Case("ALTER TABLE t VALIDATE CONSTRAINT checked", {f"t {SUE}"}, scanned=T),
    Case("ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES owners", {f"t {SRE}", f"owners {SRE}"},
         scanned=T),
    Case("ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES owners NOT VALID", {f"t {SRE}", f"owners {SRE}"}),
    Case("ALTER TABLE t VALIDATE CONSTRAINT pointed", {f"t {SUE}", "owners ROW SHARE"}, scanned=T),
    Case("CREATE TABLE u (t_id int REFERENCES t)", {f"t {SRE}"}),
    Case("CREATE TABLE u (x int)", set()),
    Case("ALTER TABLE t ADD UNIQUE (a)", AE_T, scanned=T),
    Case("ALTER TABLE proven ADD PRIMARY KEY (a)", {f"proven {AE}"}, scanned={"proven"}),
    Case("ALTER TABLE t ADD CONSTRAINT u UNIQUE USING INDEX t_w", AE_T),
    Case("ALTER TABLE t ADD EXCLUDE (a WITH =)", AE_T, scanned=T),
    Case("ALTER TABLE t DROP a CASCADE", AE_T),
    Case("ALTER TABLE t RENAME a TO c", AE_T),
    Case("ALTER TABLE t RENAME TO t2", AE_T),
    Case("DROP TABLE alone", {f"alone {AE}"}),
    Case("TRUNCATE alone", {f"alone {AE}"}, {"alone"}),
    Case("CLUSTER t USING t_b", AE_T, T, T),
    Case("ALTER TABLE alone SET UNLOGGED", {f"alone {AE}"}, {"alone"}, {"alone"}),
    Case("ALTER TABLE parts ATTACH PARTITION alone FOR VALUES FROM ('2026-02-01') TO ('2026-03-01')",
         {f"parts {SUE}", f"alone {AE}"}, scanned={"alone"}),
    Case("ALTER TABLE parts ATTACH PARTITION fitting FOR VALUES FROM ('2026-03-01') TO ('2026-04-01')",
         {f"parts {SUE}", f"fitting {AE}"}),
    Case("ALTER TABLE parts DETACH PARTITION parts_1", {f"parts {AE}", f"parts_1 {AE}"}),
    Case("CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM ('2026-02-01') TO ('2026-03-01')", {f"parts {AE}"}),
    Case("CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION noted()", {f"t {SRE}"}),
    Case("ALTER TABLE t DISABLE TRIGGER noting", {f"t {SRE}"}),
    Case("REFRESH MATERIALIZED VIEW kept", {f"kept {AE}"}, {"kept"}),
    Case("ALTER TABLE t ENABLE ROW LEVEL SECURITY", AE_T),
    Case("LOCK TABLE t IN EXCLUSIVE MODE", {"t EXCLUSIVE"}),
    Case("CREATE VIEW seen AS SELECT * FROM t", {"t ACCESS SHARE"}),
    Case("COMMENT ON TABLE t IS 'x'", {f"t {SUE}"}),
)  # fmt: skip


@pytest.fixture(scope="module", params=versions.TESTED, ids=lambda major: f"pg{major}")
def twin(request, binaries_of) -> Iterator[Twin]:
    binaries = binaries_of(request.param)
    with raised(blank(binaries.major), binaries=binaries) as made:
        yield made


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.statement)
def test_locks_rewrites_and_scans(twin, case):
    """Each statement is seen to lock, to rewrite and to read what the table of locks says, on every version."""
    if twin.major < case.since:
        return
    renewed(twin)
    (effect,) = traced(twin, case.statement)
    seen = done(effect)
    assert seen.locks == case.locks
    assert seen.rewritten == case.rewritten
    assert seen.scanned == case.scanned


ALONE = (
    ("CREATE INDEX CONCURRENTLY i ON t (a)", T, "i", "25001"),
    ("DROP INDEX CONCURRENTLY t_b", set(), "t_b", ""),
    ("REINDEX TABLE CONCURRENTLY t", T, "t_b", ""),
    ("ALTER TABLE parts DETACH PARTITION parts_1 CONCURRENTLY", set(), "parts_1", ""),
)


def test_what_runs_outside_a_transaction(twin):
    """Its lock is the documented one; in a transaction it fails, and what it makes is there for what follows."""
    for statement, scanned, _, _ in ALONE:
        renewed(twin)
        (effect,) = traced(twin, statement, transaction=False)
        tables = {"parts", "parts_1"} if "parts" in statement else T
        assert done(effect) == Done(frozenset(f"{each} {SUE}" for each in tables), frozenset(), frozenset(scanned))
    renewed(twin)
    built, dropped, used = twin.migrate(
        Script(("CREATE INDEX CONCURRENTLY i ON t (a)", "DROP INDEX CONCURRENTLY t_b", "DROP INDEX i"))
    ).effects
    assert (built.status, dropped.status, used.status) == ("failed", "failed", "applied")
    assert "cannot run inside a transaction block" in built.why
    assert twin.tables[public("t")].indexes == tuple(
        each for each in twin.tables[public("t")].indexes if each.name.name in {"t_pkey", "t_w"}
    )


def test_transaction_shapes(twin):
    """A script's own BEGIN and COMMIT count; a lock is told once, and named to the statements after it."""
    renewed(twin)
    begin, add, again, end, last = traced(
        twin, "BEGIN", "ALTER TABLE t ADD x int", "ALTER TABLE t ADD y int", "COMMIT", "ALTER TABLE t ADD z int",
        transaction=False,
    )  # fmt: skip
    assert begin.status == end.status == "applied"
    assert done(add).locks == done(last).locks == AE_T
    assert (again.locks, again.after_ddl) == ((), add.locks)
    assert last.after_ddl == ()
    first, other = traced(twin, "ALTER TABLE t ADD k int", "ALTER TABLE alone ADD k int", transaction=False)
    assert other.after_ddl == first.after_ddl == ()
    first, other = traced(twin, "ALTER TABLE t ADD l int", "ALTER TABLE alone ADD l int")
    assert other.after_ddl == first.locks
    undone = traced(twin, "BEGIN", "DROP TABLE alone", "ROLLBACK", "ALTER TABLE alone ADD m int", transaction=False)
    assert undone[1].dropped == (public("alone"),)
    assert undone[3].status == "applied"
    inner = traced(twin, "SAVEPOINT s", "DROP TABLE alone", "ROLLBACK TO s", "ALTER TABLE alone ADD n int")
    assert inner[3].status == "applied"


def test_a_statement_that_fails_takes_no_other_along(twin):
    """It says why, and the rest of the transaction is applied; what is there already is present."""
    renewed(twin)
    effects = twin.migrate(Script((
        "CREATE TABLE fresh (id int)", "ALTER TABLE missing ADD x int", "no sql at all", "CREATE TABLE t (id int)",
        "CREATE TABLE IF NOT EXISTS t (id int)", "ALTER TABLE t ADD a int", "ALTER TABLE fresh ADD y int",
    ))).effects  # fmt: skip
    assert [each.status for each in effects] == [
        "applied", "failed", "failed", "present", "present", "present", "applied"
    ]  # fmt: skip
    assert effects[1].why == 'relation "missing" does not exist'
    assert {each.name for each in twin.tables[public("fresh")].columns} == {"id", "y"}


def test_what_falls_with_what_is_dropped(twin):
    """CASCADE's victims by what the server says, indexes of a dropped column by what is gone."""
    renewed(twin)
    column, view, table = traced(twin, "ALTER TABLE t DROP b", "DROP TABLE t CASCADE", "DROP TABLE owners")
    assert (column.dropped, column.cascaded) == ((public("t_b"),), ("index public.t_b",))
    assert set(view.dropped) == {public("t"), public("shown"), public("kept")}
    assert set(view.cascaded) == {"view shown", "materialized view kept"}
    assert table.dropped == (public("owners"),)


def test_new_tables_are_in_created_alone(twin):
    """What a script does to a table that it made itself is no lock, no scan and no index to report."""
    renewed(twin)
    effects = traced(
        twin, "CREATE TABLE fresh (id int, t int)", "CREATE INDEX ON fresh (t)",
        "ALTER TABLE fresh ALTER id SET NOT NULL", "ALTER TABLE fresh ADD FOREIGN KEY (t) REFERENCES t",
    )  # fmt: skip
    assert effects[0].created == (public("fresh"),)
    assert all(not (each.locks or each.scanned or each.built) for each in effects[:3])
    assert done(effects[3]) == Done(frozenset({f"t {SRE}"}), frozenset(), frozenset())


def test_blocks_that_are_ddl_alone_are_run(twin):
    """Guards over the catalogs and handlers of errors are run; a block that touches rows or builds its SQL is not."""
    renewed(twin)
    ran = (
        "DO $$ BEGIN CREATE TYPE mood AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_type WHERE typname = '') THEN ALTER TABLE t ADD x int; END IF;END$$",
        "DO $$ BEGIN EXECUTE 'ALTER TABLE t ALTER a TYPE bigint'; RAISE NOTICE 'done'; END $$",
    )
    effects = traced(twin, *ran)
    assert [each.status for each in effects] == ["applied"] * 3
    assert done(effects[1]).locks == AE_T
    assert done(effects[2]).rewritten == T
    left = {
        "DO $$ BEGIN DELETE FROM t; END $$": "no DDL: DELETE FROM t",
        "DO $$ BEGIN PERFORM set_config('role', 'postgres', false); END $$": "perform",
        "DO $$ BEGIN EXECUTE format('DROP TABLE %I', 't'); END $$": "puts together",
        "DO $$ BEGIN IF EXISTS (SELECT FROM t) THEN DROP TABLE t; END IF; END $$": "rows of t",
        "DO $$ BEGIN LOOP CREATE TABLE IF NOT EXISTS q (); END LOOP; END $$": "loop",
        "DO $$ BEGIN COMMIT; END $$": "commit",
        "DO $$ BEGIN COPY t TO PROGRAM 'x'; END $$": "COPY t",
        "DO LANGUAGE sql 'DROP TABLE t'": "sql",
        "DO $$ BEGIN nonsense $$": "does not parse",
    }
    for statement, why in left.items():
        (effect,) = traced(twin, statement)
        assert effect.status == "unverified"
        assert why in effect.why
    assert public("t") in twin.tables


@pytest.fixture(scope="module", params=versions.TESTED, ids=lambda major: f"pg{major}")
def filled(request, clusters, binaries_of) -> Iterator[psycopg.Connection]:
    server = clusters.shared(binaries_of(request.param))
    name = "traced"
    execute(server.conninfo(), f"create database {name}")
    with psycopg.connect(server.conninfo(name), autocommit=True) as connection:
        for statement in (*SCHEMA, *ROWS):
            connection.execute(statement.encode())
        yield connection
    execute(server.conninfo(), f"drop database {name} with (force)")


def _weaker(lock: str, locks: set[str]) -> bool:
    """Whether a lock is one of these or says no more than they do."""
    place, mode = lock.split(" ", 1)
    table = place.split(".")[0]
    return any(each.split(" ", 1)[0] in {place, table} and CONFLICTS[each.split(" ", 1)[1]] >= CONFLICTS[mode]
               for each in locks)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.statement)
def test_a_real_server_with_rows_does_the_same(filled, case):
    """What the table of locks says is what a server does to tables with rows: locks, new files, rows that are read.

    It says the strongest lock on each table; weaker ones on it and its indexes are held too.
    """
    major = filled.info.server_version // 10000
    if major < case.since:
        return
    truth = really(filled, case.statement)
    reads = {f"t {SHARED}"} if case.statement.startswith("REFRESH") else set()  # its query does not run on a twin
    assert case.locks <= truth.locks
    assert [each for each in truth.locks if not _weaker(each, case.locks | reads)] == []
    assert truth.rewritten == case.rewritten
    if not case.statement.startswith(("REFRESH", "TRUNCATE")):  # which only look through the new, empty file
        pointed = {"owners"}  # to which a foreign key points: they are read too if there are rows
        assert case.scanned <= truth.scanned <= case.scanned | pointed
