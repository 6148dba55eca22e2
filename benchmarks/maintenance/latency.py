"""What an application feels while indexes are rebuilt: pgbench's latencies beside pgtune and reindexdb, one command.

    python -m benchmarks.maintenance.latency --scale 10 --rounds 3

Each round runs pgbench (its TPC-B script at a fixed rate) once beside nothing, once beside `reindexdb --concurrently`
and once beside `pgtune maintain run --task reindex --all`, in turns forth and back. Both rebuild every index over and
over as long as pgbench runs. Printed are the median and the 99th percentile, and their ratios to reindexdb's.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

from tabulate import tabulate

from benchmarks.maintenance.site import environment
from benchmarks.settings.ratios import ratio
from pgtune.cluster import Cluster, find

SETTINGS = {"shared_buffers": "256MB", "max_wal_size": "4GB", "checkpoint_timeout": "1h", "autovacuum": "off"}
Command = Callable[[Cluster], list[str] | None]


def beside_nothing(_cluster: Cluster) -> None:
    """No rebuild."""


def reindexdb(cluster: Cluster) -> list[str]:
    """PostgreSQL's own program."""
    return [str(cluster.binaries.program("reindexdb")), "--concurrently", "-d", cluster.conninfo()]


def pgtune(cluster: Cluster) -> list[str]:
    """Ours."""
    words = ["--task", "reindex", "--all", "--tables", "public.%", cluster.conninfo()]
    return [sys.executable, "-m", "pgtune", "maintain", "run", *words]


ARMS: dict[str, Command] = {"nothing": beside_nothing, "reindexdb": reindexdb, "pgtune": pgtune}


def repeated(command: list[str] | None, words: dict[str, str], over: threading.Event) -> threading.Thread:
    """The command over and over in a thread, until it is over."""

    def work() -> None:
        while command is not None and not over.is_set():
            subprocess.run(command, env=words, capture_output=True, check=False)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def latencies(cluster: Cluster, command: list[str] | None, seconds: int, rate: int) -> list[float]:
    """Milliseconds of each transaction that pgbench made beside the command."""
    words = environment() | cluster.binaries.environment
    over = threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        thread = repeated(command, words, over)
        subprocess.run(
            [cluster.binaries.program("pgbench"), "-n", "-c", "4", "-T", str(seconds), "-R", str(rate), "-l",
             "--log-prefix", f"{folder}/log", cluster.conninfo()],
            env=words, capture_output=True, check=True,
        )  # fmt: skip
        over.set()
        thread.join()
        lines = [line for path in Path(folder).iterdir() for line in path.read_text().splitlines()]
    return [int(line.split()[2]) / 1000 for line in lines]  # the third word is the latency in microseconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rate", type=int, default=100)
    given = parser.parse_args()
    cluster = Cluster.throw_away(find())
    try:
        cluster.configure(SETTINGS)
        cluster.start()
        cluster.run("pgbench", "-i", "-q", "-s", str(given.scale), cluster.conninfo(), timeout=600)
        p50: dict[str, list[float]] = {name: [] for name in ARMS}
        p99: dict[str, list[float]] = {name: [] for name in ARMS}
        for number in range(given.rounds):
            for name in ARMS if number % 2 == 0 else reversed(ARMS):
                found = latencies(cluster, ARMS[name](cluster), given.seconds, given.rate)
                p50[name].append(median(found))
                p99[name].append(quantiles(found, n=100)[98])
                print(f"round {number + 1} {name}: p99 {p99[name][-1]:.1f} ms", file=sys.stderr)
        print(tabulate([row(name, p50, p99) for name in ARMS], ["beside", "p50 ms", "p99 ms", "p99 to reindexdb's"],
                       tablefmt="github", disable_numparse=True))  # fmt: skip
    finally:
        cluster.remove()


def row(name: str, p50: dict[str, list[float]], p99: dict[str, list[float]]) -> list[str]:
    """An arm's medians over the rounds, and its paired ratio."""
    found = ratio(p99[name], p99["reindexdb"])
    told = f"{found.median:.2f} ({found.least:.2f} to {found.greatest:.2f})" if found else ""
    return [name, f"{median(p50[name]):.1f}", f"{median(p99[name]):.1f}", told]


if __name__ == "__main__":
    main()
