"""`python -m benchmarks.memory_overhead`: measure every PostgreSQL of this machine and print the figures."""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tabulate import tabulate

from benchmarks import tpch
from benchmarks.measure.processes import Memory
from benchmarks.memory_overhead import node, private, shared
from pgtune.cluster import Cluster, find
from pgtune.model.errors import ServerNotFound
from pgtune.model.units import MB, human_bytes

VERSIONS = (14, 15, 16, 17, 18)


def main(words: Sequence[str] | None = None) -> int:
    """Measure; 1 where a version asked for is not on this machine."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory_overhead", description=__doc__)
    parser.add_argument("--versions", default=",".join(map(str, VERSIONS)), help="major versions (default all)")
    parser.add_argument("--nodes", action="store_true", help="also run plan nodes on TPC-H (takes minutes)")
    parser.add_argument("--scale", type=float, default=0.5, help="scale factor for --nodes (default 0.5)")
    given = parser.parse_args(words)
    missing = 0
    for major in (int(word) for word in given.versions.split(",")):
        try:
            _version(major, given.scale if given.nodes else None)
        except ServerNotFound as error:
            print(f"\n== PostgreSQL {major}: not measured: {error}")
            missing = 1
    return missing


def _version(major: int, scale: float | None) -> None:
    with _cluster(major) as cluster:
        found = cluster.binaries
        print(f"\n== PostgreSQL {found.major}.{found.version % 10000} from {found.source}")
        _shared(cluster)
        _private(cluster)
        if scale is not None:
            _nodes(cluster, scale)


@contextmanager
def _cluster(major: int) -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="pgtune-overhead-") as folder:
        Path(folder).chmod(0o755)
        cluster = Cluster.create(find(major), Path(folder) / "cluster")
        try:
            yield cluster
        finally:
            cluster.remove()


def _shared(cluster: Cluster) -> None:
    points = shared.measure(cluster)
    found = shared.formula(points, cluster.binaries.major)
    greatest = human_bytes(max(point.settings["shared_buffers"] for point in points))
    print(f"shared memory, {len(points)} configurations up to {greatest} of shared_buffers, bytes =")
    print(found)
    print(f"    worst error {found.worst_error:.1%}")


def _private(cluster: Cluster) -> None:
    with private.running(cluster):
        idle = private.fixed(cluster)
        used = private.backend(cluster)
        after = private.fixed(cluster)
    print(f"one backend, shared_buffers {private.BUFFERS}:")
    work = {"SELECT 1": used.trivial, f"{private.TABLES} tables": used.after_tables, "all buffers": used.after_buffers}
    print(tabulate([_line(name, seen) for name, seen in work.items()], ("after", "private MB", "of it page tables MB")))
    print("processes that always run:")
    rows = [(name, f"{size / MB:.2f}", f"{after.get(name, 0) / MB:.2f}") for name, size in idle.items()]
    print(tabulate(rows, ("process", "at start MB", "after work MB")))


def _line(name: str, seen: Memory) -> tuple[str, str, str]:
    return name, f"{seen.private / MB:.2f}", f"{seen.page_tables / MB:.2f}"


def _nodes(cluster: Cluster, scale: float) -> None:
    with private.running(cluster):
        tpch.load(cluster.conninfo(), scale)
        uses = list(node.measure(cluster))
    head = ("node", "work_mem", "hash_mem_multiplier", "workers", "greatest process", "together", "spilled MB")
    rows = [_use_line(use) for use in uses]
    print(f"plan nodes on TPC-H at scale {scale:g}, memory above an idle backend's as a multiple of work_mem:")
    print(tabulate(rows, head))


def _use_line(use: node.Use) -> tuple[str | float, ...]:
    setting = (use.node, human_bytes(use.work_mem), use.multiplier, use.workers)
    return (*setting, f"{use.times:.2f} x", f"{use.times_together:.2f} x", use.spilled // MB)


if __name__ == "__main__":
    sys.exit(main())
