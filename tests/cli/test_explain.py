"""`pgtune explain`, run as a user runs it: queries on a twin of a real server, plans from a pipe and a file."""

import json
import os
import subprocess
import sys

import psycopg
import pytest

from pgtune.server.capture import capture
from pgtune.snapshot import dump
from tests.conftest import analyzed

PLAN = """\
Seq Scan on orders  (cost=0.00..18334.00 rows=9 width=8) (actual time=0.02..210.00 rows=9 loops=1)
  Filter: (customer_id = 5)
  Rows Removed by Filter: 999991
"""


def pgtune(*words, stdin=None):
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "pgtune", "explain", *words]
    return subprocess.run(command, input=stdin or "", capture_output=True, text=True, check=False, env=environment)


def test_a_plan_from_a_pipe():
    """No database is needed; a finding is exit code 1; data goes to stdout, nothing to stderr."""
    done = pgtune(stdin=PLAN)
    assert (done.returncode, done.stderr) == (1, "")
    assert "reads all of orders to keep 9 rows" in done.stdout
    assert "an index on orders (customer_id)" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_a_plan_from_a_file_in_every_form(tmp_path):
    """The same answer as JSON, Markdown and a page."""
    path = tmp_path / "plan.txt"
    path.write_text(PLAN)
    answer = json.loads(pgtune("-f", str(path), "--output", "json").stdout)
    assert (answer["schema"], answer["insights"][0]["code"]) == ("pgtune.explain/1", "scan.selective")
    assert pgtune("-f", str(path), "-o", "markdown").stdout.startswith("# a pasted plan")
    assert pgtune("-f", str(path), "-o", "html").stdout.startswith("<!doctype html>")


def test_a_plan_that_is_fine_is_exit_code_0():
    """Scripts may rely on it."""
    done = pgtune(stdin="Result  (cost=0.00..0.01 rows=1 width=4)\n")
    assert done.returncode == 0
    assert "Nothing is wrong" in done.stdout


@pytest.mark.parametrize(
    ("words", "stdin", "why"),
    [
        ([], "this is no plan", "no plan in this text"),
        ([], "selec 1", "syntax error"),
        (["select 1; drop table t"], None, "one statement is wanted"),
        (["vacuum"], None, "have a plan"),
        (["-f", "/nonexistent/plan"], None, "No such file"),
        (["select 1", "-f", "x", "dbname=x"], None, "give one"),
        (["select 1", "dbname=x", "--snapshot", "x"], None, "give one"),
        (["select 1", "--snapshot", "/nonexistent/snapshot"], None, "No such file"),
    ],
)
def test_what_cannot_be_explained_is_a_usage_error(words, stdin, why):
    """One line on stderr, exit code 2, nothing on stdout."""
    done = pgtune(*words, stdin=stdin)
    assert done.returncode == 2, done.stderr
    assert why in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


@pytest.fixture
def shop(database):
    """The sample with a table that is big enough for an index to matter."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("""
            create table visits (id bigint, page int not null, at timestamptz not null, note text);
            insert into visits select n, n % 1000, '2026-01-01'::timestamptz + n * interval '1 minute', 'x'
              from generate_series(1, 60000) n""")
    analyzed(database, "visits")
    return database


def test_a_query_is_planned_on_a_twin_and_its_index_is_found(shop):
    """With placeholders of a driver; the cost before is the server's own, nothing is left on the server."""
    query = "select id, note from visits where page = %s order by at desc limit 10"
    done = pgtune(query, shop, "--output", "json")
    assert done.returncode == 1, done.stderr
    assert "planning on a twin" in done.stderr
    answer = json.loads(done.stdout)
    assert answer["query"] == query
    assert "scan.selective" in {each["code"] for each in answer["insights"]}
    (index,) = answer["indexes"]
    assert index["ddl"].startswith("CREATE INDEX CONCURRENTLY")
    assert '"page"' in index["ddl"]
    assert index["cost_after"] < index["cost_before"] / 5
    with psycopg.connect(shop) as connection:
        (indexes,) = connection.execute("select count(*) from pg_indexes where tablename = 'visits'").fetchone()
        (real,) = connection.execute("explain (format json) " + query.replace("%s", "5")).fetchone()
    assert indexes == 0
    assert answer["variants"][0]["cost"] == pytest.approx(real[0]["Plan"]["Total Cost"], rel=0.05)


def test_a_query_that_has_its_index_is_fine(shop):
    """Exit code 0, and nothing to say."""
    done = pgtune("select * from customers where id = $1", shop)
    assert (done.returncode, "Nothing is wrong" in done.stdout) == (0, True), done.stdout


def test_nothing_of_the_query_is_executed(shop):
    """A statement that writes is planned, its table stays as it is."""
    done = pgtune("delete from visits where page = 5", shop)
    assert done.returncode in {0, 1}, done.stderr
    with psycopg.connect(shop) as connection:
        assert connection.execute("select count(*) from visits").fetchone() == (60000,)


def test_no_value_of_production_is_shown(shop):
    """Typical values are used for planning and stay in."""
    with psycopg.connect(shop, autocommit=True) as connection:
        connection.execute("update visits set note = 'secret-note-' || id % 3; analyze visits")
    done = pgtune("select count(*) from visits where note = $1", shop)
    assert "With typical values" in done.stdout
    assert "secret-note" not in done.stdout + done.stderr


def test_a_pasted_plan_with_its_database(shop):
    """Then sizes are known, and the finding is verified."""
    with psycopg.connect(shop) as connection:
        lines = connection.execute("explain select * from visits where page = 5 and id = 9").fetchall()
    text = "\n".join(line for (line,) in lines)
    alone = json.loads(pgtune("--output", "json", stdin=text).stdout)
    path = json.loads(pgtune("-f", "-", shop, "--output", "json", stdin=text).stdout)
    of_scan = [
        {each["code"]: each["verified"] for each in answer["insights"]}["scan.selective"] for answer in (alone, path)
    ]
    assert of_scan == [False, True]


def test_a_query_of_no_table_is_planned_too(shop):
    """There is a plan, and no index to seek."""
    answer = json.loads(pgtune("select g from generate_series(1, :n) as g", shop, "--output", "json").stdout)
    assert answer["plan"]["Node Type"] == "Function Scan"
    assert answer["indexes"] is None


def test_a_relation_that_is_not_there(shop):
    """The planner's refusal is one line."""
    done = pgtune("select * from nowhere", shop)
    assert done.returncode != 0
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_snapshot_stands_for_its_database(shop, tmp_path):
    """The same plan and the same index from the file, the server away."""
    query = "select id, note from visits where page = $1 order by at desc limit 10"
    path = tmp_path / "prod.pgtune"
    path.write_bytes(dump(capture(shop)))
    here = json.loads(pgtune(query, shop, "--output", "json").stdout)
    there = json.loads(pgtune(query, "--snapshot", str(path), "--output", "json").stdout)
    assert {**there, "origin": ""} == {**here, "origin": ""}
