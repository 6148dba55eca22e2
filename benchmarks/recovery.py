"""How fast crash recovery applies WAL on this disk: work, SIGKILL, start, and the server's own log, one command.

    python -m benchmarks.recovery [--rounds 3] [--transactions 200000]

The rates that `pgtune/settings/wal.py` assumes by kind of disk are to stay below what is measured here.
"""

import argparse
import re
import statistics
import subprocess
import sys

from pgtune.cluster import Cluster, find
from pgtune.model.units import MB, human_bytes

SCALE = 50
STARTS = re.compile(r"redo starts at ([0-9A-F]+)/([0-9A-F]+)")
DONE = re.compile(r"redo done at ([0-9A-F]+)/([0-9A-F]+) system usage: .*elapsed: ([0-9.]+) s")


def position(high: str, low: str) -> int:
    """A position in the WAL as a number of bytes."""
    return (int(high, 16) << 32) + int(low, 16)


def pgbench(cluster: Cluster, *options: str) -> None:
    """Run pgbench and fail if it fails."""
    command = [str(cluster.binaries.program("pgbench")), *options, cluster.conninfo()]
    environment = dict(cluster.binaries.environment)
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=600, env=environment)


def recovered(cluster: Cluster, transactions: int) -> tuple[int, float]:
    """Bytes of WAL and seconds of one recovery."""
    pgbench(cluster, "-n", "-c", "8", "-j", "2", "-t", str(transactions // 8))
    offset = cluster.log.stat().st_size
    cluster.kill()
    cluster.wait_until_gone()
    cluster.start(timeout=600)
    log = cluster.log_since(offset)
    starts, done = STARTS.search(log), DONE.search(log)
    if starts is None or done is None:
        raise RuntimeError(f"the log tells of no recovery: {log[-500:]}")
    return position(done[1], done[2]) - position(starts[1], starts[2]), float(done[3])


def main() -> int:
    """Measure and print each round and the median."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--transactions", type=int, default=200_000)
    given = parser.parse_args()
    cluster = Cluster.throw_away(find())
    try:
        cluster.configure({"max_wal_size": "32GB", "checkpoint_timeout": "1h", "shared_buffers": "1GB"})
        cluster.start()
        pgbench(cluster, "-i", "-q", "-s", str(SCALE))
        cluster.restart()
        rates = []
        for number in range(given.rounds):
            size, seconds = recovered(cluster, given.transactions)
            rates.append(size / seconds)
            print(f"round {number + 1}: {human_bytes(size)} of WAL in {seconds:.1f} s: {rates[-1] / MB:.0f} MB/s")
    finally:
        cluster.remove()
    print(f"median {statistics.median(rates) / MB:.0f} MB/s ({min(rates) / MB:.0f} to {max(rates) / MB:.0f})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
