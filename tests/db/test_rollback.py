"""Whatever fails on the way, the server and its files end as they were, and the message says why."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest

from pgtune.model.errors import AppliedThenUndone, NotAllowed, Refused, UndoIncomplete
from pgtune.model.step import State
from pgtune.server import files
from tests.db.applying import RELOADABLE, Tuned, error_of

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def tuned(own_server):
    return Tuned(own_server())


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"shared_preload_libraries": "no_such_library"}, "no_such_library"),
        ({"huge_pages": "on", "huge_page_size": "1GB"}, "shared memory"),
    ],
)
@pytest.mark.parametrize("major", [14, 18])
def test_a_value_that_cannot_boot(own_server, major, values, word):
    """The former files come back byte for byte, the server runs on them, and its own FATAL line is in the message."""
    tuned = Tuned(own_server(major))
    tuned.run("alter system set checkpoint_timeout = '7min'")
    before = tuned.digest()
    text = error_of(lambda: tuned.apply(RELOADABLE | values, tuned.how(restart=True)), AppliedThenUndone, 4)
    assert "FATAL" in text
    assert word in text
    assert tuned.digest() == before
    assert tuned.shows("work_mem") == "4MB"
    assert tuned.run("select count(*) from pg_settings where pending_restart") == [(0,)]
    assert tuned.last().state is State.TAKEN_BACK


def test_the_log_of_the_collector_is_read_too(own_server):
    """With logging_collector the reason may stand in its files."""
    tuned = Tuned(own_server(18, {"logging_collector": "on", "log_directory": "collected"}))
    before = tuned.digest()
    values = {"huge_pages": "on", "huge_page_size": "1GB"}
    text = error_of(lambda: tuned.apply(values, tuned.how(restart=True)), AppliedThenUndone, 4)
    assert "FATAL" in text
    assert tuned.digest() == before


def test_a_pending_restart_that_cannot_boot(tuned):
    """A run that only waited for its restart is taken back whole when the server does not come up with it."""
    before = tuned.digest()
    tuned.apply({"shared_preload_libraries": "no_such_library"})
    again = {"shared_preload_libraries": "no_such_library"}
    error_of(lambda: tuned.apply(again, tuned.how(restart=True)), AppliedThenUndone, 4)
    assert tuned.digest() == before
    assert tuned.shows("shared_preload_libraries") == ""


@pytest.mark.parametrize("local", [True, False])
def test_a_refused_value_halfway(tuned, local):
    """What was written before the refused statement is taken back, byte for byte."""
    tuned.run("alter system set jit = 'on'")
    before = tuned.digest()
    values = {"work_mem": "32MB", "jit": "off", "random_page_cost": "-5"}
    text = error_of(lambda: tuned.apply(values, tuned.how(local=local)), AppliedThenUndone, 4)
    assert "random_page_cost" in text
    assert tuned.digest() == before


def test_a_refused_first_value(tuned):
    """Nothing had been written: the plain error, exit code 3."""
    before = tuned.digest()
    error_of(lambda: tuned.apply({"random_page_cost": "-5", "work_mem": "32MB"}), Refused, 3)
    assert tuned.digest() == before
    assert tuned.last().state is State.FAILED


@pytest.mark.parametrize("major", [14, 15, 18])
def test_a_plain_role(own_server, role, major):
    """No superuser and no grants: refused before anything, with the grant that is missing."""
    tuned = Tuned(own_server(major))
    before = tuned.digest()
    conninfo = role(tuned.cluster)
    text = error_of(lambda: tuned.apply(RELOADABLE, conninfo=conninfo), NotAllowed, 3)
    assert "GRANT" in text
    assert tuned.digest() == before


@pytest.mark.parametrize("major", [15, 18])
def test_granted_parameters_only(own_server, role, major):
    """With grants on some settings those are written, the others left out with the grant that would bring them."""
    tuned = Tuned(own_server(major))
    before = tuned.digest()
    conninfo = role(tuned.cluster, name="tuner")
    tuned.run("grant alter system on parameter work_mem, jit to tuner")
    tuned.run("grant execute on function pg_reload_conf() to tuner")
    tuned.run("grant execute on function pg_read_binary_file(text, bigint, bigint, boolean) to tuner")
    applied = tuned.apply(RELOADABLE, tuned.how(local=False), conninfo=conninfo)
    assert {step.name for step in applied.changed} == {"work_mem", "jit"}
    assert {out.name for out in applied.left_out} == {"random_page_cost", "checkpoint_timeout"}
    assert "GRANT ALTER SYSTEM ON PARAMETER random_page_cost TO tuner" in applied.left_out[0].why
    assert tuned.shows("work_mem") == "32MB"
    assert tuned.undo(how=tuned.how(local=False), conninfo=conninfo).exact
    assert tuned.digest() == before


def test_without_a_look_at_the_files_the_servers_mark_counts(own_server, role):
    """Whether a restored value still waits for a restart cannot be told then, so nobody is told that it does not."""
    tuned = Tuned(own_server(18))
    conninfo = role(tuned.cluster, name="tuner")
    tuned.run("grant alter system on parameter max_worker_processes to tuner")
    tuned.run("grant execute on function pg_reload_conf() to tuner")
    tuned.run("grant execute on function pg_read_binary_file(text, bigint, bigint, boolean) to tuner")
    applied = tuned.apply({"max_worker_processes": "12"}, tuned.how(local=False), conninfo=conninfo)
    assert applied.pending == ("max_worker_processes",)
    undone = tuned.undo(how=tuned.how(local=False), conninfo=conninfo)
    assert undone.exact
    assert undone.pending == ("max_worker_processes",)
    assert not any("in force" in note for note in undone.notes)


@pytest.mark.parametrize("local", [True, False])
def test_a_connection_that_is_lost(tuned, local):
    """Our session is ended between two statements: pgtune comes back and takes back what it wrote."""
    before = tuned.digest()
    seen = []

    def ending(text: str) -> None:
        seen.append(text)
        if text.startswith("alter system: checkpoint_timeout"):
            tuned.run("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pgtune'")

    text = error_of(lambda: tuned.apply(RELOADABLE, tuned.how(local=local), say=ending), AppliedThenUndone, 4)
    assert "taken back" in text
    assert tuned.digest() == before
    assert tuned.last().state is State.TAKEN_BACK


def test_a_server_that_does_not_come_back(tuned, monkeypatch):
    """The server dies for good in the middle and its files are out of reach: what is left is named, and undo later."""
    monkeypatch.setattr("pgtune.server.writer.PAUSES", (0.01, 0.01, 0.01))
    before = tuned.digest()

    def killing(text: str) -> None:
        if text.startswith("alter system: checkpoint_timeout"):
            tuned.cluster.kill()

    text = error_of(lambda: tuned.apply(RELOADABLE, tuned.how(local=False), say=killing), UndoIncomplete, 3)
    assert "work_mem" in text
    assert "pgtune undo 1" in text
    tuned.cluster.start()
    assert tuned.undo(1).exact
    assert tuned.digest() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_takes_back(tuned, number):
    """Ctrl-C and SIGTERM: everything is taken back, and the interrupt goes on (the command's exit code is 130)."""
    before = tuned.digest()
    former = signal.signal(signal.SIGTERM, signal.default_int_handler)

    def interrupting(text: str) -> None:
        if text.startswith("alter system: checkpoint_timeout"):
            os.kill(os.getpid(), number)

    try:
        with pytest.raises(KeyboardInterrupt):
            tuned.apply(RELOADABLE, say=interrupting)
    finally:
        signal.signal(signal.SIGTERM, former)
    assert tuned.digest() == before
    assert tuned.last().state is State.TAKEN_BACK


KILLED = """
import os, signal, sys
from pgtune.cluster import Cluster, find
from tests.db.applying import RELOADABLE, RESTARTING, Tuned
from pathlib import Path
tuned = Tuned(Cluster.at(Path(sys.argv[1]), find(int(sys.argv[2]))))
def say(text):
    if text.startswith(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
values = {**RELOADABLE, **RESTARTING} if len(sys.argv) < 5 else {"shared_preload_libraries": sys.argv[4]}
tuned.apply(values, tuned.how(restart=True), say=say)
"""


def killed(tuned: Tuned, moment: str, *more: str) -> None:
    """pgtune in a process of its own that is killed with -9 when it says this."""
    words = [sys.executable, "-c", KILLED, str(tuned.cluster.folder), str(tuned.cluster.binaries.major), moment, *more]
    done = subprocess.run(words, check=False, capture_output=True, text=True, cwd=Path(__file__).parents[2], timeout=90)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize(
    ("moment", "state"),
    [
        ("alter system: work_mem", State.WRITING),
        ("alter system: checkpoint_timeout", State.WRITING),
        ("reloading", State.WRITTEN),
        ("stopping", State.RESTARTING),
    ],
)
def test_kill_9_at_any_moment(tuned, moment, state, local):
    """The ledger says how far it came, and undo restores every byte."""
    tuned.run("alter system set checkpoint_timeout = '7min'")
    tuned.run("alter system set jit = 'on'")
    before = tuned.digest()
    killed(tuned, moment)
    assert tuned.last().state is state
    undone = tuned.undo(how=tuned.how(local=local))
    assert undone.exact
    assert tuned.digest() == before
    assert tuned.last().state is State.UNDONE


def test_kill_9_while_the_server_is_down(tuned):
    """Killed between stop and start, with values that cannot boot: undo restores the files and starts the server."""
    before = tuned.digest()
    killed(tuned, "stopping", "no_such_library")
    tuned.cluster.stop()
    undone = tuned.undo(how=tuned.how_stopped())
    assert undone.exact
    assert undone.restarted
    assert tuned.digest() == before
    assert tuned.shows("work_mem") == "4MB"


@pytest.fixture
def small_disk(own_server):
    """A cluster on a file system of 120 MB of its own."""
    cluster = own_server(start=False)
    if os.geteuid() != 0:
        pytest.skip("not tested: a full disk needs a file system of its own, and only root can mount one")
    saved = cluster.folder / "saved"
    cluster.data.rename(saved)
    cluster.data.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=120m,mode=0700", "tmpfs", str(cluster.data)]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"not tested: a full disk needs a file system of its own: {done.stderr.strip()}")
    try:
        subprocess.run(["cp", "-a", f"{saved}/.", str(cluster.data)], check=True)
        cluster.account.own(cluster.data)
        cluster.start()
        yield Tuned(cluster)
        cluster.stop("immediate")
    finally:
        subprocess.run(["umount", "-l", str(cluster.data)], check=True)


def fill(folder: Path) -> Path:
    """Fill the file system to the last byte."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return ballast


@pytest.mark.parametrize("local", [True, False])
def test_a_full_disk(small_disk, local):
    """ALTER SYSTEM finds no space: nothing half done, the file as it was, a plain error."""
    tuned = small_disk
    tuned.run("alter system set jit = 'on'")
    before, how = tuned.bytes, tuned.how(local=local)
    ballast = fill(tuned.cluster.data)
    text = error_of(lambda: tuned.apply(RELOADABLE, how), Refused, 3)
    assert "space" in text.lower()
    assert tuned.bytes == before
    ballast.unlink()
    tuned.apply(RELOADABLE, how)
    assert tuned.shows("work_mem") == "32MB"


def test_a_disk_that_fills_halfway(small_disk):
    """The disk fills between two statements: what was written is taken back in place, byte for byte."""
    tuned = small_disk
    tuned.run("alter system set jit = 'on'")
    before = tuned.bytes

    def filling(text: str) -> None:
        if text.startswith("alter system: checkpoint_timeout"):
            fill(tuned.cluster.data)

    error_of(lambda: tuned.apply(RELOADABLE, say=filling), AppliedThenUndone, 4)
    assert tuned.bytes == before
    assert tuned.shows("work_mem") == "4MB"


def test_a_reader_never_sees_half_a_file(tmp_path):
    """A file that is replaced over and over always has one of its two contents."""
    path, contents = tmp_path / "a.conf", (b"a" * 100_000, b"b" * 200_000)
    files.replace(path, contents[0], Path(__file__))
    ended = threading.Event()

    def writing() -> None:
        while not ended.is_set():
            for content in contents:
                files.replace(path, content)

    thread = threading.Thread(target=writing)
    thread.start()
    limit = time.monotonic() + 1
    try:
        while time.monotonic() < limit:
            assert path.read_bytes() in contents
    finally:
        ended.set()
        thread.join()
    assert list(tmp_path.iterdir()) == [path]


def test_an_override_of_the_role_does_not_look_like_a_failure(tuned):
    """ALTER ROLE hides the file's value from our own sessions: the run still counts as done."""
    tuned.run("alter role postgres set work_mem = '6MB'")
    tuned.apply({"work_mem": "32MB"})
    with psycopg.connect(tuned.cluster.conninfo()) as connection:
        assert connection.execute("show work_mem").fetchone() == ("6MB",)
    assert tuned.last().state is State.APPLIED
