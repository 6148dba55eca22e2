"""A proof builds the advised indexes on a copy, measures only harmless queries there, and leaves nothing behind."""

from pathlib import Path

import psycopg
import pytest

from pgtune.cluster import Cluster
from pgtune.model.errors import MustNotRunHere
from pgtune.model.step import State
from pgtune.server import ledger
from pgtune.server.writer import Writer
from pgtune.usecases.advise import Request, advise
from pgtune.usecases.prove_indexes import prove

pytestmark = pytest.mark.usefixtures("home")

TABLE = """
drop table if exists measured;
create table measured (id bigint primary key, customer bigint not null, note text not null);
insert into measured select n, n % 5000, repeat('x', 100) from generate_series(1, 100000) as n;
create sequence counted;
create function wipes() returns bigint volatile language sql as 'select 1::bigint';
create view seen as select * from measured where customer <> wipes();
vacuum analyze measured;
"""
WORKLOAD = """
select note from measured where customer = 77;
select note from measured where customer = 78 and id > wipes();
select note from seen where customer = 79;
select note from measured where customer = 80 for update;
select note, nextval('counted') from measured where customer = 81;
with gone as (delete from measured where customer = 82 returning id) select count(*) from gone;
update measured set note = '' where customer = 83;
"""


def prepared(dsn):
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in TABLE.split(";\n"):
            if statement.strip():
                connection.execute(statement)
    return dsn


@pytest.fixture
def workload(tmp_path) -> Path:
    path = tmp_path / "workload.sql"
    path.write_text(WORKLOAD)
    return path


@pytest.fixture
def staging(server):
    """A server of its own making: a copied folder would have the other's identity."""
    cluster = Cluster.throw_away(server.binaries)
    cluster.start()
    yield cluster
    cluster.remove()


@pytest.fixture
def advised(database, workload):
    return advise(Request(prepared(database), workload=(workload,)), lambda _text: None, lambda _progress: None)


def state(dsn):
    with psycopg.connect(dsn, autocommit=True) as connection:
        rows = connection.execute("select count(*), sum(length(note)) from measured").fetchone()
        indexes = connection.execute("select count(*) from pg_index where indrelid = 'measured'::regclass").fetchone()
        return rows, indexes, connection.execute("select is_called from counted").fetchone()


def test_predicted_beside_measured_and_nothing_left(advised, staging):
    """Only the plain SELECT ran; with the index it reads less, nearly as predicted; the copy is as it was."""
    dsn = prepared(staging.conninfo())
    before = state(dsn)
    proof = prove(advised, dsn, lambda _text: None).proof
    assert state(dsn) == before
    ran = [each for each in proof.queries if each.why_not is None]
    assert [each.text for each in ran] == ["select note from measured where customer = 77"]
    (only,) = ran
    assert only.used
    assert only.after.buffers < only.before.buffers / 10
    assert only.after.cost == pytest.approx(only.predicted_after, rel=0.2)
    assert only.before.cost == pytest.approx(only.predicted_before, rel=0.05)
    assert only.before.rows == only.after.rows == 20
    assert proof.built
    for built in proof.built:
        assert built.bytes == pytest.approx(built.predicted_bytes, rel=0.25)
    with ledger.opened() as book:
        assert book.runs()[0].state is State.UNDONE


def test_everything_that_could_do_more_is_refused(advised, staging):
    """Volatile functions, views, row locks and writes are named as the reason."""
    dsn = prepared(staging.conninfo())
    reasons = {each.text.strip(): each.why_not for each in prove(advised, dsn, lambda _text: None).proof.queries}
    told = " | ".join(filter(None, reasons.values()))
    for words in ("it calls wipes", "it reads a view", "it locks rows", "it calls nextval", "only SELECT is run"):
        assert words in told


def test_the_server_of_the_snapshot_is_refused(advised, database):
    """What was advised on is never built on as a proof."""
    with pytest.raises(MustNotRunHere, match="the server that the snapshot came from"):
        prove(advised, database, lambda _text: None)


def test_a_standby_is_refused(advised, staging, standby_of):
    """Nothing can be built there."""
    standby = standby_of(staging)
    with Writer(standby.conninfo()) as writer:
        writer.connect()
        assert writer.target().in_recovery
    with pytest.raises(MustNotRunHere, match="standby"):
        prove(advised, standby.conninfo(), lambda _text: None)
