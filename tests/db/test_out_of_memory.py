"""The settings survive in the memory they were computed for; the whole machine's sizing does not.

Real memory cgroups, real pgbench. Where no cgroup can be made the test says so and asserts on the summed PSS instead.
"""

import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from pgtune import guide, resources, versions
from pgtune.cluster import Cluster
from pgtune.cluster.binaries import EMBEDDED_MAJOR
from pgtune.model.hardware import Figure, Hardware, Storage
from pgtune.model.units import GB, human_bytes
from pgtune.settings import advise
from pgtune.settings.situation import Situation, Wishes

SECONDS = 20
CLIENTS = 16
SCALE = 70  # 1.05 GB: twice the smallest memory


def advised(memory: int) -> dict[str, str]:
    """The settings for a web load with the default connections in this much memory."""
    parameters = versions.parameters(resources.text("versions", "settings.toml"), EMBEDDED_MAJOR)
    machine = Hardware(Figure(memory, ""), Figure(2.0, ""), Storage(Figure("ssd", "")))
    now = Situation(
        EMBEDDED_MAJOR * 10000, machine, parameters, guide.load(resources.text("guide", "guide.toml")), Wishes("web")
    )
    return {line.name: line.proposed for line in advise(now, "").lines}


class Cgroup:
    """A memory cgroup of the test's own, v1 or v2; `folder` is None where none can be made."""

    def __init__(self, limit: int) -> None:
        self.limit, self.folder = limit, None
        for parent, file in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
            folder = Path(parent, f"pgtune-test-{time.monotonic_ns()}")
            try:
                folder.mkdir()
                (folder / file).write_text(str(limit))
            except OSError:
                continue
            self.folder = folder
            return

    @contextmanager
    def entered(self):
        """Processes started inside belong to the group; the test itself leaves again."""
        if self.folder is None:
            yield
            return
        home = next(
            line.split(":", 2)[2].strip()
            for line in Path("/proc/self/cgroup").read_text().splitlines()
            if ":memory:" in line or line.startswith("0::")
        )
        (self.folder / "cgroup.procs").write_text("0")
        try:
            yield
        finally:
            Path(self.folder.parent, home.lstrip("/"), "cgroup.procs").write_text("0")

    @property
    def kills(self) -> int:
        """How many processes the kernel killed in this group."""
        file = self.folder / (
            "memory.oom_control" if (self.folder / "memory.oom_control").exists() else "memory.events"
        )
        return next(int(line.split()[1]) for line in file.read_text().splitlines() if line.startswith("oom_kill "))

    def remove(self) -> None:
        if self.folder is not None:
            self.folder.rmdir()


@pytest.fixture(scope="module")
def bank(binaries_of):
    """A cluster that holds a pgbench database, stopped; tests configure and start it."""
    cluster = Cluster.throw_away(binaries_of(EMBEDDED_MAJOR))
    cluster.configure({"max_wal_size": "4GB", "fsync": "off"})
    cluster.start()
    done = bench(cluster, "-i", "-q", "-s", str(SCALE))
    assert done.returncode == 0, done.stderr
    cluster.stop()
    plain = (cluster.data / "postgresql.conf").read_text()
    yield cluster, plain
    cluster.remove()


def bench(cluster: Cluster, *options: str) -> subprocess.CompletedProcess[str]:
    """Run pgbench as the test's own user, outside any cgroup."""
    return subprocess.run(
        [cluster.binaries.program("pgbench"), *options, cluster.conninfo()],
        check=False, capture_output=True, text=True, timeout=SECONDS + 120, env={**cluster.binaries.environment},
    )  # fmt: skip


def family(cluster: Cluster) -> int:
    """The summed PSS of the server's processes, in bytes."""
    total = 0
    for process in [psutil.Process(cluster.pid), *psutil.Process(cluster.pid).children()]:
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue
    return total


@contextmanager
def running(bank, settings: dict[str, str], group: Cgroup):
    """The bank's server with these settings, inside the group."""
    cluster, plain = bank
    (cluster.data / "postgresql.conf").write_text(plain)
    cluster.restart()  # a clean start outside the group: no crash recovery inside it
    cluster.stop()
    cluster.configure({**settings, "fsync": "on"})
    with group.entered():
        cluster.start()
    try:
        yield cluster
    finally:
        cluster.kill()
        cluster.wait_until_gone()
        group.remove()


@pytest.mark.parametrize("memory", [GB // 2, GB, 2 * GB], ids=human_bytes)
def test_the_advice_survives_in_its_memory(bank, memory):
    """Read-only and read-write pgbench with more data than memory: no process is killed, no client dropped."""
    group = Cgroup(memory)
    with running(bank, advised(memory), group) as cluster:
        peak, stop = [0], threading.Event()

        def watch() -> None:
            while not stop.wait(0.5):
                peak[0] = max(peak[0], family(cluster))

        watcher = threading.Thread(target=watch)
        if group.folder is None:
            watcher.start()
        for kind in ([], ["-S"]):
            done = bench(cluster, "-n", "-c", str(CLIENTS), "-j", "2", "-T", str(SECONDS), *kind)
            assert done.returncode == 0, done.stderr
        if group.folder is None:
            stop.set()
            watcher.join()
            assert peak[0] < memory
            pytest.skip(
                f"not tested: no memory cgroup can be made here; the summed PSS stayed at {human_bytes(peak[0])}"
            )
        assert group.kills == 0
        assert "was terminated by signal 9" not in cluster.log_since(0)


def test_the_whole_machines_sizing_dies_there(bank):
    """The same server sized for 24 GB, in 512 MB: the kernel kills it, so the test above can fail."""
    group = Cgroup(GB // 2)
    if group.folder is None:
        pytest.skip("not tested: no memory cgroup can be made here")
    with running(bank, advised(24 * GB), group) as cluster:
        script = cluster.folder / "scan.sql"
        script.write_text("select sum(abalance) from pgbench_accounts;")
        done = bench(cluster, "-n", "-c", "2", "-t", "3", "-f", str(script))
        assert group.kills > 0
        assert done.returncode != 0
