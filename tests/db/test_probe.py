"""`pgtune probe` on real servers: whose process they are, what their cgroup allows, how fast the disk is."""

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import jsonschema
import psycopg
import pytest

from pgtune import host
from pgtune.cluster import Cluster
from pgtune.host import speed
from pgtune.host.kernel import io_uring
from pgtune.host.postmaster import Located, locate
from pgtune.model.errors import MustNotRunHere, NotAllowed
from pgtune.model.server import Server
from pgtune.model.units import GB, MB
from pgtune.server import facts
from pgtune.server.connect import reading

SCHEMAS = Path(__file__).parents[2] / "docs/schemas"
SCHEMA = json.loads((SCHEMAS / "pgtune.probe.1.json").read_text(encoding="utf-8"))
ROOT = os.geteuid() == 0
NOBODY = 65534
MEMORY_FILES = {"/sys/fs/cgroup/memory": "memory.limit_in_bytes", "/sys/fs/cgroup": "memory.max"}


def pgtune(*words: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run the command as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "pgtune", *words], capture_output=True, text=True, check=False, timeout=60, **options
    )


@contextmanager
def facts_of(conninfo: str) -> Iterator[Server]:
    """A server's facts while the session that read them is open."""
    with reading(conninfo) as connection:
        yield facts.read_from(connection)


def as_nobody(question: Callable[[], object]) -> object:
    """What an account without any rights is answered: asked in a child process that gave up root."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            os.write(write, pickle.dumps(question()))
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    assert answer, "the child process failed"
    return pickle.loads(answer)


@pytest.fixture
def memory_group() -> Iterator[Path]:
    """A memory cgroup of 1 GB of the test's own, v1 or v2."""
    for parent, file in MEMORY_FILES.items():
        folder = Path(parent, f"pgtune-test-probe-{os.getpid()}")
        try:
            folder.mkdir()
            (folder / file).write_text(str(GB))
        except OSError:
            if folder.is_dir():
                _removed(folder)
            continue
        yield folder
        for each in (*(inner for inner in folder.iterdir() if inner.is_dir()), folder):
            _wait(lambda group=each: _removed(group))
        return
    pytest.skip("not tested: no memory cgroup can be made here")


def _removed(group: Path) -> bool:
    """True once the group is gone: the kernel keeps it while its last processes end."""
    try:
        group.rmdir()
    except OSError:
        return False
    return True


@contextmanager
def inside(group: Path) -> Iterator[None]:
    """Processes started here belong to the group; the test leaves it again."""
    top, mark = Path("/sys/fs/cgroup/memory"), ":memory:"
    if not group.is_relative_to(top):
        top, mark = Path("/sys/fs/cgroup"), "0::"
    line = next(line for line in Path("/proc/self/cgroup").read_text().splitlines() if mark in line)
    home = top / line.rpartition(":")[2].lstrip("/")
    (group / "cgroup.procs").write_text("0")
    try:
        yield
    finally:
        (home / "cgroup.procs").write_text("0")


def gone(cluster: Cluster) -> None:
    cluster.stop()
    cluster.wait_until_gone()


def test_this_machine():
    """The probe agrees with the kernel about the memory, and with the scheduler about the CPUs."""
    found = host.probe()
    assert found.memory.value <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < found.cpus.value <= len(os.sched_getaffinity(0))
    assert found.kernel.release == os.uname().release
    assert found.storage.kind.value == "unknown"


def test_affinity_of_this_process():
    """One CPU by affinity: one CPU, and the file that says so."""
    allowed = os.sched_getaffinity(0)
    if len(allowed) < 2:
        pytest.skip("not tested: this process may use one CPU only")
    os.sched_setaffinity(0, {min(allowed)})
    try:
        figure = host.probe().cpus
    finally:
        os.sched_setaffinity(0, allowed)
    assert (figure.value, figure.source) == (1, "/proc/self/status Cpus_allowed_list")


def test_a_server_of_each_version_is_found(server: Cluster):
    """Its postmaster, account, data directory and programs, by more than one piece of evidence."""
    with facts_of(server.conninfo()) as read:
        found = locate(read)
    assert found is not None
    assert (found.pid, found.uid) == (server.pid, server.account.uid)
    assert (found.account, found.in_container, found.unit) == (server.account.name, False, None)
    assert found.data_directory == server.data
    assert found.binaries.samefile(server.binaries.folder)
    for part in ("session is process", "postmaster.pid and pg_control", "Unix socket belongs"):
        assert part in found.evidence


def test_over_tcp_by_an_account_without_rights(own_server, role):
    """A plain role over TCP, asked by the account nobody: the session's process proves it all the same."""
    if not ROOT:
        pytest.skip("not tested: only root can become another account")
    cluster = own_server(settings={"listen_addresses": "127.0.0.1", "port": "54871"})
    cluster = replace(cluster, port=54871)
    with facts_of(role(cluster) + " host=127.0.0.1") as read:
        assert read.data_directory is None
        assert read.peer_pid is None
        found = as_nobody(lambda: locate(read))
    assert isinstance(found, Located)
    assert (found.pid, found.in_container) == (cluster.pid, False)
    assert "session is process" in found.evidence
    assert "postmaster.pid" not in found.evidence
    assert as_nobody(lambda: locate(read)) is None, "the session is gone, and with it the proof"


def test_a_closed_data_directory_is_unknown_not_wrong(own_server):
    """An account without rights: limits are known, free space is not, and a note says so."""
    if not ROOT:
        pytest.skip("not tested: only root can become another account")
    cluster = own_server()
    found = as_nobody(lambda: host.probe(pid=cluster.pid, data_directory=cluster.data))
    assert found.storage.data_free is None
    assert any("free space is unknown" in note for note in found.notes)


@pytest.mark.parametrize(
    "change",
    [
        {"backend_pid": 2**22 + 1, "backend_start": 1.7e9, "postmaster_start": 1.6e9, "system_identifier": "1"},
        {"system_identifier": "1"},
        {"postmaster_start": 1.6e9},
    ],
)
def test_a_server_elsewhere_is_not_found(server: Cluster, change):
    """Facts of a server whose processes are not here, and of one that differs in a single one: None."""
    with facts_of(server.conninfo()) as read:
        assert locate(replace(read, peer_pid=None, **change)) is None


def test_one_server_is_not_taken_for_another(own_server):
    """Two servers on one machine: each is found as itself."""
    one, two = own_server(18), own_server(15)
    with facts_of(one.conninfo()) as first, facts_of(two.conninfo()) as second:
        assert locate(first).pid == one.pid
        assert locate(second).pid == two.pid
        mixed = replace(first, backend_pid=second.backend_pid, backend_start=second.backend_start, peer_pid=None)
        assert locate(replace(mixed, system_identifier=None)) is None, (
            "the session of one, the data directory of another"
        )
        unknown = replace(mixed, system_identifier=None, data_directory=None)
        assert locate(unknown).pid == two.pid, "a session says whose it is"


def test_other_servers_are_subtracted_and_named(own_server):
    """A second server's memory, at least its shared buffers, is left to it."""
    one, two = own_server(18), own_server(15, {"shared_buffers": "256MB"})
    found = host.probe(pid=one.pid)
    (other,) = [each for each in found.neighbours if each.pid == two.pid]
    assert 256 * MB < other.bytes < 400 * MB
    assert str(two.data) in other.name
    assert one.pid not in {each.pid for each in found.neighbours}
    assert found.memory.value <= found.machine_memory.value - other.bytes
    assert any(str(two.data) in note and "--ram" in note for note in found.notes)


def test_a_server_in_a_memory_cgroup(own_server, memory_group: Path):
    """The server runs in 1 GB, pgtune outside: 1 GB, and the very file is named."""
    cluster = own_server(start=False)
    with inside(memory_group):
        cluster.start()
    answer = json.loads(pgtune("probe", cluster.conninfo(), "--output", "json").stdout)
    gone(cluster)
    jsonschema.validate(answer, SCHEMA)
    assert answer["schema"] == "pgtune.probe/1"
    memory = answer["hardware"]["memory"]
    assert memory == {"value": GB, "source": str(memory_group / MEMORY_FILES[str(memory_group.parent)])}
    assert answer["hardware"]["machine_memory"]["value"] > GB
    assert answer["hardware"]["neighbours"] == []


def test_the_limit_of_an_ancestor(own_server, memory_group: Path):
    """A group without a limit of its own below the one of 1 GB: still 1 GB, and the ancestor's file is named."""
    inner = memory_group / "inner"
    inner.mkdir()
    cluster = own_server(start=False)
    with inside(inner) if memory_group.parent.name == "memory" else inside(memory_group):
        cluster.start()
    found = host.probe(pid=cluster.pid)
    gone(cluster)
    assert found.memory.value == GB
    assert found.memory.source == str(memory_group / MEMORY_FILES[str(memory_group.parent)])


def test_a_neighbour_in_the_same_cgroup(own_server, memory_group: Path):
    """Two servers share 1 GB: what one holds is subtracted for the other."""
    one, two = own_server(18, start=False), own_server(15, {"shared_buffers": "256MB"}, start=False)
    with inside(memory_group):
        one.start()
        two.start()
    found = host.probe(pid=one.pid)
    gone(one)
    gone(two)
    assert [each.pid for each in found.neighbours] == [two.pid] or len(found.neighbours) == 1
    assert 0.5 * GB < found.memory.value < 0.75 * GB


@pytest.fixture
def cpu_group() -> Iterator[Path]:
    """A cpu cgroup of version 1 with the time of one and a half CPUs."""
    group = Path("/sys/fs/cgroup/cpu", f"pgtune-test-probe-{os.getpid()}")
    try:
        group.mkdir()
        (group / "cpu.cfs_quota_us").write_text("150000")
    except OSError:
        pytest.skip("not tested: no cpu cgroup of version 1 can be made here")
    yield group
    _wait(lambda: _removed(group))


def test_a_cpu_quota(own_server, cpu_group: Path):
    """A quota of one and a half CPUs is 1.5 CPUs."""
    group, cluster = cpu_group, own_server()
    for process in [cluster.pid, *_children(cluster.pid)]:
        (group / "cgroup.procs").write_text(str(process))
    figure = host.probe(pid=cluster.pid).cpus
    gone(cluster)
    assert (figure.value, figure.source) == (1.5, str(group / "cpu.cfs_quota_us"))


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture
def contained(own_server) -> Iterator[Cluster]:
    """A server in a PID namespace and a mount namespace of its own, where its postmaster is number 1."""
    if not ROOT or shutil.which("unshare") is None or shutil.which("setpriv") is None:
        pytest.skip("not tested: no PID namespace can be made here")
    cluster = own_server(start=False)
    words = ["unshare", "--pid", "--mount-proc", "--fork", "setpriv", f"--reuid={cluster.account.uid}",
             f"--regid={cluster.account.gid}", "--clear-groups", cluster.binaries.program("postgres"),
             "-D", cluster.data]  # fmt: skip
    environment = os.environ | cluster.binaries.environment
    with (cluster.folder / "log").open("w") as log:
        container = subprocess.Popen(list(map(str, words)), stdout=log, stderr=log, env=environment)
    _wait(lambda: _answers(cluster) or container.poll() is not None)
    if container.poll() is not None:
        pytest.skip(f"not tested: no PID namespace can be made here: {(cluster.folder / 'log').read_text()}")
    yield cluster
    for pid in _children(container.pid):
        os.kill(pid, signal.SIGINT)
    container.wait(20)
    (cluster.data / "postmaster.pid").unlink(missing_ok=True)  # it names process 1, which is not ours to stop


def _answers(cluster: Cluster) -> bool:
    try:
        psycopg.connect(cluster.conninfo()).close()
    except psycopg.OperationalError:
        return False
    return True


def _wait(until: Callable[[], bool]) -> None:
    limit = time.monotonic() + 20
    while not until():
        assert time.monotonic() < limit
        time.sleep(0.1)


def test_a_server_in_a_container_is_found_from_outside(contained: Cluster, role):
    """Number 1 in there, another one here; its folders are reached through /proc/PID/root."""
    with facts_of(contained.conninfo()) as read:
        found = locate(read)
    assert found is not None
    assert found.in_container
    assert found.pid != 1
    assert found.data_directory == Path(f"/proc/{found.pid}/root{contained.data}")
    assert (found.data_directory / "PG_VERSION").read_text().strip() == str(contained.binaries.major)
    assert (found.binaries / "postgres").exists()
    storage = host.probe(pid=found.pid, data_directory=found.data_directory).storage
    assert storage.data_free is not None
    assert storage.filesystem == host.probe(data_directory=contained.data).storage.filesystem
    with facts_of(role(contained)) as read:
        assert as_nobody(lambda: locate(replace(read, peer_pid=None))).pid == found.pid


UNSEEN = ("unshare", "--pid", "--mount-proc", "--fork", sys.executable, "-m", "pgtune", "probe")


def test_a_server_that_cannot_be_seen_shows_its_machine_itself(own_server):
    """From a PID namespace without the server: a superuser reads /proc through the server, and a note says so."""
    if not ROOT or shutil.which("unshare") is None:
        pytest.skip("not tested: no PID namespace can be made here")
    cluster = own_server()
    done = subprocess.run([*UNSEEN, cluster.conninfo(), "-o", "json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    jsonschema.validate(answer, SCHEMA)
    assert answer["evidence"] is None
    assert answer["hardware"]["memory"]["value"] == host.probe().machine_memory.value
    assert answer["hardware"]["cpus"]["value"] == host.probe(pid=cluster.pid).cpus.value
    assert answer["hardware"]["storage"]["kind"]["value"] == "unknown"
    assert "through the server itself" in answer["hardware"]["notes"][0]


def test_a_server_that_cannot_be_seen_and_shows_nothing(own_server, role):
    """The same for a role without rights: nothing is guessed, one line says what to do."""
    if not ROOT or shutil.which("unshare") is None:
        pytest.skip("not tested: no PID namespace can be made here")
    cluster = own_server()
    words = [*UNSEEN, role(cluster)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (5, "")
    assert "--ram" in done.stderr
    assert done.stderr.count("\n") == 1


def test_measuring_the_disk_of_a_server(own_server):
    """--disk with a server measures below its data directory and leaves that as it was."""
    cluster = own_server()
    before = sorted(path.name for path in cluster.data.iterdir())
    done = pgtune("probe", cluster.conninfo(), "--disk", "--output", "json")
    assert done.returncode == 0, done.stderr
    assert str(cluster.data) in done.stderr
    assert json.loads(done.stdout)["hardware"]["storage"]["speed"]["bytes_written"] > 0
    assert sorted(path.name for path in cluster.data.iterdir()) == before


def test_the_table_fits_a_terminal(own_server):
    """What, value and source within 80 columns, the evidence first."""
    cluster = own_server()
    done = pgtune("probe", cluster.conninfo())
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert f"limits are those of the server's own process {cluster.pid}" in " ".join(done.stdout.split())
    for word in ("where from", "memory", "CPUs", "storage", "swappiness", "session is process"):
        assert word in done.stdout


def test_measured(tmp_path: Path):
    """Within 10 s and 256 MB, nothing left behind, and a kind that is known afterwards."""
    begun = time.monotonic()
    done = pgtune("probe", "--disk", "--data-directory", str(tmp_path), "--output", "json")
    assert time.monotonic() - begun < 13
    assert done.returncode == 0, done.stderr
    jsonschema.validate(json.loads(done.stdout), SCHEMA)
    storage = json.loads(done.stdout)["hardware"]["storage"]
    measured = storage["speed"]
    assert measured["seconds"] < 10
    assert 0 < measured["bytes_written"] <= 256 * MB
    assert 0 < measured["read_ms"] < 1000
    assert 0 < measured["fsync_ms"] < 1000
    assert measured["write_bytes_per_s"] > MB
    assert measured["read_bytes_per_s"] > MB
    assert measured["read_iops"] > 10
    assert storage["kind"]["value"] != "unknown"
    assert list(tmp_path.iterdir()) == []


def test_the_page_cache_is_not_measured(tmp_path: Path):
    """The file stays out of the cache: reading 192 MB from memory would take less than 100 us a page of 8 kB by far."""
    with speed._opened(tmp_path) as file:
        if not file.direct:
            pytest.skip("not tested: this file system cannot be read past the page cache")
        cached = _cached()
        with speed.mmap.mmap(-1, 4 * speed.BLOCK) as block:
            speed._write(file, block)
        assert _cached() - cached < 100 * MB, "the writes went to the page cache"


def _cached() -> int:
    line = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("Cached:"))
    return int(line.split()[1]) * 1024


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupted(tmp_path: Path, number: signal.Signals):
    """Ctrl-C, a termination and even a kill leave nothing: neither a file nor lost space."""
    words = [sys.executable, "-m", "pgtune", "probe", "--disk", "--data-directory", str(tmp_path)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    _wait(lambda: _open_files(process.pid, tmp_path))
    process.send_signal(number)
    _, talk = process.communicate(timeout=10)
    assert process.returncode == (-9 if number == signal.SIGKILL else 130)
    assert "Traceback" not in talk
    assert list(tmp_path.iterdir()) == []


def _open_files(pid: int, folder: Path) -> bool:
    names = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            names.append(str(link.readlink()))
        except OSError:
            continue
    return any(name.startswith(str(folder)) for name in names)


def test_without_a_nameless_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A file system without O_TMPFILE or O_DIRECT: the file has lost its name before anything is written to it."""
    monkeypatch.setattr(os, "O_TMPFILE", 0)
    monkeypatch.setattr(os, "O_DIRECT", 1 << 30)
    with speed._opened(tmp_path) as file:
        assert list(tmp_path.iterdir()) == []
        assert os.fstat(file.descriptor).st_nlink == 0


def test_a_disk_that_is_nearly_full(tmp_path: Path):
    """Less than 1 GB free: refused before anything is written."""
    if not ROOT:
        pytest.skip("not tested: only root can mount a small file system")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", tmp_path], check=False).returncode:
        pytest.skip("not tested: nothing can be mounted here")
    try:
        done = pgtune("probe", "--disk", "--data-directory", str(tmp_path))
        with pytest.raises(MustNotRunHere):
            speed.measure(tmp_path)
    finally:
        subprocess.run(["umount", tmp_path], check=True)
    assert (done.returncode, done.stdout) == (5, "")
    assert "64 MB are free" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_disk_that_fills_up_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Somebody else takes the space: one line, and the file is gone."""
    if not ROOT:
        pytest.skip("not tested: only root can mount a small file system")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", tmp_path], check=False).returncode:
        pytest.skip("not tested: nothing can be mounted here")
    monkeypatch.setattr(speed, "LEAST_FREE", 0)
    try:
        with pytest.raises(MustNotRunHere, match="filled up"):
            speed.measure(tmp_path)
        free = os.statvfs(tmp_path)
        assert free.f_bavail == free.f_blocks
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_a_read_only_folder(tmp_path: Path):
    """A read-only mount: not allowed, in one line."""
    if not ROOT:
        pytest.skip("not tested: only root can mount a folder read-only")
    subprocess.run(["mount", "--bind", tmp_path, tmp_path], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", tmp_path], check=True)
        done = pgtune("probe", "--disk", "--data-directory", str(tmp_path))
        with pytest.raises(NotAllowed, match="Read-only"):
            speed.measure(tmp_path)
    finally:
        subprocess.run(["umount", tmp_path], check=True)
    assert done.returncode == 3
    assert done.stderr.count("\n") == 2


@pytest.mark.parametrize(("name", "words"), [("missing", "no such folder"), ("file", "not a folder")])
def test_no_data_directory(tmp_path: Path, name: str, words: str):
    """A path that is none: usage, in one line."""
    (tmp_path / "file").touch()
    done = pgtune("probe", "--data-directory", str(tmp_path / name))
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_server_that_is_not_there():
    """No server: cannot connect, in one line."""
    done = pgtune("probe", "host=/nonexistent dbname=x")
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1


def test_io_uring_is_tried_without_a_trace():
    """The answer agrees with the kernel's switch, and no descriptor stays open."""
    before = sorted(Path("/proc/self/fd").iterdir())
    answer = io_uring(Path("/"))
    assert sorted(Path("/proc/self/fd").iterdir()) == before
    switch = Path("/proc/sys/kernel/io_uring_disabled")
    if switch.exists() and switch.read_text().strip() == "2":
        assert answer is False
    assert answer in {True, False}
