"""Undo restores what pgtune wrote, leaves alone what somebody changed since, and says which is which."""

import json
import sqlite3

import pytest
from click.testing import CliRunner

from pgtune.cli import root
from pgtune.model.errors import BadInput, ChangedSince, MustNotRunHere
from pgtune.model.step import State
from tests.db.applying import RELOADABLE, RESTARTING, Tuned, error_of

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def tuned(own_server):
    return Tuned(own_server())


@pytest.fixture
def including(own_server):
    """A server that includes conf.d, as Debian's do."""
    cluster = own_server(start=False)
    (cluster.data / "conf.d").mkdir()
    cluster.account.own(cluster.data / "conf.d")
    cluster.configure({"include_dir": "conf.d"})
    cluster.start()
    return Tuned(cluster)


@pytest.mark.parametrize("local", [True, False])
def test_what_somebody_changed_since_stays(tuned, local):
    """Changed settings are refused by name, the others go back, and a second undo finds the same ones."""
    tuned.apply(RELOADABLE)
    tuned.run("alter system set work_mem = '77MB'")
    tuned.run("alter system reset jit")
    tuned.run("alter system set autovacuum_naptime = '33s'")
    undone = tuned.undo(how=tuned.how(local=local))
    assert [refusal.name for refusal in undone.refused] == ["work_mem"]
    assert "77MB" in undone.refused[0].why
    assert {step.name for step in undone.restored} == {"random_page_cost", "checkpoint_timeout"}
    assert tuned.shows("work_mem") == "77MB"
    assert tuned.shows("autovacuum_naptime") == "33s"
    assert tuned.shows("random_page_cost") == "4"
    assert tuned.last().state is State.PARTLY_UNDONE
    tuned.run("alter system set work_mem = '32MB'")
    assert not tuned.undo().refused
    assert tuned.last().state is State.UNDONE
    assert tuned.shows("work_mem") == "4MB"


def test_what_never_was_in_force_does_not_wait(tuned):
    """A value that was taken back before the restart waits for nothing, whatever mark the server keeps."""
    tuned.apply(RESTARTING)
    undone = tuned.undo()
    assert undone.pending == ()
    assert any("max_worker_processes" in note for note in undone.notes)


def test_what_waited_before_waits_again(tuned):
    """A value that an administrator had left waiting for a restart is in the file again, and not in force."""
    tuned.run("alter system set max_worker_processes = '11'")
    tuned.run("select pg_reload_conf()")
    tuned.apply(RESTARTING)
    assert tuned.undo().pending == ("max_worker_processes",)


def test_what_is_in_force_waits_for_the_restart(tuned):
    """Undone without a restart: the settings that still run with pgtune's value are named."""
    tuned.apply(RELOADABLE | RESTARTING, tuned.how(restart=True))
    assert set(tuned.undo().pending) == set(RESTARTING)


@pytest.mark.parametrize("local", [True, False])
def test_two_runs_in_either_order(tuned, local):
    """Runs that do not overlap are undone in any order; one that overlaps a later one is refused by name until then."""
    before = tuned.digest()
    tuned.apply({"work_mem": "32MB", "jit": "off"})
    tuned.apply({"work_mem": "64MB", "random_page_cost": "1.1"})
    how = tuned.how(local=local)
    first = tuned.undo(1, how)
    assert [refusal.name for refusal in first.refused] == ["work_mem"]
    assert "run 2" in first.refused[0].why
    assert tuned.shows("jit") == "on"
    assert tuned.shows("work_mem") == "64MB"
    assert not tuned.undo(2, how).refused
    assert tuned.shows("work_mem") == "32MB"
    assert not tuned.undo(1, how).refused
    assert tuned.digest() == before


def test_nothing_to_undo(tuned):
    """No run, or one that was undone: nothing happens, and that is no error."""
    assert tuned.undo().run is None
    tuned.apply(RELOADABLE)
    tuned.undo()
    before = tuned.digest()
    assert tuned.undo().run is None
    assert tuned.undo(1).restored == ()
    assert tuned.digest() == before


def test_runs_belong_to_their_server(tuned, own_server):
    """A run on another cluster is neither the default nor undone by its number."""
    other = own_server(17)  # copies of one cluster share the system identifier, another version's does not
    tuned.apply(RELOADABLE)
    assert Tuned(other).undo().run is None
    assert "another server" in error_of(lambda: Tuned(other).undo(1), BadInput, 2)
    error_of(lambda: tuned.undo(99), BadInput, 2)


def test_comments_of_a_person_come_back(tuned):
    """A hand-edited auto.conf: the user is warned, and undo brings back comments and spacing where it has the file."""
    with tuned.auto_conf.open("a") as file:
        file.write("# do not touch, says Ann\nwork_mem   =  6MB\n\n")
    before = tuned.digest()
    tuned.apply(RELOADABLE)
    assert any("comments" in text for text in tuned.said)
    assert b"Ann" not in tuned.bytes
    assert tuned.undo().exact
    assert tuned.digest() == before


def test_without_the_file_comments_are_lost_and_said_so(tuned):
    """By statements alone the values come back, and the loss of the comments is said before and after."""
    with tuned.auto_conf.open("a") as file:
        file.write("# do not touch, says Ann\nwork_mem   =  6MB\n\n")
    how = tuned.how(local=False)
    tuned.apply(RELOADABLE, how)
    assert any("cannot bring them back" in text for text in tuned.said)
    undone = tuned.undo(how=how)
    assert not undone.exact
    assert any("comments" in note for note in undone.notes)
    assert tuned.shows("work_mem") == "6MB"


def test_a_damaged_record_is_never_written(tuned, home):
    """An image that fails its checksum is refused."""
    tuned.apply(RELOADABLE)
    before = tuned.digest()
    with sqlite3.connect(home / "ledger.sqlite3") as database:
        database.execute("update run set image = x'00'")
    database.close()
    with pytest.raises(Exception, match="checksum"):
        tuned.undo()
    assert tuned.digest() == before


def test_conf_d_and_back(including):
    """A file of our own with the server's owner and mode; undo removes it."""
    before = including.digest()
    applied = including.apply(RELOADABLE | RESTARTING, including.how(via="conf.d", restart=True))
    file = including.cluster.data / "conf.d/99-pgtune.conf"
    model = (including.cluster.data / "postgresql.conf").stat()
    assert (file.stat().st_uid, file.stat().st_mode) == (model.st_uid, model.st_mode)
    assert applied.restarted
    assert including.shows("work_mem") == "32MB"
    assert including.shows("shared_buffers") == "48MB"
    assert including.undo(how=including.how(restart=True)).exact
    assert not file.exists()
    assert including.digest() == before
    assert including.shows("shared_buffers") == "128MB"


def test_conf_d_twice(including):
    """A second run adds to the file; undoing it brings back the first one's file byte for byte."""
    including.apply({"work_mem": "32MB"}, including.how(via="conf.d"))
    between = including.digest()
    including.apply({"work_mem": "64MB", "jit": "off"}, including.how(via="conf.d"))
    assert including.undo().exact
    assert including.digest() == between
    assert including.shows("work_mem") == "32MB"


def test_conf_d_changed_by_hand(including):
    """A value that was edited in our file stays, the others go."""
    including.apply(RELOADABLE, including.how(via="conf.d"))
    file = including.cluster.data / "conf.d/99-pgtune.conf"
    file.write_text(file.read_text().replace("32MB", "77MB"))
    undone = including.undo()
    assert [refusal.name for refusal in undone.refused] == ["work_mem"]
    assert including.shows("jit") == "on"
    assert including.shows("work_mem") == "77MB"


def test_what_would_win_over_conf_d_is_left_out(including):
    """A line of auto.conf, behind the include or in a later file wins: left out by name."""
    including.run("alter system set work_mem = '9MB'")
    including.cluster.configure({"jit": "on"})
    (including.cluster.data / "conf.d/zz.conf").write_text("checkpoint_timeout = 9min\n")
    (including.cluster.data / "conf.d/00.conf").write_text("random_page_cost = 2\n")
    applied = including.apply(RELOADABLE, including.how(via="conf.d"))
    assert {out.name for out in applied.left_out} == {"work_mem", "jit", "checkpoint_timeout"}
    assert "postgresql.auto.conf" in applied.left_out[0].why
    assert including.shows("random_page_cost") == "1.1"


def test_conf_d_needs_the_files(tuned, including):
    """No include_dir, or the server elsewhere: refused before anything."""
    text = error_of(lambda: tuned.apply(RELOADABLE, tuned.how(via="conf.d")), MustNotRunHere, 5)
    assert "include_dir" in text
    how = including.how(via="conf.d", local=False)
    error_of(lambda: including.apply(RELOADABLE, how), MustNotRunHere, 5)


def test_conf_d_where_alter_system_is_off(own_server):
    """allow_alter_system = off: the drop-in works, and so does undo."""
    cluster = own_server(17, {"allow_alter_system": "off", "include_dir": "."}, start=False)
    cluster.configure({"include_dir": "extra"})
    (cluster.data / "extra").mkdir()
    lines = (cluster.data / "postgresql.conf").read_text().replace("include_dir = '.'\n", "")
    (cluster.data / "postgresql.conf").write_text(lines)
    cluster.start()
    tuned = Tuned(cluster)
    before = tuned.digest()
    tuned.apply(RELOADABLE, tuned.how(via="conf.d"))
    assert tuned.shows("work_mem") == "32MB"
    assert tuned.undo().exact
    assert tuned.digest() == before


def call(*words: str):
    """The command line, as a user calls it."""
    return CliRunner().invoke(root, list(words), catch_exceptions=True)


def test_the_commands(tuned):
    """history and undo as commands: what they print, their JSON and their exit codes."""
    conninfo = tuned.cluster.conninfo()
    assert "nothing to undo" in call("undo", conninfo, "--yes").stderr
    tuned.apply(RELOADABLE)
    told = call("history", conninfo)
    assert told.exit_code == 0
    assert "work_mem 4MB → 32MB" in " ".join(told.stdout.split())
    record = json.loads(call("history", "--output", "json").stdout)
    assert record["schema"] == "pgtune.history/1"
    assert record["runs"][0]["settings"][0] == {
        "name": "work_mem", "before": None, "after": "32MB", "restart": False, "undone": False,
    }  # fmt: skip
    assert [event["state"] for event in record["runs"][0]["events"]][-1] == "applied"
    refused = call("undo", conninfo)
    assert refused.exit_code == 2
    assert "work_mem: 32MB -> 4MB" in refused.stderr
    tuned.run("alter system set jit = 'on'")
    done = call("undo", "1", conninfo, "--yes")
    assert isinstance(done.exception, ChangedSince)
    assert "jit" in str(done.exception)
    assert tuned.shows("work_mem") == "4MB"
    assert "partly undone" in call("history").stdout
