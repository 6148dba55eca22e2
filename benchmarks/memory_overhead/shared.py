"""Shared memory against the settings that it is made of, and the simplest formula that describes it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import psycopg

from benchmarks.measure.linear import fit
from pgtune.cluster import Cluster
from pgtune.model.units import GB, KB, MB, format_bytes

# PostgreSQL's own defaults (documentation, chapter 19), from which one setting at a time departs.
BASE = {"shared_buffers": 128 * MB, "max_connections": 100, "max_worker_processes": 8, "max_wal_senders": 10}
BASE |= {"max_locks_per_transaction": 64, "max_prepared_transactions": 0, "wal_buffers": 4 * MB}
BASE |= {"track_activity_query_size": 1024, "max_pred_locks_per_transaction": 64, "autovacuum_max_workers": 3}
STEPS = {
    "shared_buffers": (16 * MB, 512 * MB, 2 * GB, 8 * GB, 32 * GB, 128 * GB),
    "max_connections": (20, 500, 1000, 2000, 5000),
    "max_worker_processes": (0, 32, 128, 512),
    "max_locks_per_transaction": (16, 128, 256, 1024),
    "max_prepared_transactions": (100, 1000),
    "max_wal_senders": (0, 100),
    "wal_buffers": (1 * MB, 16 * MB, 64 * MB),
    "track_activity_query_size": (4096, 65536),
    "max_pred_locks_per_transaction": (256, 1024),
}
TOGETHER: tuple[Mapping[str, int], ...] = (
    {"shared_buffers": 8 * GB, "max_connections": 1000},
    {"shared_buffers": 8 * GB, "max_connections": 5000, "max_locks_per_transaction": 256},
    {"shared_buffers": 32 * GB, "max_connections": 500, "max_locks_per_transaction": 256, "max_worker_processes": 64},
    {"shared_buffers": 128 * MB, "max_connections": 1000, "max_locks_per_transaction": 256},
    {"shared_buffers": 256 * MB, "max_connections": 200, "wal_buffers": 8 * MB},
    {"shared_buffers": 1 * GB, "max_connections": 300, "wal_buffers": 16 * MB},
)
IN_BYTES = ("shared_buffers", "wal_buffers", "track_activity_query_size")


@dataclass(frozen=True, slots=True)
class Point:
    """One configuration and the shared memory that the server says it needs, in bytes."""

    settings: Mapping[str, int]
    bytes: int


def grid() -> Iterator[dict[str, int]]:
    """The base, every step by itself, and some combinations."""
    yield dict(BASE)
    for name, values in STEPS.items():
        for value in values:
            yield BASE | {name: value}
    for change in TOGETHER:
        yield BASE | dict(change)


def measure(cluster: Cluster) -> list[Point]:
    """Ask `postgres -C shared_memory_size` (15 and later; no server runs) for every point of the grid."""
    if cluster.binaries.major < 15:
        return _booted(cluster)
    return [Point(point, _asked(cluster, point)) for point in grid()]


def written(name: str, value: int) -> str:
    """A setting as postgresql.conf has it: sizes with a unit."""
    return format_bytes(value) if name in IN_BYTES else str(value)


def _options(point: Mapping[str, int]) -> dict[str, str]:
    return {name: written(name, value) for name, value in point.items()}


def _asked(cluster: Cluster, point: Mapping[str, int]) -> int:
    done = cluster.show("shared_memory_size", _options(point))
    if done.returncode:
        raise RuntimeError(f"postgres -C shared_memory_size: {done.stderr.strip()}")
    return int(done.stdout) * MB


def _booted(cluster: Cluster) -> list[Point]:
    """Before 15 the server has to be started; pg_shmem_allocations (13 and later) sums up what it took.

    Points that this machine need not be able to hold are left out; the formula is linear in them.
    """
    points = []
    for point in grid():
        if point["shared_buffers"] > 2 * GB:
            continue
        cluster.configure(_options(point))
        cluster.start()
        with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
            row = connection.execute("SELECT sum(allocated_size)::bigint FROM pg_shmem_allocations").fetchone()
        cluster.stop()
        assert row is not None
        points.append(Point(point, int(row[0])))
    return points


def processes(settings: Mapping[str, int], major: int) -> int:
    """How many backends the server reserves room for (MaxBackends; 38 with the defaults' workers and 100 connections).

    autovacuum: autovacuum_max_workers and the launcher before 18, autovacuum_worker_slots (16) and the launcher since.
    """
    autovacuum = 16 if major >= 18 else settings["autovacuum_max_workers"]
    connections = settings["max_connections"] + settings["max_wal_senders"]
    return connections + settings["max_worker_processes"] + autovacuum + 1


@dataclass(frozen=True, slots=True)
class Formula:
    """Coefficients by name, with their greatest relative error over the grid."""

    major: int
    coefficients: Mapping[str, float]
    worst_error: float

    def bytes(self, settings: Mapping[str, int]) -> float:
        """What the formula says for these settings."""
        known = terms(settings, self.major)
        return sum(factor * known[name] for name, factor in self.coefficients.items())

    def __str__(self) -> str:
        """One line a term, so that it can be read as a sum."""
        return "\n".join(f"    {factor:14.4f} x {name}" for name, factor in self.coefficients.items())


def terms(settings: Mapping[str, int], major: int) -> dict[str, float]:
    """The quantities that the formula is linear in.

    17 made the caches of transaction status grow with shared_buffers (transaction_buffers and its kin: 1/512, at most
    1024 blocks); 18 gives each process up to 64 I/O slots, as many as shared_buffers has room for (io_max_concurrency).
    """
    backends = processes(settings, major)
    holders = backends + settings["max_prepared_transactions"]
    known: dict[str, float] = {
        "1": 1.0,
        "shared_buffers": settings["shared_buffers"],
        "wal_buffers": settings["wal_buffers"],
        "backends": holders,
        "backends x max_locks_per_transaction": holders * settings["max_locks_per_transaction"],
        "backends x max_pred_locks_per_transaction": holders * settings["max_pred_locks_per_transaction"],
        "backends x track_activity_query_size": backends * settings["track_activity_query_size"],
    }
    if major >= 17:
        known["least of shared_buffers/512 and 8MB"] = min(settings["shared_buffers"] / 512, 8 * MB)
    if major >= 18:
        known["I/O slots"] = min(64 * backends, settings["shared_buffers"] // (8 * KB))
    return known


def formula(points: list[Point], major: int) -> Formula:
    """Fit the points of one version."""
    rows = [terms(point.settings, major) for point in points]
    found = fit([tuple(row.values()) for row in rows], [float(point.bytes) for point in points])
    return Formula(major, dict(zip(rows[0], found.coefficients, strict=True)), found.worst_error)
