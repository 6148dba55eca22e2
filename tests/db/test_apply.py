"""Settings reach a real server whole or not at all, are checked there, and are written down before."""

import sqlite3
from dataclasses import replace

import pytest

from pgtune.model.errors import AppliedThenUndone, LedgerUnusable, MustNotRunHere, NotAllowed
from pgtune.model.server import Manager
from pgtune.model.step import State
from pgtune.server import facts, ledger
from pgtune.usecases.apply import How, apply
from tests.db.applying import RELOADABLE, RESTARTING, Tuned, error_of, nobody, tuning

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def tuned(own_server):
    return Tuned(own_server())


def test_apply_and_undo_on_every_version(own_server, version):
    """Values are in force or wait for their restart; undo leaves every file as it was, byte for byte."""
    tuned = Tuned(own_server(version))
    tuned.run("alter system set checkpoint_timeout = '7min'")
    tuned.run("alter system set maintenance_work_mem = '33MB'")
    before = tuned.digest()
    applied = tuned.apply(RELOADABLE | RESTARTING)
    assert {step.name for step in applied.changed} == set(RELOADABLE | RESTARTING)
    assert set(applied.pending) == set(RESTARTING)
    assert not applied.left_out
    assert [tuned.shows(name) for name in RELOADABLE] == list(RELOADABLE.values())
    assert tuned.last().state is State.APPLIED
    undone = tuned.undo()
    assert undone.exact
    assert tuned.digest() == before
    assert tuned.shows("work_mem") == "4MB"
    assert tuned.shows("checkpoint_timeout") == "7min"
    assert tuned.last().state is State.UNDONE


def test_undo_through_sql_is_exact_too(own_server, version):
    """Without file access the statements restore values and order, so the bytes are the same."""
    tuned = Tuned(own_server(version))
    for name, value in {"jit": "on", "checkpoint_timeout": "7min", "work_mem": "5MB"}.items():
        tuned.run(f"alter system set {name} = '{value}'")
    tuned.run("alter system set search_path = '$user', 'Odd Name'")
    tuned.run("alter system set log_line_prefix = E'it''s \\\\ %m '")
    before = tuned.bytes
    tuned.apply(RELOADABLE | RESTARTING, tuned.how(local=False))
    assert tuned.bytes != before
    undone = tuned.undo(how=tuned.how(local=False))
    assert undone.exact
    assert tuned.bytes == before


def test_the_second_run_finds_nothing_to_write(tuned):
    """Idempotent: the same tuning again writes nothing and makes no run."""
    tuned.apply(RELOADABLE)
    bytes_, run = tuned.bytes, tuned.last().id
    applied = tuned.apply(RELOADABLE)
    assert (applied.changed, applied.ledger_id) == ((), None)
    assert (tuned.bytes, tuned.last().id) == (bytes_, run)


def test_a_list_of_libraries_is_a_list(own_server, version):
    """A list is written as names, not as one name with a comma in it; the server starts with it."""
    tuned = Tuned(own_server(version))
    tuned.apply(
        {"shared_preload_libraries": "pg_stat_statements, auto_explain", "pg_stat_statements.track": "top"},
        tuned.how(restart=True),
    )
    assert tuned.shows("shared_preload_libraries") == "pg_stat_statements, auto_explain"
    assert tuned.shows("pg_stat_statements.track") == "top"
    assert b"shared_preload_libraries = 'pg_stat_statements, auto_explain'\n" in tuned.bytes


def test_one_writer_at_a_time(tuned):
    """A second pgtune is refused while one is writing, also over another database."""
    tuned.run("create database other")
    errors = []

    def meanwhile(text: str) -> None:
        if "alter system" in text:
            for database in ("postgres", "other"):
                conninfo = tuned.cluster.conninfo(database)
                errors.append(error_of(lambda c=conninfo: tuned.apply({"jit": "off"}, conninfo=c), MustNotRunHere, 5))

    tuned.apply({"work_mem": "32MB"}, say=meanwhile)
    assert len(errors) == 2
    assert "another pgtune" in errors[0]


def test_blocked_lines_are_left_out_by_name(tuned):
    """A blocked line is not written and named with its reason; so is one of the server's command line."""
    applied = tuned.apply(RELOADABLE, jit="a reason")
    assert [(out.name, out.why) for out in applied.left_out] == [("jit", "a reason")]
    assert tuned.shows("jit") == "on"
    assert b"jit" not in tuned.bytes


def test_a_standby_is_not_written_to(own_server, standby_of):
    """On a standby nothing is done, exit code 5."""
    primary = own_server()
    standby = Tuned(standby_of(primary))
    before = standby.digest()
    assert "standby" in error_of(lambda: standby.apply(RELOADABLE), MustNotRunHere, 5)
    assert standby.digest() == before


def test_a_ledger_that_cannot_be_written_stops_everything(tuned, home, monkeypatch):
    """No record, no change: one clear line and the files untouched."""
    before = tuned.digest()
    (home / "ledger.sqlite3").write_text("this is no database, and long enough to be looked at as one" * 20)
    text = error_of(lambda: tuned.apply(RELOADABLE), LedgerUnusable, 3)
    assert "ledger" in text
    monkeypatch.setenv("PGTUNE_HOME", "/proc/nowhere")
    error_of(lambda: tuned.apply(RELOADABLE), LedgerUnusable, 3)
    assert tuned.digest() == before
    assert tuned.shows("work_mem") == "4MB"


def test_the_ledger_is_private_and_holds_no_password(tuned, home):
    """Mode 0600, and neither the password nor the passfile's content in it."""
    password = (tuned.cluster.folder / "password").read_text().strip()
    conninfo = tuned.cluster.conninfo(password=password).replace(f"passfile={tuned.cluster.folder / 'pgpass'}", "")
    tuned.apply(RELOADABLE, conninfo=conninfo)
    file = home / "ledger.sqlite3"
    assert file.stat().st_mode & 0o777 == 0o600
    assert password.encode() not in file.read_bytes()
    assert tuned.last().target.startswith("postgres@")


@pytest.mark.parametrize("major", [17, 18])
def test_allow_alter_system_off_is_seen_before(own_server, major):
    """Nothing is written and the other way is named."""
    tuned = Tuned(own_server(major, {"allow_alter_system": "off"}))
    before = tuned.digest()
    assert "--via conf.d" in error_of(lambda: tuned.apply(RELOADABLE), NotAllowed, 3)
    assert tuned.digest() == before


def test_an_error_in_the_files_is_seen_before(tuned):
    """A file with an error would make the server ignore the reload: refused, and the line named."""
    tuned.cluster.configure({"no_such_setting": "1"})
    before = tuned.digest()
    text = error_of(lambda: tuned.apply(RELOADABLE), MustNotRunHere, 5)
    assert "postgresql.conf" in text
    assert "no_such_setting" in text
    assert tuned.digest() == before


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"manager": Manager("patroni", "a parameter")}, "pgtune tune --for patroni"),
        ({"version": 190000}, "not tested"),
        ({"version": 130000}, "not tested"),
    ],
)
def test_servers_that_are_only_advised(tuned, change, word):
    """A managed server and an untested version are not written to, and the right way is named."""
    before = tuned.digest()
    server = replace(facts.read(tuned.cluster.conninfo()), **change)
    asked = tuning(server.settings, RELOADABLE)
    text = error_of(lambda: apply(asked, server, tuned.cluster.conninfo(), How(), nobody), MustNotRunHere, 5)
    assert word in text
    assert tuned.digest() == before


def test_a_ledger_that_fails_halfway(tuned, home):
    """The ledger cannot be written any more in the middle: what was changed is taken back all the same."""
    before = tuned.digest()

    def failing(text: str) -> None:
        if text.startswith("alter system: jit"):
            with sqlite3.connect(home / "ledger.sqlite3") as database:
                database.execute("create trigger full before insert on event begin select raise(abort, 'full'); end")
            database.close()

    text = error_of(lambda: tuned.apply(RELOADABLE, say=failing), AppliedThenUndone, 4)
    assert "ledger" in text
    assert tuned.digest() == before
    assert tuned.shows("work_mem") == "4MB"


def test_an_unfinished_run_is_named(tuned):
    """After a run that never came to its end the next one says so and how to take it back."""
    tuned.apply({"work_mem": "32MB"})
    with ledger.opened() as book:
        book.record(1, State.WRITING)
    tuned.apply({"jit": "off"})
    assert any("pgtune undo 1" in text for text in tuned.said)


def test_the_servers_own_reckoning_counts_as_done(own_server):
    """wal_buffers = -1 is in force although the server shows what it made of it."""
    tuned = Tuned(own_server(18, {"wal_buffers": "1MB"}))
    assert tuned.apply({"wal_buffers": "-1"}, tuned.how(restart=True)).restarted
    assert tuned.shows("wal_buffers") == "4MB"


def test_edits_that_were_never_loaded(tuned):
    """A value that waited in the file for a reload is no failure when a refused run is taken back."""
    tuned.run("alter system set work_mem = '9MB'")
    before = tuned.digest()
    error_of(lambda: tuned.apply({"work_mem": "32MB", "random_page_cost": "-5"}), AppliedThenUndone, 4)
    assert tuned.digest() == before
    assert tuned.shows("work_mem") == "9MB"
