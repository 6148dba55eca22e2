"""TPC-H: 22 queries one after the other in one session; processor time and spilled bytes of each."""

import time
from dataclasses import dataclass, field

import psycopg

from benchmarks import tpch
from benchmarks.measure.processes import cpu_seconds
from benchmarks.settings.arms import Arm
from benchmarks.settings.ratios import geometric_mean
from benchmarks.settings.rounds import Run
from benchmarks.settings.suites.work import execute, spent
from pgtune.cluster import Cluster

TICK_S = 0.01  # the resolution of processor time in /proc


@dataclass(slots=True)
class Tpch:
    """`scale` as the specification's factor. The target of the statistics now in the tables is remembered."""

    scale: float
    name: str = "tpch"
    profile: str = "dw"
    connections: int = 40
    _target: str = field(default="")

    def load(self, cluster: Cluster) -> None:
        """Make, fill and index the eight tables."""
        tpch.load(cluster.conninfo(), self.scale)
        self._target = "100"

    def settle(self, cluster: Cluster) -> None:
        """Every query once, so that the first arm does not read a colder machine than the others."""
        execute(cluster, *tpch.queries().values())

    def measure(self, cluster: Cluster, arm: Arm, number: int) -> Run:
        """Run the queries once; in the first round also keep the plans."""
        self._analyze(cluster, arm)
        cpu: dict[str, float] = {}
        seconds: dict[str, float] = {}

        def work() -> None:
            with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
                for name, text in tpch.queries().items():
                    cpu[name], seconds[name] = _timed(cluster, connection, text)

        used = spent(cluster, work)
        counts = used.counts()
        first = {"CPU s": counts.pop("CPU s"), "seconds": sum(seconds.values())}
        first["CPU s, geometric mean"] = geometric_mean([max(value, TICK_S) for value in cpu.values()])
        counts = {
            name: value for name, value in counts.items() if name not in ("full-page images", "timed checkpoints")
        }
        return Run(arm.name, number, first | counts, cpu, seconds, plans(cluster))

    def _analyze(self, cluster: Cluster, arm: Arm) -> None:
        """Make the statistics anew only where the arm's target differs: a new sample by itself changes plans."""
        target = arm.settings.get("default_statistics_target", "100")
        if target != self._target:
            execute(cluster, "ANALYZE")
            self._target = target


def _timed(cluster: Cluster, connection: psycopg.Connection, text: str) -> tuple[float, float]:
    """Processor and elapsed seconds of a query, parallel workers included."""
    postmaster = cluster.pid or 0
    begin_cpu, begin = cpu_seconds(postmaster), time.perf_counter()
    connection.execute(text.encode()).fetchall()
    elapsed = time.perf_counter() - begin
    return cpu_seconds(postmaster) - begin_cpu, elapsed


def plans(cluster: Cluster) -> dict[str, str]:
    """The plan of each query, without figures that differ from run to run."""
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        return {
            name: "\n".join(row[0] for row in connection.execute(f"EXPLAIN (COSTS OFF) {_statement(text)}".encode()))
            for name, text in tpch.queries().items()
        }


def _statement(text: str) -> str:
    """The query without its comment lines."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("--"))
