"""`pgtune advise` from the outside: forms, exit codes, snapshots, workloads, and what it creates and takes back."""

import json
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from psycopg.conninfo import conninfo_to_dict

from pgtune.cli import root
from pgtune.model.errors import BadInput
from tests.conftest import analyzed

pytestmark = pytest.mark.usefixtures("home")

LOOKUP = "-- name: lookup @ 100\nselect id, paid from orders where note = 'xxxx' and customer_id = 7;\n"
COVERED = "select * from orders where id = 7;\nselect * from customers where id = 3;\n"


@pytest.fixture
def sample(database):
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("drop index orders_customer")
        connection.execute("update orders set note = md5(id::text)")
    analyzed(database, "orders")
    return database


@pytest.fixture
def workload(tmp_path):
    def write(text: str) -> str:
        path = tmp_path / "workload.sql"
        path.write_text(text)
        return str(path)

    return write


def run(*words: str):
    return CliRunner().invoke(root, ["advise", *words], standalone_mode=False)


def test_an_index_is_advised_created_and_taken_back(sample, workload):
    """The answer's exit code is 1; applied it is 0; a second run finds nothing to do; undo drops it."""
    path = workload(LOOKUP)
    advised = run(sample, "--workload", path, "--output", "json")
    assert advised.return_value == 1
    (index, *_) = json.loads(advised.stdout)["indexes"]
    assert index["table"] == "public.orders"
    assert index["cost_after"] < index["cost_before"] / 10
    applied = run(sample, "--workload", path, "--apply", "--yes")
    assert applied.return_value == 0, applied.stderr
    assert "to take it back: pgtune undo" in applied.stderr
    with psycopg.connect(sample, autocommit=True) as connection:
        connection.execute("analyze")
    assert json.loads(run(sample, "--workload", path, "--output", "json").stdout)["indexes"] == []
    undone = CliRunner().invoke(root, ["undo", sample, "--yes"], standalone_mode=False)
    assert "no index" in undone.stdout
    assert "indexes" in undone.stderr
    with psycopg.connect(sample, autocommit=True) as connection:
        left = connection.execute("select count(*) from pg_indexes where tablename = 'orders'").fetchone()
    assert left == (1,)


def test_nothing_worth_doing_is_said_in_one_sentence(sample, workload):
    """Covered queries and small tables: exit code 0."""
    with psycopg.connect(sample, autocommit=True) as connection:
        connection.execute("create index on orders (customer_id)")
    answer = run(sample, "--workload", workload(COVERED))
    assert answer.return_value == 0, answer.stdout
    assert "Nothing worth doing" in answer.stdout


def test_a_snapshot_is_enough(sample, workload, tmp_path):
    """The same advice offline, from the file that `pgtune snapshot` wrote."""
    path, file = workload(LOOKUP), str(tmp_path / "shop.pgtune")
    taken = CliRunner().invoke(root, ["snapshot", sample, "-o", file], standalone_mode=False)
    assert taken.exception is None, taken.exception
    live = json.loads(run(sample, "--workload", path, "--output", "json").stdout)
    offline = json.loads(run("--snapshot", file, "--workload", path, "--output", "json").stdout)
    assert [each["ddl"] for each in offline["indexes"]] == [each["ddl"] for each in live["indexes"]]
    assert offline["workload"]["cost_after"] == pytest.approx(live["workload"]["cost_after"], rel=0.001)


def test_a_budget_is_kept(sample, workload):
    """No storage, no index; no number, no index."""
    path = workload(LOOKUP)
    for words in (("--budget", "8kB"), ("--max-indexes", "0")):
        assert json.loads(run(sample, "--workload", path, "--output", "json", *words).stdout)["indexes"] == []


@pytest.mark.parametrize("form", ["table", "markdown", "html"])
def test_every_form_of_a_real_answer(sample, workload, form):
    """Each has the statement in it."""
    assert "CREATE INDEX CONCURRENTLY" in run(sample, "--workload", workload(LOOKUP), "--output", form).stdout


@pytest.mark.parametrize(
    "words", [("--snapshot", "x", "host=a"), ("--snapshot", "x", "--apply"), ("--yes",), ("--budget", "2XB")]
)
def test_usage(words):
    """What contradicts itself is refused before anything is read."""
    assert CliRunner().invoke(root, ["advise", *words]).exit_code == 2


def test_files_that_are_not_there(sample, tmp_path):
    """A file that cannot be read is named."""
    answer = run(sample, "--workload", str(tmp_path / "gone.sql"))
    assert isinstance(answer.exception, BadInput)
    assert "gone.sql" in str(answer.exception)


def test_the_twin_leaves_no_trace_on_the_server(sample, workload):
    """A role that may only read is enough, and nothing is written."""
    words = conninfo_to_dict(sample)
    with psycopg.connect(sample, autocommit=True) as connection:
        before = connection.execute("select pg_current_xact_id_if_assigned(), count(*) from pg_class").fetchone()
        run(sample, "--workload", workload(LOOKUP))
        after = connection.execute("select pg_current_xact_id_if_assigned(), count(*) from pg_class").fetchone()
    assert before == after
    assert Path(words["host"]).exists()
