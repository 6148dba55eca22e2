"""Who survives in a small memory cgroup: pgbench read-write and read-only on more data than memory, one command.

    python -m benchmarks.out_of_memory [--seconds 60]

Each tuner is told the cgroup's memory; the last two are told the whole machine's, as a tool is that does not look.
"""

import argparse
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import psutil
from tabulate import tabulate

from benchmarks.measure.cgroup import Cgroup, NoCgroup, limited
from benchmarks.settings.arms import ask
from benchmarks.settings.target import Target
from pgtune.cluster import Cluster, find
from pgtune.cluster.binaries import EMBEDDED_MAJOR
from pgtune.model.errors import PgtuneError
from pgtune.model.units import GB, MB, human_bytes

LIMITS = (GB // 2, GB, 2 * GB)
SCALE = 70  # pgbench's: 1.05 GB of tables, twice the smallest memory
CLIENTS = 16
SCAN = "select sum(abalance) from pgbench_accounts;"  # brings every page into shared_buffers that has room for it


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened: processes killed by the kernel, whether all clients finished, the greatest summed PSS in bytes."""

    kills: int
    finished: bool
    peak: int
    words: str = ""


def answer(tuner: str, memory: int) -> dict[str, str]:
    """A tuner's settings for a web load with 100 connections in this much memory, as this build can take them."""
    target = Target(memory, 2.0, "ssd", "web", 100, SCALE * 15 * MB, EMBEDDED_MAJOR)
    settings = dict(ask(tuner, target).settings)
    return {name: value for name, value in settings.items() if value not in {"lz4", "io_uring"}}


@contextmanager
def bank() -> Iterator[tuple[Cluster, str]]:
    """A stopped cluster with pgbench's tables, and its plain postgresql.conf."""
    cluster = Cluster.throw_away(find())
    try:
        cluster.configure({"max_wal_size": "4GB", "fsync": "off"})
        cluster.start()
        _pgbench(cluster, "-i", "-q", "-s", str(SCALE), timeout=300)
        cluster.stop()
        yield cluster, (cluster.data / "postgresql.conf").read_text()
    finally:
        cluster.remove()


def endure(cluster: Cluster, plain: str, settings: Mapping[str, str], group: Cgroup | None, seconds: int) -> Outcome:
    """Run the server with these settings in the group: a scan, read-write and read-only work, each for `seconds`."""
    (cluster.data / "postgresql.conf").write_text(plain)
    cluster.start()  # a clean start outside the group: no crash recovery inside it
    cluster.stop()
    cluster.configure({**settings, "fsync": "on"})
    with group.entered() if group else nullcontext():
        cluster.start()
    try:
        with _watched(cluster) as peak:
            words = _work(cluster, seconds)
        return Outcome(group.kills if group else 0, not words, peak[0], words)
    finally:
        cluster.kill()
        cluster.wait_until_gone()


def _work(cluster: Cluster, seconds: int) -> str:
    """What went wrong, empty if nothing did."""
    script = cluster.folder / "scan.sql"
    script.write_text(SCAN)
    try:
        _pgbench(cluster, "-n", "-c", "2", "-t", "2", "-f", str(script))
        for kind in ([], ["-S"]):
            _pgbench(cluster, "-n", "-c", str(CLIENTS), "-j", "2", "-T", str(seconds), *kind, timeout=seconds + 120)
    except subprocess.CalledProcessError as error:
        return str(error.stderr).strip()[-200:] or "pgbench failed"
    return ""


def _pgbench(cluster: Cluster, *options: str, timeout: int = 120) -> None:
    program, environment = cluster.binaries.program("pgbench"), dict(cluster.binaries.environment)
    command = [str(program), *options, cluster.conninfo()]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=timeout, env=environment)


@contextmanager
def _watched(cluster: Cluster) -> Iterator[list[int]]:
    """The greatest summed PSS of the server's processes while the block runs, twice a second."""
    peak, stop = [0], threading.Event()

    def watch() -> None:
        while not stop.wait(0.5):
            peak[0] = max(peak[0], _pss(cluster.pid))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        stop.set()
        watcher.join()


def _pss(postmaster: int | None) -> int:
    total = 0
    try:
        family = [psutil.Process(postmaster), *psutil.Process(postmaster).children()]
    except psutil.Error:
        return 0
    for process in family:
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue  # it ended in between
    return total


def main() -> int:
    """Measure every tuner in every memory and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="of each kind of work (default 60)")
    given = parser.parse_args()
    host = psutil.virtual_memory().total
    arms = [(tuner, sized, limit) for limit in LIMITS for tuner, sized in (("pgtune", limit), ("le0pard", limit))]
    arms += [("pgtune", host, GB), ("le0pard", host, GB)]
    rows = []
    try:
        with bank() as (cluster, plain):
            for tuner, sized, limit in arms:
                with limited(limit) as group:
                    seen = endure(cluster, plain, answer(tuner, sized), group, given.seconds)
                verdict = "survived" if seen.finished and not seen.kills else f"died: {seen.words[-60:]}"
                rows.append(
                    [human_bytes(limit), tuner, human_bytes(sized), seen.kills, human_bytes(seen.peak), verdict]
                )
                print(*rows[-1], sep="  ", file=sys.stderr)
    except (NoCgroup, PgtuneError) as error:
        print(f"not measured: {error}", file=sys.stderr)
        return 1
    print(tabulate(rows, headers=["cgroup", "settings by", "told", "kills", "peak PSS", "verdict"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
