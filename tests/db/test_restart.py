"""A server is restarted only where that is possible and safe, as it was started, and found out before anything else."""

import os
import shlex
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from pgtune.model.errors import AppliedThenUndone, MustNotRunHere, NotAllowed
from pgtune.model.step import State
from tests.db.applying import RELOADABLE, RESTARTING, Tuned, error_of

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def tuned(own_server):
    return Tuned(own_server())


def test_restart_on_every_version(own_server, version):
    """The values are in force afterwards; undo with a restart brings back values and bytes."""
    tuned = Tuned(own_server(version))
    before, pid = tuned.digest(), tuned.cluster.pid
    applied = tuned.apply(RELOADABLE | RESTARTING, tuned.how(restart=True))
    assert applied.restarted
    assert not applied.pending
    assert tuned.cluster.pid != pid
    assert {name: tuned.shows(name) for name in RESTARTING} == RESTARTING
    undone = tuned.undo(how=tuned.how(restart=True))
    assert undone.restarted
    assert tuned.digest() == before
    assert tuned.shows("shared_buffers") == "128MB"


def test_the_server_is_started_as_it_was(own_server):
    """Same account, same options, same environment, same log file, and it outlives pgtune's session."""
    cluster = own_server(start=False)
    log, data = cluster.log, cluster.data
    done = cluster.account.run(
        [cluster.binaries.program("pg_ctl"), "start", "-w", "-D", data, "-l", log, "-o", "-c work_mem=7MB"],
        {**cluster.binaries.environment, "PGTZ": "Asia/Tokyo", "TELLTALE": "kept"},
    )
    assert done.returncode == 0
    tuned = Tuned(cluster)
    size = log.stat().st_size
    tuned.apply({"shared_buffers": "48MB"}, tuned.how(restart=True))
    process = Path(f"/proc/{cluster.pid}")
    assert tuned.shows("work_mem") == "7MB"
    assert "TELLTALE=kept" in (process / "environ").read_text().split("\0")
    assert process.stat().st_uid == data.stat().st_uid
    assert (process / "fd/2").readlink() == log
    assert "database system is ready" in log.read_bytes()[size:].decode()
    assert os.getsid(cluster.pid) != os.getsid(0)


def test_limits_and_the_killers_score_stay(own_server):
    """The limits and the out-of-memory score of the old postmaster are the new one's, not those of our terminal."""
    cluster = own_server(start=False)
    start = [cluster.binaries.program("pg_ctl"), "start", "-w", "-D", cluster.data, "-l", cluster.log]
    cluster.account.run(["prlimit", "--nofile=777:888", *start], cluster.binaries.environment)
    Path(f"/proc/{cluster.pid}/oom_score_adj").write_text("123")
    Tuned(cluster).apply({"shared_buffers": "48MB"}, Tuned(cluster).how(restart=True))
    limits = Path(f"/proc/{cluster.pid}/limits").read_text().splitlines()
    assert next(line.split()[3:5] for line in limits if line.startswith("Max open files")) == ["777", "888"]
    assert Path(f"/proc/{cluster.pid}/oom_score_adj").read_text().strip() == "123"


@pytest.fixture
def control_group():
    """A memory control group of the test's own."""
    for parent in (Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")):
        folder = parent / f"pgtune-test-{os.getpid()}"
        if (parent / "cgroup.procs").exists():
            try:
                folder.mkdir()
            except OSError:
                continue
            yield folder
            limit = time.monotonic() + 10
            while (folder / "cgroup.procs").read_text() and time.monotonic() < limit:
                time.sleep(0.05)  # until the last of the server's processes is gone
            folder.rmdir()
            return
    pytest.skip("not tested: no control group can be made here")


def test_the_control_group_stays(own_server, control_group):
    """A server in a control group is started in it again: its memory limit goes on to hold."""
    tuned = Tuned(own_server())
    for process in [psutil.Process(tuned.cluster.pid), *psutil.Process(tuned.cluster.pid).children()]:
        (control_group / "cgroup.procs").write_text(str(process.pid))
    tuned.apply({"shared_buffers": "48MB"}, tuned.how(restart=True))
    members = (control_group / "cgroup.procs").read_text().split()
    assert str(tuned.cluster.pid) in members
    assert len(members) > 3
    tuned.cluster.stop("immediate")


def test_a_command_line_option_is_left_out_by_name(own_server):
    """What the command line gives wins over every file: not written."""
    cluster = own_server(start=False)
    cluster.run("pg_ctl", "start", "-w", "-D", cluster.data, "-l", cluster.log, "-o", "-c work_mem=7MB")
    applied = Tuned(cluster).apply(RELOADABLE)
    assert [out.name for out in applied.left_out] == ["work_mem"]
    assert "command line" in applied.left_out[0].why


def test_only_the_pending_restart(tuned):
    """Applied without a restart and asked again with one: the same run goes on, and undo takes all of it back."""
    before = tuned.digest()
    first = tuned.apply(RESTARTING)
    second = tuned.apply(RESTARTING, tuned.how(restart=True))
    assert second.restarted
    assert second.ledger_id == first.ledger_id
    assert tuned.shows("shared_buffers") == "48MB"
    tuned.undo(how=tuned.how(restart=True))
    assert tuned.digest() == before


def test_no_needless_restart(tuned):
    """Where no setting needs one the server is left running."""
    pid = tuned.cluster.pid
    assert not tuned.apply(RELOADABLE, tuned.how(restart=True)).restarted
    assert tuned.cluster.pid == pid


@pytest.mark.parametrize(
    ("change", "kind", "code", "word"),
    [
        (None, MustNotRunHere, 5, "not within reach"),
        ({"in_container": True}, MustNotRunHere, 5, "container"),
        ({"unit": "postgresql@18-main.service"}, MustNotRunHere, 5, "systemctl restart postgresql@18-main.service"),
        ({"pid": 1}, MustNotRunHere, 5, "container"),
    ],
)
def test_no_way_to_restart_is_found_out_before(tuned, change, kind, code, word):
    """--restart without a way refuses before anything is written, and says what would do."""
    before = tuned.digest()
    how = tuned.how(restart=True, local=change is not None)
    how = replace(how, located=replace(how.located, **change)) if change else how
    assert word in error_of(lambda: tuned.apply(RESTARTING, how), kind, code)
    assert tuned.digest() == before


def test_a_command_of_the_user(tuned):
    """--restart-command is run without a shell, also where systemd runs the server; the values are checked after it."""
    cluster = tuned.cluster
    words = ["setpriv", f"--reuid={cluster.account.uid}", "--clear-groups"] if cluster.account.switch else []
    words += [str(cluster.binaries.program("pg_ctl")), "restart", "-w", "-D", str(cluster.data), "-l", str(cluster.log)]
    how = tuned.how(restart=True, restart_command=shlex.join(words))
    applied = tuned.apply(RESTARTING, replace(how, located=replace(how.located, unit="x.service")))
    assert applied.restarted
    assert tuned.shows("shared_buffers") == "48MB"


@pytest.mark.parametrize("command", ["true", "false", "/no/such/program"])
def test_a_command_that_does_not_restart(tuned, command):
    """A command that fails, or ends well without having restarted anything, is found out, and all is taken back."""
    before, pid = tuned.digest(), tuned.cluster.pid
    how = tuned.how(restart=True, restart_command=command)
    error_of(lambda: tuned.apply(RELOADABLE | RESTARTING, how), AppliedThenUndone, 4)
    assert tuned.digest() == before
    assert tuned.cluster.pid == pid
    assert tuned.shows("work_mem") == "4MB"
    assert tuned.last().state is State.TAKEN_BACK


def test_a_folder_that_cannot_be_written_refuses_restart(tuned, monkeypatch):
    """Without the right to put the files back there is no --restart."""
    monkeypatch.setattr("pgtune.server.files.writable", lambda _path: False)
    error_of(lambda: tuned.apply(RESTARTING, tuned.how(restart=True)), NotAllowed, 3)
