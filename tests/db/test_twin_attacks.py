"""Whoever writes the snapshot or the query may run nothing but on the twin, as nobody, and not for long."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from pgtune.model.design import Name, Query
from pgtune.model.errors import NotPlannable
from pgtune.server.capture import capture
from pgtune.snapshot.snapshot import Column, ColumnStats, Object, Snapshot, Table
from pgtune.twin import Twin, raised
from pgtune.twin.house import DATABASE, OWNER, PLANNER

MARK = "/tmp/pgtune-escaped"
BODY = """CREATE FUNCTION public.{name}({arguments}) RETURNS {returns} LANGUAGE plpgsql {volatility} AS $$
BEGIN {body} END $$"""


def _function(name: str, body: str, arguments: str = "", returns: str = "int", volatility: str = "STABLE") -> Object:
    text = BODY.format(name=name, body=body, arguments=arguments, returns=returns, volatility=volatility)
    return Object(f"f:{name}", "function", f"public.{name}", text)


ATTEMPTS = {
    "program": f"EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch {MARK}'''; RETURN 1;",
    "file": "RETURN length(pg_read_file('/etc/passwd'));",
    "large": f"RETURN lo_export(lo_from_bytea(0, 'x'), '{MARK}');",
    "reset": f"EXECUTE 'RESET ROLE'; EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch {MARK}'''; RETURN 1;",
    "become": "EXECUTE 'SET ROLE postgres'; RETURN 1;",
    "authorize": "EXECUTE 'SET SESSION AUTHORIZATION postgres'; RETURN 1;",
    "grant": f"EXECUTE 'ALTER ROLE {PLANNER} SUPERUSER'; RETURN 1;",
    "native": "EXECUTE 'CREATE FUNCTION public.c() RETURNS int LANGUAGE c AS ''libc.so.6'', ''getpid'''; RETURN 1;",
    "server": "EXECUTE 'ALTER SYSTEM SET archive_command = ''x'''; RETURN 1;",
    "schema": "EXECUTE 'CREATE SCHEMA evil'; RETURN 1;",
    "sleep": "PERFORM pg_sleep(1); RETURN 1;",
    "write": "INSERT INTO public.t VALUES (2); RETURN 1;",
}


@pytest.fixture
def snapshot(own_server) -> Iterator[Snapshot]:
    """An honest snapshot of a small database, for the tests to poison."""
    Path(MARK).unlink(missing_ok=True)
    server = own_server()
    with psycopg.connect(server.conninfo(), autocommit=True) as real:
        real.execute("create table t (a int primary key)")
        real.execute("insert into t select generate_series(1, 5000)")
        real.execute("analyze")
    yield capture(server.conninfo())
    assert not Path(MARK).exists()


def _with(snapshot: Snapshot, *objects: Object) -> Snapshot:
    return replace(snapshot, objects=(*snapshot.objects, *objects))


def _unharmed(twin: Twin) -> None:
    """The twin still plans, its roles are weak, its database is the superuser's."""
    assert twin.plan(Query("select * from t where a = 5")).indexes == {"t_pkey"}
    with twin.planner.house.superuser() as superuser:
        roles = (
            "select count(*) from pg_roles where rolname <> 'postgres' and (rolsuper or rolcreaterole or rolcreatedb)"
        )
        assert superuser.execute(roles).fetchone() == (0,)
        owner = "select datdba::regrole::text from pg_database where datname = %s"
        assert superuser.execute(owner, (DATABASE,)).fetchone() == ("postgres",)
        assert superuser.execute("select count(*) from pg_namespace where nspname = 'evil'").fetchone() == (0,)


def test_functions_that_run_while_planning_reach_nothing(snapshot):
    """Programs, files, roles, native code, other schemas, waiting, rows: each is refused, and the twin is as before."""
    functions = [_function(name, body) for name, body in ATTEMPTS.items()]
    with raised(_with(snapshot, *functions)) as twin:
        assert twin.left_out == ()
        for name in ATTEMPTS:
            with pytest.raises(NotPlannable):
                twin.plan(Query(f"select * from t where a = {name}()"))
        _unharmed(twin)


def test_the_clock_outside_ends_what_the_server_does_not(snapshot):
    """A loop that switched the timeout off is ended; the next query is planned."""
    endless = "PERFORM set_config('statement_timeout', '0', false); LOOP NULL; END LOOP; RETURN 1;"
    with raised(_with(snapshot, _function("endless", endless)), plan_seconds=1) as twin:
        began = time.monotonic()
        with pytest.raises(NotPlannable, match="longer than the clock allows"):
            twin.plan(Query("select * from t where a = endless()"))
        assert time.monotonic() - began < 5
        _unharmed(twin)


def test_a_backend_that_does_not_listen_is_killed_and_the_twin_raised_anew(snapshot):
    """Where even the kill takes the server along, the next call finds a twin that is whole."""
    with raised(snapshot, plan_seconds=0.5) as twin:
        _unharmed(twin)
        deaf = twin.planner._wire.connection.pgconn.backend_pid
        os.kill(deaf, 19)  # SIGSTOP
        with pytest.raises(NotPlannable):
            twin.plan(Query("select * from t where a = 5"))
        _unharmed(twin)


def test_memory_that_planning_takes_is_limited(snapshot):
    """A constant of gigabytes is refused by the system, not by the out-of-memory killer."""
    with raised(snapshot) as twin:
        with pytest.raises(NotPlannable, match="memory"):
            twin.plan(Query("select repeat('x', 700000000)"))
        _unharmed(twin)


def test_statements_of_a_snapshot_run_as_nobody(snapshot):
    """A false snapshot makes no role, schema or extension but by name, and runs nothing as superuser."""
    poison = (
        Object("r:1", "role", 'x" superuser; --', f"COPY (SELECT 1) TO PROGRAM 'touch {MARK}'"),
        Object("s:1", "schema", "evil", f"COPY (SELECT 1) TO PROGRAM 'touch {MARK}'"),
        Object("e:1", "extension", "plpgsql", f"COPY (SELECT 1) TO PROGRAM 'touch {MARK}'"),
        Object("t:1", "table", "public.x", f"COPY (SELECT 1) TO PROGRAM 'touch {MARK}'"),
        Object("t:2", "table", "public.y", "SET ROLE postgres; CREATE SCHEMA evil; CREATE TABLE public.y ()"),
        Object("t:3", "table", "public.z", "ALTER DATABASE twin SET search_path = evil; CREATE TABLE public.z ()"),
        Object("t:4", "table", "public.w", f"COMMIT; COPY (SELECT 1) TO PROGRAM 'touch {MARK}'"),
        Object("i:1", "index", "public.i", "CREATE INDEX i ON public.t ((pg_catalog.pg_read_file('/etc/passwd')))"),
    )
    with raised(_with(snapshot, *poison)) as twin:
        assert {each.name for each in twin.left_out} == {each.name for each in poison} - {'x" superuser; --'}
        _unharmed(twin)


def test_a_search_path_with_false_catalog_functions_is_not_walked(snapshot):
    """What looks like a function of the catalogs in a user's schema is never called by the superuser."""
    evil = _function(
        "pg_relation_filepath",
        f"EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch {MARK}'''; RETURN 'x';",
        "regclass",
        "text",
    )
    false_unnest = _function("unnest", "RETURN NULL;", "oid[]", "oid")
    with raised(_with(snapshot, evil, false_unnest)) as twin:
        _unharmed(twin)


def test_checks_of_a_domain_do_not_run_as_superuser(snapshot):
    """Statistics of a domain's column are values that its check would be run on."""
    body = "EXECUTE 'CREATE ROLE broken SUPERUSER'; RETURN true; EXCEPTION WHEN others THEN RETURN true;"
    stats = ColumnStats(False, 0.0, 4, -1.0, "{5,6}", "{0.5,0.4}")
    poison = (
        _function("checked", body, "int", "boolean", "VOLATILE"),
        Object("d:1", "type", "public.sly", "CREATE DOMAIN public.sly AS int CHECK (public.checked(VALUE))"),
        Object("t:5", "table", "public.v", "CREATE TABLE public.v (a public.sly)", ("d:1",)),
    )  # fmt: skip
    table = Table(Name("public", "v"), "r", (Column(1, "a", "public.sly", stats=(stats,)),), 10, 10, 1000.0)
    poisoned = replace(_with(snapshot, *poison), tables=(*snapshot.tables, table))
    for major in (18, 15):  # with and without the function that restores statistics
        with raised(replace(poisoned, version=major * 10000)) as twin:
            with twin.planner.house.superuser() as superuser:
                assert superuser.execute("select count(*) from pg_roles where rolname = 'broken'").fetchone() == (0,)
            rows = twin.plan(Query("select * from v where a = 5")).root.rows
            assert rows == pytest.approx(500, rel=0.01)


def test_nobody_else_gets_in(snapshot):
    """The folder is closed, the password random, and the weak roles have another one than the superuser."""
    with raised(snapshot) as twin:
        house = twin.planner.house
        assert house.cluster.folder.stat().st_mode & 0o777 == 0o700
        secret = (house.cluster.folder / "password").read_text().strip()
        assert len({secret, house.passwords[OWNER], house.passwords[PLANNER]}) == 3
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(
                house.cluster.conninfo(
                    "postgres", user=PLANNER, passfile="/dev/null", password=house.passwords[PLANNER]
                )
            )
    assert not house.cluster.folder.exists()
