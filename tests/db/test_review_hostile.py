"""A pull request is hostile input: what is known to break out of a sandbox is tried through the whole command."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

MARK = Path("/tmp/pgtune-review-escaped")
TOUCH = f"touch {MARK}"
PLPGSQL = "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql {how} AS $$ BEGIN {body} RETURN 1; END $$;\n"
PROGRAM = f"EXECUTE 'COPY (SELECT 1) TO PROGRAM ''{TOUCH}''';"

MIGRATIONS = {
    "program": f"COPY (SELECT 1) TO PROGRAM '{TOUCH}';",
    "from-program": f"CREATE TABLE t (a text);\nCOPY t FROM PROGRAM '{TOUCH}';",
    "file": f"COPY (SELECT 1) TO '{MARK}';",
    "read": "CREATE TABLE t (a text);\nCOPY t FROM '/etc/passwd';\nSELECT 1 / (SELECT count(*)::int FROM t);",
    "committed": f"COMMIT;\nBEGIN;\nCOPY (SELECT 1) TO PROGRAM '{TOUCH}';\nCOMMIT;",
    "reset-role": f"RESET ROLE;\nSET SESSION AUTHORIZATION DEFAULT;\nCOPY (SELECT 1) TO PROGRAM '{TOUCH}';",
    "become": f"SET ROLE postgres;\nCOPY (SELECT 1) TO PROGRAM '{TOUCH}';",
    "superuser": "ALTER ROLE pgtune_owner SUPERUSER;\nALTER ROLE CURRENT_USER SUPERUSER;",
    "do": f"DO $$ BEGIN {PROGRAM} END $$;",
    "do-in-ddl": f"DO $$ BEGIN CREATE TABLE t (a int); {PROGRAM} END $$;",
    "default": PLPGSQL.format(how="VOLATILE", body=PROGRAM) + "CREATE TABLE t (a int, b int DEFAULT f());\n"
    "ALTER TABLE orders ADD COLUMN c int DEFAULT f();\n"
    "ALTER TABLE orders ADD COLUMN d int GENERATED ALWAYS AS (f()) STORED;",
    "index": PLPGSQL.format(how="IMMUTABLE", body=PROGRAM) + "CREATE INDEX ON orders ((f()));",
    "check": PLPGSQL.format(how="IMMUTABLE", body=PROGRAM) + "ALTER TABLE orders ADD CHECK (f() = 1);",
    "matview": PLPGSQL.format(how="VOLATILE", body=PROGRAM) + "CREATE MATERIALIZED VIEW m AS SELECT f();\n"
    "REFRESH MATERIALIZED VIEW m;",
    "create-as": PLPGSQL.format(how="VOLATILE", body=PROGRAM) + "CREATE TABLE made AS SELECT f() AS a;",
    "event": "CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN " + PROGRAM + " END $$;\n"
    "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION e();\nCREATE TABLE t (a int);",
    "native": "CREATE FUNCTION c(text) RETURNS int LANGUAGE c AS 'libc.so.6', 'system';",
    "untrusted": "CREATE EXTENSION plpython3u;\nCREATE EXTENSION dblink;\n"
    "CREATE EXTENSION file_fdw;\nCREATE EXTENSION adminpack;",
    "system": f"ALTER SYSTEM SET archive_command = '{TOUCH}';\nALTER SYSTEM SET archive_mode = on;\n"
    "SELECT pg_reload_conf();",
    "library": "LOAD 'auto_explain';\nSET session_preload_libraries = 'x';\n"
    "ALTER DATABASE twin SET session_preload_libraries = 'x';",
    "large-object": f"SELECT lo_export(lo_from_bytea(0, 'x'), '{MARK}');",
    "shadowed": "CREATE SCHEMA evil;\n"
    "CREATE FUNCTION evil.pg_relation_filepath(regclass) RETURNS text LANGUAGE plpgsql AS\n"
    "$$ BEGIN " + PROGRAM + " RETURN ''; END $$;\nCREATE FUNCTION public.pg_relation_filepath(regclass) RETURNS text\n"
    "LANGUAGE plpgsql AS $$ BEGIN " + PROGRAM + " RETURN ''; END $$;\n"
    "ALTER DATABASE twin SET search_path = evil, pg_catalog;\n"
    "ALTER ROLE ALL SET search_path = evil, pg_catalog;\nSET search_path = evil, public;\n"
    "CREATE TABLE public.t (a int);",
    "operators": "CREATE FUNCTION eq(oid, oid) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN "
    + PROGRAM + " RETURN true; END $$;\n"
    "CREATE OPERATOR public.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = eq);\nCREATE TABLE t (a int);",
    "server": "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1');\n"
    "CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1' PUBLICATION p;",
    "tablespace": "CREATE TABLESPACE t LOCATION '/tmp';",
    "meta": f"\\! {TOUCH}\n\\copy orders to program '{TOUCH}'\n\\i /etc/passwd\nSELECT 1 \\g | {TOUCH}\n",
}  # fmt: skip
PAGES = "SELECT id FROM customers ORDER BY id LIMIT 20 OFFSET $1;\n"  # of which a rule speaks whatever the size
QUERIES = {
    "stacked": f"SELECT 1; COPY (SELECT 1) TO PROGRAM '{TOUCH}';",
    "analyze": "EXPLAIN ANALYZE DELETE FROM orders;\nANALYZE DELETE FROM orders;",
    "nul": f"SELECT 1 -- \0\n; COPY (SELECT 1) TO PROGRAM '{TOUCH}';",
    "read": "SELECT pg_read_file('/etc/passwd');\nSELECT pg_ls_dir('/');",
    "export": f"SELECT lo_export(lo_from_bytea(0, 'x'), '{MARK}');",
    "dblink": "SELECT * FROM dblink('host=127.0.0.1', 'select 1') AS t (a int);",
    "sleep": "SELECT pg_sleep(600);\nSELECT * FROM orders WHERE id = (SELECT 1 FROM pg_sleep(600));",
    "cross": "SELECT " + " || ".join(["repeat('x', 100000000)"] * 20) + ";",
}


@pytest.fixture(autouse=True)
def _nothing_escapes():
    MARK.unlink(missing_ok=True)
    yield
    assert not MARK.exists()


def reviewed(*words, seconds=120):
    """The command's answer; it ends, with 0 or 1, without a traceback and without leaving a process."""
    began = time.monotonic()
    command = [sys.executable, "-m", "pgtune", "review", "--diff", "main", "--output", "json", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 60)
    assert done.returncode in {0, 1}, done.stderr
    assert time.monotonic() - began < seconds
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", MIGRATIONS)
def test_a_hostile_migration_reaches_nothing(repository, name):
    """Its innocent end is judged all the same: the twin stands, and the query behind it is planned."""
    repository.write("db/migrations/0002_hostile.sql", MIGRATIONS[name])
    repository.write("db/migrations/0003_after.sql", "ALTER TABLE orders ALTER COLUMN total TYPE numeric(12, 4);\n")
    answer = reviewed()
    assert "db/migrations/0003_after.sql" in {each["path"] for each in answer["findings"]}


def test_hostile_queries_reach_nothing(repository):
    """None is run, not even by the planner; what is one planable statement is planned, the rest is said."""
    for name, text in QUERIES.items():
        repository.write(f"queries/{name}.sql", text)
    repository.write("queries/zz.sql", PAGES)
    answer = reviewed()
    assert "root:" not in json.dumps(answer)
    assert "queries/zz.sql" in {each["path"] for each in answer["findings"]}


def test_endless_functions_are_ended(repository):
    """IMMUTABLE loops that the planner would run, in a query, an index and a default: the clock outside ends them."""
    endless = "SET statement_timeout = 0;\n" + PLPGSQL.format(
        how="IMMUTABLE", body="PERFORM set_config('statement_timeout', '0', false); LOOP NULL; END LOOP;"
    )
    repository.write("db/migrations/0002_loop.sql", f"{endless}CREATE INDEX ON orders ((f()));\nSELECT f();\n")
    repository.write("queries/loop.sql", "SELECT id FROM orders WHERE id = f();\n")
    answer = reviewed(seconds=90)
    assert [each for each in answer["skipped"] if each["path"] == "queries/loop.sql"]


def test_the_time_holds_for_a_single_step(repository):
    """Raising the twin alone takes longer than this: the review is ended from outside it, and its server is gone."""
    code = (
        "import sys; from pgtune.cli import main; from pgtune.usecases import review; review.GRACE = -0.9; "
        "sys.argv[1:] = ['review', '--diff', 'main', '--time-limit', '1']; main()"
    )
    repository.write("db/migrations/0002_more.sql", "CREATE TABLE t (a int);\n")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 3
    assert "the time was over (--time-limit)" in done.stderr


def test_a_configuration_of_git_starts_nothing(repository):
    """Attributes, filters, hooks and an fsmonitor that the branch brings are not run."""
    repository.write(".gitattributes", "*.sql filter=evil diff=evil\n")
    repository.git("config", "filter.evil.clean", TOUCH)
    repository.git("config", "filter.evil.smudge", TOUCH)
    repository.git("config", "diff.evil.textconv", TOUCH)
    repository.git("config", "core.fsmonitor", TOUCH)
    (repository.root / "queries/new.sql").write_text(PAGES)
    MARK.unlink(missing_ok=True)
    assert {each["path"] for each in reviewed()["findings"]} == {"queries/new.sql"}


def test_files_outside_the_project_are_not_read(repository):
    """A link to /etc/passwd, to a device, a pipe, a loop: none is followed, none is waited for."""
    for name, target in {"a": "/etc/passwd", "b": "/dev/zero", "c": "loop.sql", "loop": "c.sql"}.items():
        (repository.root / f"queries/{name}.sql").symlink_to(target)
    os.mkfifo(repository.root / "queries/pipe.sql")
    repository.write("queries/new.sql", PAGES)
    answer = reviewed(seconds=60)
    assert "root:" not in json.dumps(answer)
    assert {each["path"] for each in answer["findings"]} == {"queries/new.sql"}


def test_code_of_the_project_is_not_run(repository):
    """Python of the branch is read, never imported; neither is what would be imported instead of a library."""
    evil = f"import os\nos.system({TOUCH!r})\n"
    for path in ("conftest.py", "psycopg.py", "click.py", "sitecustomize.py", "manage.py", "alembic/env.py",
                 "app/migrations/0001_x.py", "setup.py"):  # fmt: skip
        repository.write(path, evil)
    environment = {**os.environ}
    program = Path(sys.executable).parent / "pgtune"
    done = subprocess.run(
        [program, "review", "--diff", "main", "--output", "json"], capture_output=True, text=True, check=False,
        env=environment, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["findings"] == []


def _memory(process):
    """Bytes of the process and of the copies of it that work for it; a server of its own has another limit."""
    copies = [each for each in process.children() if each.name() == process.name()]
    return sum(each.memory_info().rss for each in (process, *copies))


def test_a_flood_is_read_in_time_and_memory(repository):
    """Ten thousand statements nested, long and many, in files enough for children: it ends, under 1.5 GB with them."""
    repository.write("queries/deep.sql", "SELECT " + "(" * 50_000 + "1" + ")" * 50_000 + ";")
    repository.write("queries/long.sql", "SELECT 1 WHERE 1 IN (" + ",".join(map(str, range(200_000))) + ");")
    repository.write("queries/many.sql", "SELECT 1;\n" * 2_000)
    repository.write("db/migrations/0002_many.sql", "INSERT INTO colours VALUES (1, 'x');\n" * 5_000)
    for number in range(400):
        repository.write(f"queries/one/{number}.sql", "SELECT " + "- " * 900 + "1;\n")
    command = [sys.executable, "-m", "pgtune", "review", "--diff", "main", "--output", "json"]
    most = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        while running.poll() is None:
            try:
                most = max(most, _memory(psutil.Process(running.pid)))
                running.communicate(timeout=0.2)
            except (subprocess.TimeoutExpired, psutil.Error):
                continue
    assert running.returncode in {0, 1}
    assert most < 1.5 * 2**30


def test_what_is_too_deep_is_said_and_the_rest_reviewed(repository):
    """Statements that the parser takes and that are deeper than Python's stack."""
    deep = {
        "or": "SELECT id FROM colours WHERE " + " OR ".join(f"id = {n}" for n in range(3000)),
        "parentheses": "SELECT " + "(" * 900 + "1" + ")" * 900 + " FROM colours",
        "union": " UNION ALL ".join(["SELECT id FROM colours"] * 1500),
        "in": "SELECT id FROM colours WHERE id IN (" * 300 + "1" + ")" * 300,
        "minus": "SELECT " + "- " * 2000 + "1 FROM colours",
        "concatenated": "SELECT " + "||".join(["name"] * 3000) + " FROM colours ORDER BY id OFFSET 10",
    }
    for name, text in deep.items():
        repository.write(f"queries/{name}.sql", f"{text};\n")
    check = "ALTER TABLE colours ADD CHECK (" + " OR ".join(f"id = {n}" for n in range(3000)) + ");\n"
    repository.write("db/migrations/0002_deep.sql", f"{check}CREATE VIEW v AS {deep['union']};\n")
    repository.write("queries/new.sql", PAGES)
    answer = reviewed()
    assert "queries/new.sql" in {each["path"] for each in answer["findings"]}
    assert "queries/union.sql" in {each["path"] for each in answer["skipped"]}
