"""A migration is a stranger's text: whatever stands in it runs on the twin alone, as nobody, and not for long."""

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pgtune.model.design import Name, Query
from pgtune.model.trace import Effect, Script
from pgtune.snapshot.blank import blank
from pgtune.twin import Twin, raised, tracing_watch
from pgtune.twin.house import DATABASE, OWNER, PLANNER

MARK = "/tmp/pgtune-escaped-migration"
PROGRAM = f"COPY (SELECT 1) TO PROGRAM 'touch {MARK}'"


@pytest.fixture
def twin() -> Iterator[Twin]:
    Path(MARK).unlink(missing_ok=True)
    with raised(blank(18), plan_seconds=2) as made:
        made.migrate(Script(("CREATE TABLE t (id int PRIMARY KEY, a text)",)))
        yield made
        _unharmed(made)
    assert not Path(MARK).exists()


def _unharmed(twin: Twin) -> None:
    """It still plans, the roles are weak, the database is the superuser's, nothing strange stands in it."""
    assert twin.plan(Query("SELECT * FROM t WHERE id = 5")).indexes == {"t_pkey"}
    with twin.planner.house.superuser() as superuser:
        strong = "select rolname from pg_roles where (rolsuper or rolcreaterole or rolcreatedb or rolreplication)"
        assert superuser.execute(strong).fetchall() == [("postgres",)]
        owner = "select datdba::regrole::text from pg_database where datname = %s"
        assert superuser.execute(owner, (DATABASE,)).fetchone() == ("postgres",)
        settings = "select s.setconfig from pg_db_role_setting s, unnest(setconfig) c where c like '%evil%'"
        assert superuser.execute(settings).fetchall() == []
        members = "select count(*) from pg_auth_members where member = %s::regrole"
        assert superuser.execute(members, (OWNER,)).fetchone() == (0,)


def _one(twin: Twin, statement: str, *, transaction: bool = True) -> Effect:
    (effect,) = twin.migrate(Script((statement,), transaction)).effects
    return effect


REFUSED = (
    PROGRAM, "COPY t FROM PROGRAM 'cat /etc/passwd'", "COPY t FROM '/etc/passwd'", f"COPY t TO '{MARK}'",
    "SET ROLE postgres", "SET LOCAL ROLE postgres", "SET SESSION AUTHORIZATION postgres", "SET SESSION ROLE postgres",
    "ALTER SYSTEM SET archive_command = 'evil'", "ALTER DATABASE twin SET search_path = evil",
    "LOAD 'evil'", "CREATE EXTENSION plpython3u", "CREATE EXTENSION dblink", "CREATE EXTENSION adminpack",
    "CREATE EXTENSION file_fdw", "CREATE EXTENSION postgres_fdw", "CREATE LANGUAGE plperlu",
    "CREATE FOREIGN DATA WRAPPER w", "CREATE SERVER s FOREIGN DATA WRAPPER w", "CALL anything()",
    "CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p", "CREATE DATABASE other", "DROP DATABASE postgres",
    f"CREATE TABLESPACE x LOCATION '{MARK}'", "PREPARE TRANSACTION 'x'", "EXECUTE prepared",
    "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION f()", "SET session_preload_libraries = 'evil'",
    "SET local_preload_libraries = 'evil'", "SET dynamic_library_path = '/tmp'", "SET allow_system_table_mods = on",
    "DO LANGUAGE plpython3u 'import os'", "DROP OWNED BY pgtune_owner", "IMPORT FOREIGN SCHEMA s FROM SERVER x INTO y",
    "CREATE ACCESS METHOD m TYPE INDEX HANDLER bthandler",
    "SET pg_stat_statements.track = 'all'; SELECT 1",
)  # fmt: skip
HARMLESS = (
    "ALTER ROLE pgtune_owner SUPERUSER", "ALTER ROLE pgtune_planner SET search_path = evil",
    "GRANT pg_execute_server_program TO pgtune_owner", "GRANT postgres TO pgtune_owner",
    "ALTER ROLE ALL SET role = evil",
    "REVOKE ALL ON SCHEMA public FROM pgtune_planner", "REASSIGN OWNED BY postgres TO pgtune_owner",
    "LISTEN x", "NOTIFY x", "UNLISTEN *", "DISCARD ALL", "RESET ALL", "DEALLOCATE ALL", "CHECKPOINT",
    "SET session_replication_role = replica", "SET statement_timeout = 0", "SET client_encoding = 'latin1'",
    "CREATE ROLE strong SUPERUSER CREATEROLE CREATEDB REPLICATION LOGIN PASSWORD 'x'", "CREATE USER other SUPERUSER",
    "ALTER FUNCTION pg_catalog.now() OWNER TO pgtune_owner",
    "ALTER TABLE t OWNER TO postgres", "SECURITY LABEL ON TABLE t IS 'x'",
)  # fmt: skip
DENIED = (
    "CREATE FUNCTION c() RETURNS int LANGUAGE c AS 'libc.so.6', 'getpid'",
    "CREATE FUNCTION i() RETURNS int LANGUAGE internal AS 'pg_read_file'",
    "CREATE INDEX ON t ((pg_read_file('/etc/passwd')))", "ALTER TABLE t ADD x text DEFAULT pg_read_file('/etc/passwd')",
    "ALTER TABLE t ADD x oid DEFAULT lo_import('/etc/passwd')", "CREATE TABLE pg_catalog.evil (id int)",
    "ALTER TABLE pg_catalog.pg_class ADD evil int", "DROP FUNCTION pg_catalog.now()",
    "DROP TABLE pg_catalog.pg_statistic",
    "CREATE FUNCTION pg_catalog.evil() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE SCHEMA pg_evil",
    "CREATE TYPE x", "TRUNCATE pg_catalog.pg_authid",
    "CREATE OPERATOR pg_catalog.=== (PROCEDURE = int4eq, LEFTARG = int, RIGHTARG = int)",
    "CREATE CAST (int AS text) WITHOUT FUNCTION", "ALTER EXTENSION plpgsql SET SCHEMA public",
    "CREATE ROLE pgtune_owner SUPERUSER", "CREATE ROLE postgres",
)  # fmt: skip


def test_statements_that_reach_out_are_not_run(twin):
    """Programs, files, roles, servers, languages: refused by their tree, with a reason; the rest goes on."""
    for statement in REFUSED:
        for transaction in (True, False):
            effect = _one(twin, statement, transaction=transaction)
            assert effect.status in {"unverified", "failed"}, statement
            assert effect.why, statement


def test_roles_and_sessions_are_left_alone(twin):
    """Privileges and settings that a migration would hand out are of no concern here: none of it is run."""
    for statement in HARMLESS:
        assert _one(twin, statement, transaction=False).status in {"applied", "failed", "unverified"}, statement


def test_the_server_itself_denies_the_rest(twin):
    """Native code, files by function, the catalogs: the weak owner may not."""
    for statement in DENIED:
        effect = _one(twin, statement, transaction=False)
        assert effect.status in {"failed", "present", "unverified"} or statement == "CREATE TYPE x", statement
    with twin.planner.house.superuser() as superuser:
        evil = "select count(*) from pg_proc where proname = 'evil' or prolang = 13 and oid >= 16384"
        assert superuser.execute(evil).fetchone() == (0,)


EVIL = f"EXECUTE $x${PROGRAM}$x$; EXECUTE 'ALTER ROLE {OWNER} SUPERUSER'"


def _trap(signature: str, returns: str, value: str) -> str:
    body = f"BEGIN {EVIL}; RETURN {value}; END"
    return f"CREATE FUNCTION {signature} RETURNS {returns} LANGUAGE plpgsql AS $${body}$$"


FALSE_CATALOG = (
    "CREATE SCHEMA evil",
    _trap("evil.pg_relation_filepath(regclass)", "text", "'x'"),
    _trap("evil.pg_backend_pid()", "int", "1"),
    _trap("evil.to_regclass(text)", "regclass", "NULL"),
    _trap("evil.never(oid, oid)", "bool", "false"),
    "CREATE OPERATOR evil.= (FUNCTION = evil.never, LEFTARG = oid, RIGHTARG = oid)",
    "CREATE OPERATOR evil.>= (FUNCTION = evil.never, LEFTARG = oid, RIGHTARG = oid)",
    "CREATE VIEW evil.pg_locks AS SELECT 1 AS relation, 'x' AS mode",
    "CREATE TABLE evil.pg_class (oid oid)",
    "SET search_path = evil, public, pg_catalog",
)


def test_false_catalogs_on_the_search_path_hide_nothing(twin):
    """What looks like a function, an operator or a view of the catalogs is not asked, by nobody."""
    *_, change, update = twin.migrate(
        Script((*FALSE_CATALOG, "ALTER TABLE public.t ALTER id TYPE bigint", "UPDATE public.t SET a = 'x'"))
    ).effects
    assert change.rewritten == (Name("public", "t"),)
    assert [each.mode for each in change.locks] == ["ACCESS EXCLUSIVE"]
    assert update.status == "planned"
    _unharmed(twin)


def test_extensions_made_after_false_functions_do_not_call_them(twin):
    """An extension's script runs as superuser: no schema of the migration is on its path."""
    made = twin.migrate(Script((
        _trap("public.never(text, text)", "bool", "false"),
        "CREATE OPERATOR public.= (FUNCTION = public.never, LEFTARG = text, RIGHTARG = text)",
        "CREATE OPERATOR public.|| (FUNCTION = public.never, LEFTARG = text, RIGHTARG = text)",
        _trap("public.format(text, name)", "text", "'x'"),
        "CREATE EXTENSION citext", "CREATE EXTENSION hstore", "CREATE EXTENSION cube", "CREATE EXTENSION earthdistance",
    ))).effects  # fmt: skip
    assert [each.status for each in made[4:]] == ["applied", "applied", "applied", "unverified"]
    assert "lead it astray" in made[7].why


LOOPS = "CREATE FUNCTION {name}() RETURNS int {how} LANGUAGE plpgsql AS $$BEGIN {body} END$$"
ENDLESS = "PERFORM set_config('statement_timeout', '0', false); LOOP NULL; END LOOP; RETURN 1;"


@pytest.mark.parametrize("statement", [
    "CREATE INDEX ON t ((id + endless())) WHERE endless() = 1",
    "CREATE TABLE u (x int DEFAULT endless()) PARTITION BY RANGE ((endless()))",
    "UPDATE t SET a = 'x' WHERE id = endless()",
    "CREATE MATERIALIZED VIEW m AS SELECT * FROM t WHERE id = endless()",
    "CREATE TABLE p PARTITION OF parted FOR VALUES FROM (endless()) TO (100)",
])  # fmt: skip
def test_the_clock_outside_ends_what_does_not_end(twin, statement, monkeypatch):
    """Code that the planner or a partition's bound runs is ended; what stood in the transaction before is undone."""
    monkeypatch.setattr(tracing_watch, "SECONDS", 2.0)
    began = time.monotonic()
    effects = twin.migrate(Script((
        LOOPS.format(name="endless", how="IMMUTABLE", body=ENDLESS),
        "CREATE TABLE parted (id int) PARTITION BY RANGE (id)",
        "COMMIT", "BEGIN", "CREATE TABLE undone (id int)", statement, "CREATE TABLE after (id int)",
    ))).effects  # fmt: skip
    assert time.monotonic() - began < 15
    assert effects[5].status == "failed"
    assert "clock" in effects[5].why
    assert effects[6].status == "applied"
    assert twin.tables.keys() == {Name("public", each) for each in ("t", "parted", "after")}


def test_after_a_few_endless_statements_nothing_more_is_run(twin, monkeypatch):
    """Each takes its time from the clock once; so a migration of a thousand takes no thousand times that."""
    monkeypatch.setattr(tracing_watch, "SECONDS", 2.0)
    endless = ["UPDATE t SET a = 'x' WHERE id = endless()"] * 20
    effects = twin.migrate(
        Script((LOOPS.format(name="endless", how="IMMUTABLE", body=ENDLESS), "COMMIT", *endless))
    ).effects
    ended = [each for each in effects if "clock" in each.why]
    assert 1 <= len(ended) <= 4
    assert effects[-1].status == "unverified"


def test_memory_and_disk_are_limited(twin):
    """Gigabytes in a constant are refused by the system; a block cannot fill the disk, for it is not run."""
    bomb = _one(twin, "UPDATE t SET a = repeat('x', 900000000) || repeat('y', 900000000)")
    assert bomb.status == "failed"
    assert (
        _one(twin, "CREATE TABLE u AS SELECT repeat('x', 1000) FROM generate_series(1, 100000000)").status == "planned"
    )
    assert twin.plan(Query("SELECT * FROM u")).root.relation == Name("public", "u")
    block = "DO $$ BEGIN INSERT INTO t SELECT n, repeat('x', 1000) FROM generate_series(1, 100000000) n; END $$"
    assert _one(twin, block).status == "unverified"
    assert _one(twin, f"DO $$ BEGIN {'CREATE TABLE IF NOT EXISTS x (); ' * 10000} END $$").status == "unverified"
    deep = _one(twin, "SELECT " + "(" * 20000 + "1" + ")" * 20000)
    assert deep.status == "failed"


def test_functions_that_ddl_runs_reach_nothing(twin):
    """A check, a default and an index expression run as the weak owner: what they try fails the statement."""
    for number, body in enumerate((PROGRAM, f"ALTER ROLE {OWNER} SUPERUSER", "SET ROLE postgres", "CREATE SCHEMA evil2",
                                   f"SET SESSION AUTHORIZATION {PLANNER}", "CREATE EXTENSION hstore")):  # fmt: skip
        words = LOOPS.format(name=f"f{number}", how="IMMUTABLE", body=f"EXECUTE $x${body}$x$; RETURN 1;")
        assert _one(twin, words).status == "applied"
        assert _one(twin, f"UPDATE t SET a = 'x' WHERE id = f{number}()").status == "failed", body


def test_a_backend_that_has_to_be_killed_takes_no_migration_along(twin, monkeypatch):
    """The server falls with it, is raised anew, and has the schema of all migrations but for that statement."""
    monkeypatch.setattr(tracing_watch, "SECONDS", 2.0)
    twin.migrate(Script(("ALTER TABLE t ADD first int",)))
    watch = twin.parts.migrations._tracer.watch
    ended = type(watch._session()).end

    def killed(wire):
        wire.killing()
        ended(wire)

    monkeypatch.setattr(type(watch._session()), "end", killed)
    effects = twin.migrate(Script((
        LOOPS.format(name="endless", how="IMMUTABLE", body=ENDLESS), "ALTER TABLE t ADD second int",
        "UPDATE t SET a = 'x' WHERE id = endless()", "ALTER TABLE t ADD third int",
    ))).effects  # fmt: skip
    assert [each.status for each in effects] == ["applied", "applied", "failed", "applied"]
    assert "server fell" in effects[2].why
    columns = {each.name for each in twin.tables[Name("public", "t")].columns}
    assert columns == {"id", "a", "first", "second", "third"}


def test_a_trigger_does_not_blind_the_planner(twin):
    """TRUNCATE runs triggers: they may not take the migration's own schema away from whoever plans on it."""
    revoked = (f"EXECUTE 'REVOKE ALL ON {each} FROM {PLANNER}';" for each in ("t", "SCHEMA public"))
    body = f"{' '.join(revoked)} RETURN NULL;"
    effects = twin.migrate(Script((
        f"CREATE FUNCTION blinding() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {body} END$$",
        "CREATE TABLE other (id int)",
        "CREATE TRIGGER blinding BEFORE TRUNCATE ON other FOR EACH STATEMENT EXECUTE FUNCTION blinding()",
        "TRUNCATE other",
    ))).effects  # fmt: skip
    assert [each.status for each in effects] == ["applied"] * 4
    assert twin.plan(Query("SELECT * FROM t WHERE id = 1")).indexes == {"t_pkey"}


def test_a_trigger_that_writes_for_ever_is_ended(twin, monkeypatch):
    """What it wrote is undone, and the table is as small for the planner as before."""
    monkeypatch.setattr(tracing_watch, "SECONDS", 2.0)
    body = "LOOP INSERT INTO other SELECT FROM generate_series(1, 1000); END LOOP;"
    effects = twin.migrate(Script((
        f"CREATE FUNCTION filling() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {body} END$$",
        "CREATE TABLE other ()",
        "CREATE TRIGGER filling BEFORE TRUNCATE ON other FOR EACH STATEMENT EXECUTE FUNCTION filling()",
        "COMMIT", "BEGIN", "TRUNCATE other", "COMMIT", "DROP TABLE other",
    ))).effects  # fmt: skip
    assert [each.status for each in effects] == ["applied"] * 5 + ["failed", "applied", "applied"]
    assert "was ended" in effects[5].why


def test_nothing_of_a_migration_is_written_by_the_superuser(twin):
    """Objects with the names of our own roles and schemas, quotes and blanks in names: as plain as any other."""
    odd = 'we"ird; DROP TABLE t; --'
    quoted = '"' + odd.replace('"', '""') + '"'
    effects = twin.migrate(Script((
        f"CREATE SCHEMA {quoted}", f"CREATE TABLE {quoted}.{quoted} ({quoted} int PRIMARY KEY)",
        f"CREATE ROLE {quoted}",
        f"CREATE POLICY {quoted} ON t TO {quoted}, other USING (true)", f"UPDATE {quoted}.{quoted} SET {quoted} = 1",
    ))).effects  # fmt: skip
    assert {each.status for each in effects} == {"applied", "planned"}
    assert Name(odd, odd) in twin.tables
    with psycopg.connect(twin.planner.house.cluster.conninfo(DATABASE)) as superuser:
        assert superuser.execute("select count(*) from t").fetchone() == (0,)
