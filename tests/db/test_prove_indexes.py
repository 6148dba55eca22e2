"""A proof builds the advised indexes on a copy, measures only harmless queries there, and leaves nothing behind."""

from pathlib import Path

import psycopg
import pytest

from pgtune.cluster import Cluster
from pgtune.indexes import timing
from pgtune.model.design import Index, Key, Name
from pgtune.model.errors import MustNotRunHere
from pgtune.model.step import State
from pgtune.report.advice import proof
from pgtune.report.paper import Paper
from pgtune.server import ledger
from pgtune.server.writer import Writer
from pgtune.twin import raised
from pgtune.usecases import prove_mending, prove_trials
from pgtune.usecases.advise import Request, advise, narrowed
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
    execute(dsn, TABLE)
    return dsn


def execute(dsn, script):
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in script.split(";"):
            if statement.strip():
                connection.execute(statement)


@pytest.fixture
def workload(tmp_path) -> Path:
    path = tmp_path / "workload.sql"
    path.write_text(WORKLOAD)
    return path


@pytest.fixture
def staging(server):
    """A server of its own making: a copied folder would have the other's identity. It keeps few pages in memory."""
    cluster = Cluster.throw_away(server.binaries)
    cluster.configure({"shared_buffers": "1MB"})
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
    found = prove(advised, dsn, lambda _text: None).answer.proof
    assert state(dsn) == before
    ran = [each for each in found.queries if each.why_not is None]
    assert [each.text for each in ran] == ["select note from measured where customer = 77"]
    (only,) = ran
    assert only.used
    assert only.after.buffers < only.before.buffers / 10
    assert only.after.cost == pytest.approx(only.predicted_after, rel=0.2)
    assert only.before.cost == pytest.approx(only.predicted_before, rel=0.05)
    assert only.before.rows == only.after.rows == 20
    assert found.built
    for built in found.built:
        assert built.bytes == pytest.approx(built.predicted_bytes, rel=0.25)
    with ledger.opened() as book:
        assert book.runs()[0].state is State.UNDONE


KIND = "select note from skewed where code = 50 and kind = 50"
SKEWED = """
drop table if exists skewed;
create table skewed (code int not null, kind int not null, note text not null);
insert into skewed select {code}, n, repeat('x', 100) from generate_series(1, 100000) as n;
vacuum analyze skewed;
"""


def misled(database, staging):
    """The copy's conninfo: there all rows have the codes asked for, and the planner is kept from reading the table."""
    execute(prepared(database), SKEWED.format(code="hashint4(n)"))
    dsn = prepared(staging.conninfo())
    execute(dsn, SKEWED.format(code="1 + abs(hashint4(n) % 100)"))
    for setting in ("enable_seqscan", "enable_bitmapscan", "jit"):
        execute(dsn, f"alter database postgres set {setting} = off")
    return dsn


def test_an_index_that_slows_a_query_is_given_up(database, staging, tmp_path):
    """It looks up each of all rows there. The other index stays, and nothing is left on the copy."""
    path = tmp_path / "workload.sql"
    queries = "select note from measured where customer = 77", "select note from skewed where code between 1 and 100"
    path.write_text(";\n".join(queries))
    dsn = misled(database, staging)
    found = advise(Request(database, workload=(path,)), lambda _text: None, lambda _progress: None)
    assert {each.table.name for each in found.answer.indexes.recommendations} == {"measured", "skewed"}
    before = state(dsn)
    answer = prove(found, dsn, lambda _text: None).answer
    assert state(dsn) == before
    assert {each.table.name for each in answer.indexes.recommendations} == {"measured"}
    assert answer.indexes.bound == found.answer.indexes.bound
    (told,) = answer.proof.slowed
    assert (told.text, told.kept) == (queries[1], False)
    assert told.without_ms < told.after_ms
    measured = {each.text: each for each in answer.proof.queries}
    assert measured[told.text].after.ms == told.without_ms
    assert not measured[told.text].used
    assert measured[queries[0]].used
    assert "given up: skewed_code" in proof.section(answer.proof, Paper(width=400))[-1]


@pytest.mark.parametrize(("may_lose", "kept"), [(0.25, True), (1.0, False)])
def test_an_index_is_not_given_up_for_more_than_may_be_lost(database, staging, tmp_path, may_lose, kept):
    """Another query needs it, asked a hundred times as often, which finds nothing on the copy."""
    path = tmp_path / "workload.sql"
    slowed, helped = "select note from skewed where code between 1 and 100", "select note from skewed where code = 500"
    path.write_text(";\n".join(["select note from measured where customer = 77", slowed, *[helped] * 100]))
    dsn = misled(database, staging)
    found = advise(Request(database, workload=(path,)), lambda _text: None, lambda _progress: None)
    answer = prove(found, dsn, lambda _text: None, may_lose).answer
    (told,) = answer.proof.slowed
    assert (told.text, told.kept) == (slowed, kept)
    assert ("skewed" in {each.table.name for each in answer.indexes.recommendations}) is kept


def test_the_room_of_what_was_given_up_is_filled(database, staging, tmp_path):
    """One index was to serve two queries. The other has one of its own then, which the first does not use."""
    path = tmp_path / "workload.sql"
    slowed = "select note from skewed where code between 1 and 100"
    path.write_text(f"select note from measured where customer = 77;{slowed};{KIND}")
    dsn = misled(database, staging)
    found = advise(Request(database, workload=(path,)), lambda _text: None, lambda _progress: None)
    (old,) = (each.index for each in found.answer.indexes.recommendations if each.table.name == "skewed")
    assert old.keys[0].column == "code"
    before = state(dsn)
    answer = prove(found, dsn, lambda _text: None).answer
    assert state(dsn) == before
    (told,), (filled,) = answer.proof.slowed, answer.proof.filled
    assert (told.text, told.indexes, told.kept) == (slowed, (old,), False)
    (new,) = (each.index for each in answer.indexes.recommendations if each.table.name == "skewed")
    assert (new, new.keys[0].column) == (filled.index, "kind")
    assert {each.text: each.used for each in answer.proof.queries}[KIND] == (new.name,)
    assert f"filled up: {new.name} on public.skewed (kind" in " ".join(proof.remarks(answer.proof))


PAIRS = """
drop table if exists pairs, asked;
create table pairs (a int not null, b int not null, note text not null) with (autovacuum_enabled = off);
insert into pairs select n, n % 10, repeat('x', 100) from generate_series(1, 100000) as n;
create table asked (a int not null, b int not null) with (autovacuum_enabled = off);
insert into asked select n * 2000, n * 2000 % 10 from generate_series(1, 50) as n;
vacuum analyze pairs;
vacuum analyze asked;
"""
FEW = """
update pairs set a = a % 10, b = a / 10;
update asked set a = a % 10, b = a / 10
"""
JOINED = "select count(p.note) from asked o join pairs p on p.a = o.a and p.b = o.b"


def test_an_index_that_is_looked_up_in_vain_gets_another_key(database, staging, tmp_path):
    """On the copy every a stands for thousands of rows, which the statistics do not know; with b each is found."""
    path = tmp_path / "workload.sql"
    path.write_text(f"select note from pairs where a = 500000; {JOINED}")
    dsn = prepared(staging.conninfo())
    execute(prepared(database), PAIRS)
    execute(dsn, PAIRS + FEW)
    found = advise(Request(database, workload=(path,)), lambda _text: None, lambda _progress: None)
    (narrow,) = found.answer.indexes.recommendations
    assert [key.column for key in narrow.index.keys] == ["a"]
    before = state(dsn)
    answer = prove(found, dsn, lambda _text: None).answer
    assert state(dsn) == before
    (only,) = answer.indexes.recommendations
    assert [key.column for key in only.index.keys] == ["a", "b"]
    (told,) = answer.proof.widened
    assert (told.instead, told.index, told.text) == (narrow.index, only.index, JOINED)
    assert told.then_ms < told.before_ms < told.after_ms
    measured = next(each for each in answer.proof.queries if each.text == JOINED)
    assert measured.after.ms == told.then_ms
    assert measured.used == (only.index.name,)
    assert only.size_bytes == next(each.bytes for each in answer.proof.built if each.index == only.index)
    assert not answer.proof.slowed
    assert f"widened: {only.index.name} on public.pairs (a, b) in place of" in " ".join(proof.remarks(answer.proof))
    with psycopg.connect(dsn) as connection:
        assert connection.execute("select count(*) from pg_index where indrelid = 'pairs'::regclass").fetchone() == (0,)
    with ledger.opened() as book:
        assert {run.state for run in book.runs()} == {State.UNDONE}


def test_what_is_proven_is_advised_whoever_thought_of_it(advised):
    """With its true size; no candidate has such keys."""
    index = Index(Name("public", "measured"), (Key("customer"), Key("note"), Key("id")))
    with raised(advised.snapshot) as twin:
        found = narrowed(advised, twin, frozenset({index}), {index: 4711})
    (only,) = found.answer.indexes.recommendations
    assert (only.index, only.size_bytes) == (index, 4711)
    assert only.why.startswith("It finds the rows by customer, note, id.")
    assert found.design.indexes == {index}


NAP = """
create function nap(n bigint) returns boolean language sql immutable cost 0.0001
    as 'select count(*) > 0 and n is not null from generate_series(1, 100)';
"""


def test_a_query_that_is_cut_off_without_the_index_is_told_with_it(database, staging, tmp_path, monkeypatch):
    """Its function is called for every row, or for those that the index finds."""
    monkeypatch.setattr(prove_trials, "SECONDS", 0.3)
    path = tmp_path / "workload.sql"
    path.write_text("select note from measured where customer = 77 and nap(id)")
    for dsn in (database, staging.conninfo()):
        execute(prepared(dsn), NAP)
    found = advise(Request(database, workload=(path,)), lambda _text: None, lambda _progress: None)
    (only,) = prove(found, staging.conninfo(), lambda _text: None).answer.proof.queries
    assert only.before.cut_off
    assert not only.after.cut_off
    assert "more than 300 ms → " in proof.told(only)


def test_what_slows_a_query_is_not_looked_for_for_ever(database, staging, tmp_path, monkeypatch):
    """When the time is over all indexes stay, the answer says so and names the query; nothing is left on the copy."""
    monkeypatch.setattr(prove_mending, "LEAST", 0)
    monkeypatch.setattr(timing, "TURNS", 1000)
    path = tmp_path / "workload.sql"
    path.write_text("select note from skewed where code between 1 and 100")
    dsn = misled(database, staging)
    found = advise(Request(database, workload=(path,)), lambda _text: None, lambda _progress: None)
    before = state(dsn)
    answer = prove(found, dsn, lambda _text: None).answer
    assert state(dsn) == before
    assert answer.indexes == found.answer.indexes
    late, slower = answer.proof.notes
    assert "longer than all the measuring before" in late
    assert "select note from skewed" in slower


def test_ctrl_c_while_it_builds_leaves_nothing(database, staging, tmp_path):
    """What was built before is dropped, and the record says so."""
    path = tmp_path / "workload.sql"
    path.write_text("select note from measured where customer = 77; select note from skewed where code = 7;")
    for dsn in (database, staging.conninfo()):
        execute(prepared(dsn), SKEWED.format(code="n"))
    found = advise(Request(database, workload=(path,)), lambda _text: None, lambda _progress: None)
    heard = []

    def second(text):
        heard.append(text.split()[0])
        if heard.count("creating") == 2 and heard[-1] == "creating":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prove(found, staging.conninfo(), second)
    assert "dropping" in heard
    with psycopg.connect(staging.conninfo()) as connection:
        left = connection.execute("select indexname from pg_indexes where schemaname = 'public'")
        assert [name for (name,) in left] == ["measured_pkey"]
    with ledger.opened() as book:
        assert book.runs()[0].state is State.UNDONE


def test_everything_that_could_do_more_is_refused(advised, staging):
    """Volatile functions, views, row locks and writes are named as the reason."""
    dsn = prepared(staging.conninfo())
    reasons = {each.text.strip(): each.why_not for each in prove(advised, dsn, lambda _text: None).answer.proof.queries}
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
