"""What tests of traced migrations share: a schema to change, and what a real server does to it."""

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from pgtune.model.design import Name
from pgtune.model.trace import Effect, Script
from pgtune.twin import Twin
from pgtune.twin.tracing_effects import mode_named

SCHEMA = (
    "CREATE TABLE owners (id int PRIMARY KEY, name text)",
    """CREATE TABLE t (id int NOT NULL, a int, b int, v varchar(20), n numeric(10, 2), at timestamp, w text NOT NULL,
                    CONSTRAINT t_pkey PRIMARY KEY (id))""",
    "CREATE INDEX t_b ON t (b)",
    "CREATE UNIQUE INDEX t_w ON t (w)",
    "ALTER TABLE t ADD CONSTRAINT checked CHECK (a IS NOT NULL) NOT VALID",
    "ALTER TABLE t ADD CONSTRAINT pointed FOREIGN KEY (b) REFERENCES owners NOT VALID",
    "CREATE TABLE proven (a int, CHECK (a IS NOT NULL))",
    "CREATE TABLE parts (id int, at date NOT NULL) PARTITION BY RANGE (at)",
    "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
    "CREATE TABLE alone (id int, at date NOT NULL)",
    "CREATE TABLE fitting (id int, at date NOT NULL, CHECK (at >= '2026-03-01' AND at < '2026-04-01'))",
    "CREATE MATERIALIZED VIEW kept AS SELECT id, w FROM t",
    "CREATE UNIQUE INDEX kept_id ON kept (id)",
    "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end'",
    "CREATE TRIGGER noting AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION noted()",
    "CREATE VIEW shown AS SELECT id, w FROM t",
    "CREATE DOMAIN short AS varchar(30)",
)
ROWS = (
    "INSERT INTO owners SELECT n, 'o' FROM generate_series(1, 50) n",
    "INSERT INTO t SELECT n, n, n % 50 + 1, 'v', n, now(), 'w' || n FROM generate_series(1, 1000) n",
    "INSERT INTO proven SELECT n FROM generate_series(1, 1000) n",
    "INSERT INTO parts SELECT n, '2026-01-05' FROM generate_series(1, 1000) n",
    "INSERT INTO alone SELECT n, '2026-02-05' FROM generate_series(1, 1000) n",
    "INSERT INTO fitting SELECT n, '2026-03-05' FROM generate_series(1, 1000) n",
    "REFRESH MATERIALIZED VIEW kept",
)
CLEARED = "DROP SCHEMA public CASCADE"


@dataclass(frozen=True)
class Done:
    """What a statement did: its locks as `table MODE` or `table.index MODE`, tables rewritten, tables scanned."""

    locks: frozenset[str]
    rewritten: frozenset[str]
    scanned: frozenset[str]


def done(effect: Effect) -> Done:
    """What a trace says."""
    locks = (f"{each.table.name}{'.' + each.index.name if each.index else ''} {each.mode}" for each in effect.locks)
    return Done(
        frozenset(locks), *(frozenset(each.name for each in some) for some in (effect.rewritten, effect.scanned))
    )


def traced(twin: Twin, *statements: str, transaction: bool = True) -> Sequence[Effect]:
    """The effects of a script, every statement of which must have gone through."""
    effects = twin.migrate(Script(statements, transaction)).effects
    assert [each for each in effects if each.status == "failed"] == []
    return effects


def renewed(twin: Twin) -> None:
    """The schema as it was, without a row."""
    twin.migrate(Script((CLEARED, "CREATE SCHEMA public"), False))
    traced(twin, *SCHEMA, transaction=False)


LOCKS = "SELECT relation::bigint, mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation IS NOT NULL"
RELATIONS = (
    "SELECT oid::bigint, relname, relkind, relfilenode FROM pg_class WHERE relnamespace = 'public'::regnamespace"
)
CALLED = """
SELECT c.oid::bigint, CASE WHEN i.indrelid IS NULL THEN c.relname ELSE t.relname || '.' || c.relname END
  FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_class t ON t.oid = i.indrelid
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind NOT IN ('S', 't')
"""
SCANS = "SELECT relid::bigint, coalesce(seq_scan, 0) + coalesce(idx_scan, 0) FROM pg_stat_xact_user_tables"


def really(connection: psycopg.Connection, statement: str) -> Done:
    """What a real server does to tables with rows, undone; a locked relation is called as it was before."""
    before = {oid: (name, kind, file) for oid, name, kind, file in connection.execute(RELATIONS)}
    with connection.transaction(force_rollback=True):
        counted = dict(connection.execute(SCANS).fetchall())
        named = dict(connection.execute(CALLED).fetchall())
        connection.execute(statement.encode())
        locks = {f"{named[oid]} {mode_named(mode)}" for oid, mode in connection.execute(LOCKS) if oid in named}
        scans = {oid for oid, count in connection.execute(SCANS) if oid in before and count > counted.get(oid, 0)}
        after = {oid: file for oid, _, _, file in connection.execute(RELATIONS)}
    heaps = {oid: (name, file) for oid, (name, kind, file) in before.items() if kind in "rm"}
    rewritten = {name for oid, (name, file) in heaps.items() if after.get(oid, file) != file}
    return Done(frozenset(locks), frozenset(rewritten), frozenset(before[oid][0] for oid in scans))


def public(name: str) -> Name:
    """A table of the schema."""
    return Name("public", name)
