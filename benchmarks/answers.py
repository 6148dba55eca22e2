"""How long the commands that a person waits for take, the start of Python included, one command.

    python -m benchmarks.answers [--rounds 8]

Each command is run as a user runs it, in its own process, one after the other in each round; printed are the median,
the least and the most of wall and processor time in seconds. The server is a new embedded one.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

from tabulate import tabulate

from pgtune.cluster import Cluster, find

MACHINE = ("--ram", "16GB", "--cpus", "4", "--storage", "ssd", "--pg-version", "17")


def took(*words: str) -> tuple[float, float]:
    """Wall and processor seconds of one command, from the start of its process to its end."""
    here = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}  # as installed
    before, began = os.times(), time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "pgtune", *words], capture_output=True, check=False, env=here)
    wall, after = time.perf_counter() - began, os.times()
    if done.returncode not in {0, 1}:
        sys.exit(done.stderr.decode())
    return wall, after.children_user + after.children_system - before.children_user - before.children_system


def spread(values: list[float]) -> str:
    """The median and, in brackets, the least and the most."""
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def main() -> None:
    """Print a line for each command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=8)
    given = parser.parse_args()
    server = Cluster.throw_away(find())
    try:
        server.start()
        commands = {
            "pgtune --help": ("--help",),
            "pgtune why work_mem": ("why", "work_mem"),
            "pgtune tune, of a described machine": ("tune", *MACHINE),
            "pgtune tune, of a server": ("tune", server.conninfo()),
            "pgtune maintain plan": ("maintain", "plan", server.conninfo()),
        }
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(given.rounds):
            for name, words in commands.items():
                taken[name].append(took(*words))
    finally:
        server.remove()
    rows = [[name, *(spread(list(each)) for each in zip(*pairs, strict=True))] for name, pairs in taken.items()]
    print(tabulate(rows, headers=["command", "wall s", "processor s"], disable_numparse=True))


if __name__ == "__main__":
    main()
