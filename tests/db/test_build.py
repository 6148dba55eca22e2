"""Indexes are created while others write, and whatever comes in between, nothing invalid is left behind."""

import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from pgtune.cli import root
from pgtune.model.design import Index, Key, Name
from pgtune.model.errors import BadInput, MustNotRunHere
from pgtune.model.step import State
from pgtune.server import ledger
from pgtune.server.build import Build, Wanted
from pgtune.server.writer import Writer
from pgtune.usecases.apply import How
from pgtune.usecases.undo import undo

pytestmark = pytest.mark.usefixtures("home")

ORDERS = Name("public", "orders")
CUSTOMER = Index(ORDERS, (Key("customer_id"), Key("id", descending=True)))
NOTE = Index(ORDERS, (Key(expression="lower(note)"),), where="paid > 100")
IN_A_PROCESS = """
import sys
from tests.db.test_build import CUSTOMER, create
create(sys.argv[1], CUSTOMER, patience=60)
"""


def wanted(index):
    return Wanted(Name("public", index.name), index.table, index.ddl(concurrently=True))


def create(dsn, *indexes, patience=20.0, told=None):
    with Writer(dsn) as writer, ledger.opened() as book:
        writer.connect()
        say = told.append if told is not None else lambda _text: None
        return Build(writer, book, writer.target(), patience, say).carry_out([wanted(each) for each in indexes])


def take_back(dsn, number=None):
    return undo(number, dsn, How(), lambda _text: None)


def indexes(dsn):
    """Names of the indexes of orders, and whether each is valid."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        query = "select indexrelid::regclass::text, indisvalid from pg_index where indrelid = 'orders'::regclass"
        return dict(connection.execute(query).fetchall())


def run_of(number):
    with ledger.opened() as book:
        return book.run(number)


@contextmanager
def old_snapshot(dsn):
    """A transaction that keeps a concurrent build from ending, and locks nothing of orders."""
    with psycopg.connect(dsn) as connection:
        connection.execute("set transaction isolation level repeatable read")
        connection.execute("select count(*) from customers")
        yield connection


def test_created_recorded_and_taken_back(database):
    """What was created is in the history, a second run finds it there, and undo drops it."""
    before = indexes(database)
    number, outcomes = create(database, CUSTOMER, NOTE)
    assert [each.fate for each in outcomes] == ["created", "created"]
    assert indexes(database) == before | {CUSTOMER.name: True, NOTE.name: True}
    assert run_of(number).state is State.APPLIED
    listed = CliRunner().invoke(root, ["history"]).stdout
    assert "2 of 2 indexes created" in listed
    assert [each.fate for each in create(database, CUSTOMER, NOTE)[1]] == ["there already"] * 2
    undone = take_back(database, number)
    assert len(undone.restored) == 2
    assert indexes(database) == before
    assert run_of(number).state is State.UNDONE


def test_the_same_index_under_another_name_is_enough(database):
    """An index that somebody else created meanwhile is not created twice."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute('create index "Some %name" on orders (customer_id, id desc)')
    number, (outcome,) = create(database, CUSTOMER)
    assert outcome.fate == "there already"
    assert '"Some %name" is the same' in outcome.why
    assert run_of(number).state is State.FAILED


def test_a_writer_in_the_way_is_named_and_nothing_begun(database):
    """A transaction that keeps writing is waited for as long as patience lasts, and told with its process."""
    before, told = indexes(database), []
    with psycopg.connect(database, application_name="slow writer") as writer:
        writer.execute("update orders set paid = 1 where id = 1")
        time.sleep(1.2)
        _, (outcome,) = create(database, CUSTOMER, patience=1, told=told)
        assert f"process {writer.info.backend_pid} (" in outcome.why
    assert outcome.fate == "failed"
    assert "slow writer, idle in transaction" in outcome.why
    assert any(text.startswith("waiting for process") for text in told)
    assert indexes(database) == before


def test_a_build_that_is_blocked_later_is_given_up_and_cleaned_up(database):
    """An old snapshot keeps the build from ending: it is cancelled and its invalid index dropped."""
    before = indexes(database)
    with old_snapshot(database) as blocker:
        number, (outcome, after) = create(database, CUSTOMER, NOTE, patience=2)
        assert f"process {blocker.info.backend_pid} (" in outcome.why
    assert (outcome.fate, after.fate) == ("failed", "failed")
    assert indexes(database) == before
    assert run_of(number).state is State.FAILED


def in_a_process(dsn):
    """A build in a process of its own, blocked before its end, its index invalid still."""
    program = subprocess.Popen([sys.executable, "-c", IN_A_PROCESS, dsn], cwd=Path(__file__).parents[2])
    limit = time.monotonic() + 30
    while CUSTOMER.name not in indexes(dsn):
        assert time.monotonic() < limit
        assert program.poll() is None
        time.sleep(0.1)
    return program


def test_ctrl_c_leaves_no_invalid_index(database):
    """An interrupted build is cancelled on the server and what it made is dropped."""
    before = indexes(database)
    with old_snapshot(database):
        program = in_a_process(database)
        time.sleep(0.5)
        program.send_signal(signal.SIGINT)
        assert program.wait(30) != 0
        assert indexes(database) == before
    with ledger.opened() as book:
        assert book.runs()[0].state is State.FAILED


def test_killed_in_the_middle_and_run_again(database):
    """After kill -9 the ledger tells of it; the next run drops the invalid index and creates it, undo takes it back."""
    before = indexes(database)
    with old_snapshot(database):
        program = in_a_process(database)
        program.kill()
        program.wait(30)
        with psycopg.connect(database, autocommit=True) as connection:
            query = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where query like 'CREATE INDEX%'"
            connection.execute(query)
    assert indexes(database) == before | {CUSTOMER.name: False}
    with ledger.opened() as book:
        killed = book.runs()[0]
    assert killed.state is State.WRITING
    assert [each.fate for each in create(database, CUSTOMER)[1]] == ["created"]
    assert indexes(database) == before | {CUSTOMER.name: True}
    assert take_back(database, killed.id).refused == ()
    assert indexes(database) == before


def test_an_index_that_is_another_now_stays(database):
    """What somebody made anew under the same name, or let a constraint rest on, is left alone and named."""
    number, _ = create(database, CUSTOMER)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"drop index {CUSTOMER.name}")
        connection.execute(f"create index {CUSTOMER.name} on orders (paid)")
    undone = take_back(database, number)
    assert undone.restored == ()
    assert "made it anew" in undone.refused[0].why
    assert CUSTOMER.name in indexes(database)


def test_another_database_of_the_server_is_told_apart(database, server):
    """A run is taken back where it was made."""
    number, _ = create(database, CUSTOMER)
    with pytest.raises(BadInput, match="created indexes in the database"):
        take_back(server.conninfo(), number)


def test_two_at_once(database):
    """A second writer to the same server is refused."""
    with Writer(database) as first:
        first.connect()
        with pytest.raises(MustNotRunHere):
            create(database, CUSTOMER)


def test_without_the_right(database, server, role):
    """The server's refusal is told, and nothing is left."""
    dsn = role(server, dbname=psycopg.conninfo.conninfo_to_dict(database)["dbname"])
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("grant execute on function pg_control_system() to public")
    _, (outcome,) = create(dsn, CUSTOMER)
    assert outcome.fate == "failed"
    assert "must be owner" in outcome.why


PARTITIONED = """
create table "Part %s" (id bigint not null, at date not null) partition by range (at);
create table part_1 partition of "Part %s" for values from ('2026-01-01') to ('2026-02-01');
create table part_2 partition of "Part %s" for values from ('2026-02-01') to ('2026-03-01') partition by list (id);
create table part_2_1 partition of part_2 for values in (1, 2);
create table part_2_2 partition of part_2 default;
insert into "Part %s" select n, date '2026-01-01' + n % 59 from generate_series(1, 2000) as n;
"""
PART = Index(Name("public", "Part %s"), (Key("id"), Key("at")))
BELOW = """
select count(*), bool_and(i.indisvalid) from pg_partition_tree('public."Part %s"'::regclass) as t
  join pg_index i on i.indrelid = t.relid
"""


def below(dsn):
    with psycopg.connect(dsn, autocommit=True) as connection:
        return connection.execute(BELOW).fetchone()


def test_a_partitioned_table_gets_it_partition_by_partition(database):
    """Each partition's index is built concurrently and attached; the whole is valid, and undo drops it."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(PARTITIONED)
    number, (outcome,) = create(database, PART)
    assert outcome.fate == "created", outcome.why
    assert outcome.bytes > 0
    assert below(database) == (5, True)
    assert create(database, PART)[1][0].fate == "there already"
    assert take_back(database, number).refused == ()
    assert below(database) == (0, None)


def test_a_partition_that_blocks_leaves_nothing(database):
    """Given up in one partition, what was built in the others goes as well."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(PARTITIONED)
    with old_snapshot(database):
        _, (outcome,) = create(database, PART, patience=2)
    assert outcome.fate == "failed"
    assert "blocked for" in outcome.why
    assert below(database) == (0, None)
