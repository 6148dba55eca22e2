"""What is done with a statement of a migration follows from its syntax tree alone."""

import pytest

from pgtune.model.errors import NotSql
from pgtune.twin.tracing_kinds import treatment

WAYS = {
    "run": (
        "CREATE TABLE t (id int)", "ALTER TABLE t ADD x int", "CREATE INDEX i ON t (a)", "DROP TABLE t CASCADE",
        "SET search_path = app", "SET LOCAL TimeZone = 'UTC'", "RESET search_path", "SET app.tenant = '5'",
        "SELECT pg_catalog.set_config('search_path', '', false)", "TRUNCATE t", "LOCK t", "CREATE VIEW v AS SELECT 1",
        "REINDEX TABLE t", "CLUSTER t USING i", "REFRESH MATERIALIZED VIEW m", "COMMENT ON TABLE t IS 'x'",
        "DO $$ BEGIN CREATE TABLE x (); END $$", "CREATE POLICY p ON t USING (true)", "ALTER TYPE e ADD VALUE 'x'",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "SET CONSTRAINTS ALL DEFERRED",
    ),
    "alone": (
        "CREATE INDEX CONCURRENTLY i ON t (a)", "DROP INDEX CONCURRENTLY i", "REINDEX INDEX CONCURRENTLY i",
        "ALTER TABLE t DETACH PARTITION p CONCURRENTLY",
    ),
    "control": ("BEGIN", "START TRANSACTION", "COMMIT", "END", "ROLLBACK", "SAVEPOINT s", "RELEASE s", "ROLLBACK TO s"),
    "told": (
        "VACUUM FULL t", "VACUUM t", "ANALYZE t", "REFRESH MATERIALIZED VIEW CONCURRENTLY m",
        "ALTER TABLE t SET TABLESPACE x",
    ),
    "plan": (
        "UPDATE t SET a = 1", "DELETE FROM t", "INSERT INTO t SELECT 1", "SELECT * FROM t", "SELECT a INTO u FROM t",
        "MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN DELETE", "COPY (SELECT 1) TO STDOUT",
        "COPY t FROM STDIN", "CREATE TABLE u AS SELECT * FROM t", "CREATE MATERIALIZED VIEW m AS SELECT * FROM t",
    ),
    "superuser": ("CREATE SCHEMA s", "CREATE ROLE r", "CREATE EXTENSION hstore", "DROP EXTENSION hstore"),
    "ignored": (
        "GRANT SELECT ON t TO r", "REVOKE ALL ON t FROM r", "ALTER ROLE r SET x = y", "SET lock_timeout = '1s'",
        "SET statement_timeout TO 0", "SELECT setval('s', 5)", "LISTEN x", "RESET ALL", "ALTER SCHEMA s OWNER TO r",
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    ),
    "refused": (
        "SET ROLE r", "SET SESSION AUTHORIZATION r", "ALTER SYSTEM SET x = 1", "COPY t TO PROGRAM 'x'",
        "COPY t FROM '/etc/passwd'", "LOAD 'x'", "CREATE DATABASE x", "CALL p()", "SELECT f()", "EXECUTE e",
        "DO $$ BEGIN UPDATE t SET a = 1; END $$", "PREPARE TRANSACTION 'x'", "REINDEX DATABASE x", "CLUSTER",
        "CREATE TABLE u AS EXECUTE e", "SET session_preload_libraries = 'x'", "CREATE SERVER s FOREIGN DATA WRAPPER w",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("way", "statement"), [(way, each) for way, some in WAYS.items() for each in some])
def test_ways(way, statement):
    """Schema changes are run, rows are planned for, superusers' work is composed, what reaches out is refused."""
    assert treatment(statement).way == way
    if way == "refused":
        assert treatment(statement).why


@pytest.mark.parametrize("text", ["", "SELECT 1; DROP TABLE t", "ALTER TABLE", "\0", "-- nothing"])
def test_what_is_not_one_statement_is_not_treated(text):
    """Two statements in one, none, half a one: the reason is said."""
    with pytest.raises(NotSql):
        treatment(text)


def test_what_a_twin_has_not_is_taken_out():
    """Tablespaces and owners; the rest of the text stays as it was written."""
    assert "x_space" not in treatment("CREATE TABLE t (id int PRIMARY KEY USING INDEX TABLESPACE x_space)").text
    assert treatment("ALTER TABLE t OWNER TO somebody").text == "ALTER TABLE t OWNER TO CURRENT_USER"
    assert treatment("create  index on t (a)").text == "create  index on t (a)"


def test_what_makes_a_table_of_rows_makes_it_without_any():
    """The query is planned, the table made empty, SELECT INTO too."""
    for text in ("CREATE TABLE u AS SELECT a FROM t", "SELECT a INTO u FROM t"):
        how = treatment(text)
        assert how.query == "SELECT a FROM t"
        assert how.text == "CREATE TABLE u AS SELECT a FROM t WITH NO DATA"


def test_what_runs_alone_has_a_plain_form():
    """What a transaction refuses is made without CONCURRENTLY there, for what follows; and the lock is known."""
    how = treatment("CREATE INDEX CONCURRENTLY i ON t (a)")
    assert (how.mode, how.scans) == ("SHARE UPDATE EXCLUSIVE", True)
    assert how.plain == "CREATE INDEX i ON t (a)"
    assert treatment("VACUUM (FULL, ANALYZE) t").mode == "ACCESS EXCLUSIVE"
    assert treatment("VACUUM (FULL off) t").rewrites is False
