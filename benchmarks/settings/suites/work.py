"""Measuring a piece of work: the counters, processor time and memory between its beginning and its end."""

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.measure import counters
from benchmarks.measure.processes import PeakMemory, cpu_seconds, shared_resident
from benchmarks.settings.rounds import WorkFailed
from pgtune.cluster import Cluster
from pgtune.model.units import MB

HERE = Path(__file__).parent
LONGEST_S = 7200


@dataclass(frozen=True, slots=True)
class Spent:
    """What a piece of work spent; memory in bytes, `shared` is what the server had touched when it ended."""

    counted: counters.Counters
    cpu_seconds: float
    private: int
    shared: int

    def counts(self) -> dict[str, float]:
        """The counts that every suite reports, by the name the report prints."""
        return {
            "CPU s": self.cpu_seconds,
            "full-page images": self.counted.full_page_images,
            "requested checkpoints": self.counted.requested_checkpoints,
            "timed checkpoints": self.counted.timed_checkpoints,
            "temp MB": self.counted.temp_bytes / MB,
            "blocks read": self.counted.blocks_read,
            "peak memory MB": (self.private + self.shared) / MB,
        }


def spent(cluster: Cluster, work: Callable[[], None]) -> Spent:
    """CHECKPOINT, reset, do the work, count. The shared memory is read after the clock has stopped."""
    postmaster = cluster.pid
    assert postmaster is not None
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        counters.reset(connection)
        begin = cpu_seconds(postmaster)
        with PeakMemory(postmaster) as peak:
            work()
        cpu = cpu_seconds(postmaster) - begin
        counted = counters.read(connection)
    return Spent(counted, cpu, peak.private + peak.dynamic, shared_resident(postmaster))


@dataclass(frozen=True, slots=True)
class Pgbench:
    """Custom scripts with weights, a fixed number of transactions a client, the same random seed for each arm."""

    scripts: dict[str, int]
    clients: int
    variables: dict[str, int]

    def run(self, cluster: Cluster, transactions: int, seed: int) -> float:
        """Transactions a second, connecting left out.

        Raises:
            WorkFailed: pgbench ended early, or a transaction failed.
        """
        each = max(1, transactions // self.clients)
        done = subprocess.run(
            [
                cluster.binaries.program("pgbench"), "--no-vacuum", "--protocol=prepared", f"--client={self.clients}",
                f"--jobs={min(self.clients, 2)}", f"--transactions={each}", f"--random-seed={seed}",
                *(f"--define={name}={value}" for name, value in self.variables.items()),
                *(f"--file={HERE / name}@{weight}" for name, weight in self.scripts.items()),
                cluster.conninfo(),
            ],
            check=False, capture_output=True, text=True, timeout=LONGEST_S,
            env={**os.environ, **cluster.binaries.environment},
        )  # fmt: skip
        found = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
        if done.returncode or found is None or not _whole(done.stdout):
            raise WorkFailed(f"pgbench: {(done.stderr.strip().splitlines() or ['no transactions'])[-1]}")
        return float(found[1])


def _whole(output: str) -> bool:
    """True if as many transactions were processed as were asked for."""
    found = re.search(r"actually processed: (\d+)/(\d+)", output)
    return found is not None and found[1] == found[2]


def execute(cluster: Cluster, *statements: str) -> None:
    """Run statements one by one, each in its own transaction."""
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())
