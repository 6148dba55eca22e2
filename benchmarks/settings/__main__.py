"""`python -m benchmarks.settings`: run the protocol and print what was measured."""

import argparse
import contextlib
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import psutil
import psycopg

from benchmarks.measure.cgroup import Cgroup, NoCgroup, limited
from benchmarks.settings import report
from benchmarks.settings.arms import ARMS, Arm, NoAnswer, ask, each, mended, ours
from benchmarks.settings.rounds import Run, Suite, run, serving
from benchmarks.settings.suites import Tpcb, Tpch, Web
from benchmarks.settings.summary import summary
from benchmarks.settings.target import Target
from pgtune.cluster import Cluster, find
from pgtune.model.errors import PgtuneError
from pgtune.model.hardware import STORAGE_KINDS
from pgtune.model.units import human_bytes, parse_bytes

SCHEMA = "pgtune.bench.settings/1"
SUITES = ("tpcb", "web", "tpch")


def suites(chosen: Sequence[str], *, quick: bool, scale: float | None) -> list[Suite]:
    """The loads: in full about 1.3 GB each and minutes a round; quick, tens of MB and seconds."""
    made: dict[str, Suite] = {
        "tpcb": Tpcb(scale=5, transactions=8_000) if quick else Tpcb(scale=80, transactions=160_000),
        "web": Web(size=25, transactions=16_000) if quick else Web(size=500, transactions=240_000),
        "tpch": Tpch(scale or (0.1 if quick else 1)),
    }
    return [made[name] for name in chosen]


def options(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.settings", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of every arm (default 5)")
    parser.add_argument("--quick", action="store_true", help="small data: shows that it works, measures little")
    parser.add_argument("--memory", type=parse_bytes, help="run the server in a memory cgroup of this size, as 2GB")
    parser.add_argument("--version", type=int, default=18, help="major version of the server (default 18)")
    parser.add_argument("--suites", default=",".join(SUITES), help="which of tpcb,web,tpch")
    parser.add_argument("--arms", default=",".join(ARMS), help="which of default,le0pard,pg-configurator,pgtune")
    parser.add_argument("--offline", action="store_true", help="pgtune answers from options alone, as its peers do")
    parser.add_argument("--each", action="store_true", help="instead of the arms: each setting of pgtune alone")
    parser.add_argument("--scale", type=float, help="scale factor of TPC-H (default 1, quick 0.1)")
    parser.add_argument("--storage", choices=STORAGE_KINDS, default="ssd", help="what the arms are told (default ssd)")
    parser.add_argument("--cpus", type=float, help="what the arms are told (default: this machine's)")
    parser.add_argument("--folder", type=Path, help="where the data directories go (default: a temporary folder)")
    parser.add_argument("--out", type=Path, help="write everything as JSON here")
    given = parser.parse_args(words)
    given.suites, given.arms = given.suites.split(","), given.arms.split(",")
    for name, known in ((given.suites, SUITES), (given.arms, ARMS)):
        if set(name) - set(known):
            parser.error(f"unknown: {', '.join(set(name) - set(known))}; there are {', '.join(known)}")
    return given


def main(words: Sequence[str] | None = None) -> int:
    """Run; 0 when everything was measured, 1 when something was not, 3 when an arm or a server is missing."""
    given = options(words)
    chosen = suites(given.suites, quick=given.quick, scale=given.scale)
    try:
        for suite in chosen:  # an arm that cannot answer is met before any data is made
            asked(given, told(suite, given, data=1 << 30))
        with grouped(given.memory) as group, placed(given.folder) as folder:
            results = [measure(suite, given, folder, group) for suite in chosen]
    except NoCgroup as error:
        print(f"not measured: {error}")
        return 1
    except (NoAnswer, PgtuneError) as error:
        print(f"benchmarks.settings: {error}", file=sys.stderr)
        return 3
    if given.out:
        given.out.write_text(json.dumps(document(given, results), indent=1), encoding="utf-8")
        say(f"written: {given.out}")
    return 1 if any(found["summary"]["failures"] for found in results) else 0


@contextlib.contextmanager
def grouped(memory: int | None) -> Iterator[Cgroup | None]:
    """A memory cgroup, or none where none was asked for."""
    if memory is None:
        yield None
    else:
        with limited(memory) as group:
            yield group


@contextlib.contextmanager
def placed(folder: Path | None) -> Iterator[Path]:
    """The user's folder, or a temporary one that is removed."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="pgtune-bench-") as temporary:
        Path(temporary).chmod(0o755)  # the account that runs the servers has to enter it
        yield Path(temporary)


def measure(suite: Suite, given: argparse.Namespace, folder: Path, group: Cgroup | None) -> dict[str, Any]:
    """Make the data, ask the arms, run the rounds, print the tables; the result as plain data."""
    cluster = Cluster.create(find(given.version), folder / f"{suite.name}-{os.getpid()}")
    begin = time.monotonic()
    try:
        with serving(cluster, Arm("loading", {"max_wal_size": "8GB"})):
            suite.load(cluster)
            data = data_bytes(cluster)
        target = told(suite, given, data)
        with serving(cluster, Arm("default", {}), group):
            suite.settle(cluster)
            arms = asked(given, target, None if given.offline else cluster.conninfo())
        arms = [mended(cluster, arm) for arm in arms]
        heading(suite, target, given, arms, time.monotonic() - begin)
        runs = run(cluster, suite, arms, given.rounds, say, group)
    finally:
        cluster.remove()
    return printed(suite, target, arms, runs)


def asked(given: argparse.Namespace, target: Target, conninfo: str | None = None) -> list[Arm]:
    """The arms' answers; with a conninfo pgtune looks at the server, as no peer can."""
    if given.each:
        return each(ours(target, conninfo))
    return [ask(name, target, conninfo) for name in given.arms]


def told(suite: Suite, given: argparse.Namespace, data: int) -> Target:
    """What every arm is told alike."""
    memory = given.memory or psutil.virtual_memory().total
    cpus = given.cpus or len(os.sched_getaffinity(0))
    return Target(memory, cpus, given.storage, suite.profile, suite.connections, data, given.version)


def data_bytes(cluster: Cluster) -> int:
    with psycopg.connect(cluster.conninfo()) as connection:
        row = connection.execute("SELECT sum(pg_database_size(oid))::bigint FROM pg_database").fetchone()
    assert row is not None
    return int(row[0])


def heading(suite: Suite, target: Target, given: argparse.Namespace, arms: Sequence[Arm], seconds: float) -> None:
    """What is about to be measured."""
    limit = f" in a memory cgroup of {human_bytes(given.memory)}" if given.memory else ""
    print(
        f"\n== {suite.name}: PostgreSQL {target.major}{limit}, {human_bytes(target.data)} of data, "
        f"{given.rounds} rounds\n"
        f"   told: {human_bytes(target.memory)}, {target.cpus:g} CPUs, {target.storage}, profile {target.profile}, "
        f"{target.connections} connections"
    )
    for line in report.arm_lines(arms):
        print(f"   {line}")
    sys.stdout.flush()
    say(f"{suite.name}: data made in {seconds:.0f} s")


def printed(suite: Suite, target: Target, arms: Sequence[Arm], runs: Sequence[Run]) -> dict[str, Any]:
    """Print a suite's tables; the same as plain data."""
    found = summary(runs)
    print()
    print(report.table(found))
    print("ratios to the default within a round: median (least-greatest)")
    for line in report.words(found) + report.goals(found):
        print(line)
    sys.stdout.flush()
    return {
        "suite": suite.name,
        "target": asdict(target),
        "arms": [asdict(replace(arm, settings=dict(arm.settings))) for arm in arms],
        "runs": [asdict(done) for done in runs],
        "summary": asdict(found),
    }


def document(given: argparse.Namespace, results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The whole answer."""
    words = {name: str(value) if isinstance(value, Path) else value for name, value in vars(given).items()}
    machine = {"cpus": os.cpu_count(), "memory": psutil.virtual_memory().total, "kernel": platform.release()}
    return {"schema": SCHEMA, "machine": machine, "asked": words, "suites": list(results)}


def say(text: str) -> None:
    """Progress, apart from the answer."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
