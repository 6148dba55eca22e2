"""Workloads of real servers: pg_stat_statements and logs in every form, on every version."""

from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from pgtune import versions
from pgtune.plans.pasted import pasted
from pgtune.server.capture import capture
from pgtune.sqltext.analysis import shape
from pgtune.workload import Gathering, files, logs, statistics
from tests.conftest import SAMPLE

LOGGED = {
    "shared_preload_libraries": "pg_stat_statements,auto_explain", "log_min_duration_statement": "0",
    "logging_collector": "on", "log_directory": "log", "log_filename": "server.log", "fsync": "off",
    "log_line_prefix": "%m [%p] %q%u@%d ", "auto_explain.log_min_duration": "0", "auto_explain.log_analyze": "on",
}  # fmt: skip
RUNS = [
    ("select * from orders where customer_id = %s", ("7",)),
    ("select * from orders where customer_id = %s", ("7",)),
    ("select * from orders where customer_id = %s", ("9",)),
    ("select id\nfrom orders\nwhere note like %s and paid > %s", ("it's x%", None)),
    ("update orders set paid = 5 where id = %s", ("1",)),
    ("select count(*) from pg_class where relname = %s", ("x",)),
]
ONLY_EXPLAINED = "select name from customers where id = %s"


def run(conninfo):
    """An application's statements, with parameters and with literals, and what is none of its workload."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for text, values in RUNS:
            connection.execute(text, values)
        connection.execute("create temp table scratch as select 1 as x")
        connection.execute("select * from scratch where x = %s", (1,))
        connection.execute("select id from customers where city = 'c'")
        connection.execute("select interval '1 day', extract(dow from now()) from orders where id = 3")
        connection.execute("vacuum customers")
        for form in ("text", "json"):
            connection.execute(f"set log_min_duration_statement = -1; set auto_explain.log_format = {form}")
            connection.execute(ONLY_EXPLAINED, (5,))


@pytest.fixture(scope="module", params=versions.TESTED, ids=lambda major: f"pg{major}")
def logging(request, clusters, binaries_of):
    """A server that logs everything in every form it knows, after the statements above ran on it."""
    cluster = clusters.copy(binaries_of(request.param))
    forms = "stderr,csvlog" if request.param < 15 else "stderr,csvlog,jsonlog"  # 15 was the first with JSON
    cluster.configure(LOGGED | {"log_destination": forms})
    cluster.start()
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        connection.execute(SAMPLE)
        connection.execute("create extension pg_stat_statements")
        connection.execute("select pg_stat_statements_reset()")
    run(cluster.conninfo())
    yield cluster
    cluster.remove()


@pytest.fixture(scope="module")
def taken(logging):
    return capture(logging.conninfo())


def by_text(workload):
    return {" ".join(each.text.split()): each for each in workload.statements}


def test_statements_are_the_applications(taken):
    """What ran is there with its calls, constants as parameters; catalogs, temporary tables and utilities are not."""
    found = Gathering(taken).add(statistics.entries(taken)).workload()
    calls = {text.lower(): each.calls for text, each in by_text(found).items()}
    assert calls["select * from orders where customer_id = $1"] == 3
    assert calls["update orders set paid = $2 where id = $1"] == 1
    assert calls["select id from customers where city = $1"] == 1
    assert not any("pg_" in text.replace("pg_catalog.extract", "") for text in calls)
    assert not any(text.startswith(("vacuum", "create")) for text in calls)
    assert "it reads PostgreSQL's own catalogs" in {each.why for each in found.left_out}
    assert any(each.why.startswith("scratch is not in the snapshot") for each in found.left_out)


def test_every_recorded_statement_can_be_prepared(logging, taken):
    """Literals that were normalised away (`interval $1`, `extract($1 from ...)`) are plannable texts again."""
    found = Gathering(taken).add(statistics.entries(taken)).workload()
    assert any("interval" in each.text for each in found.statements)
    with psycopg.connect(logging.conninfo(), autocommit=True) as connection:
        for number, each in enumerate(found.statements):
            connection.execute(f"prepare p{number} as {each.text}")


def test_typical_values_can_be_planned(logging, taken):
    """Values out of real statistics are values of the columns' types."""
    found = Gathering(taken).add(statistics.entries(taken)).workload()
    statement = by_text(found)["select * from orders where customer_id = $1"]
    assert len(statement.bindings) > 1
    with psycopg.connect(logging.conninfo(), autocommit=True) as connection:
        connection.execute(f"prepare typical as {statement.text}")
        for binding in statement.bindings:
            if binding.values is not None:
                values = ", ".join(sql.quote(value) for value in binding.values)
                connection.execute(f"explain execute typical({values})")


def test_logs(logging, taken):
    """Each form of a log gives the same statements, durations and parameters; auto_explain's are counted once."""
    logs_written = sorted((logging.data / "log").glob("server.*"))
    assert len(logs_written) == (2 if taken.major < 15 else 3)
    for path in logs_written:
        lines = path.read_text().splitlines(keepends=True)
        of = by_text(Gathering(taken).add(logs.entries(lines, path.name)).workload())
        ours = of["select * from orders where customer_id = $1"]
        assert (ours.calls, ours.parameters) == (3, 1), path
        assert ours.total_ms > 0
        assert [(each.values, round(each.share, 3)) for each in ours.bindings] == [(("7",), 0.667), (("9",), 0.333)]
        like = of["select id from orders where note like $1 and paid > $2"]
        assert [each.values for each in like.bindings] == [("it's x%", None)]
        assert any(each.kind == "update" for each in of.values())
        assert of["select name from customers where id = $1"].calls == 2, "auto_explain alone, as text and as JSON"
        assert not any("scratch where" in text for text in of)


def test_a_message_of_auto_explain_is_a_plan(logging):
    """Pasted out of a log, in text and in JSON, it has its query and what was measured."""
    log = (logging.data / "log" / "server.log").read_text()
    lines = log.splitlines(keepends=True)
    asked = ONLY_EXPLAINED.replace("%s", "$1")
    plans = [number for number, line in enumerate(lines) if "plan:" in line]
    starts = [number for number in plans if asked in "".join(lines[number : number + 4])]
    assert len(starts) == 2
    for start in starts:
        found = pasted("".join(lines[start:]))
        assert found.query == asked
        assert found.plan.root.detail["Actual Loops"] == 1
        assert found.plan.indexes == {"customers_pkey"}


def test_every_view_of_the_server_has_a_shape(logging):
    """The catalogs' own views are SQL as wild as anybody's: each is read."""
    with psycopg.connect(logging.conninfo()) as connection:
        found = connection.execute("select viewname, definition from pg_views").fetchall()
    assert len(found) > 100
    for name, definition in found:
        assert shape(definition.rstrip(";")).blocks, name


def test_the_demonstrations_workload_is_read_whole():
    """Every statement of the shop's recorded workload but begin and commit has a plan."""
    text = (Path(__file__).parents[2] / "sql" / "demo" / "workload.sql").read_text()
    found = Gathering().add(files.entries(text, "workload.sql")).workload()
    assert {each.text for each in found.left_out} == {"begin", "commit"}
    assert len(found.statements) == 29
    assert max(each.weight for each in found.statements) == 250
