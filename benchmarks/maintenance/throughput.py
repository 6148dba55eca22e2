"""How fast the work itself goes, where everything needs it: pgtune beside vacuumdb and reindexdb, one command.

    python -m benchmarks.maintenance.throughput --tables 100 --tables 2000 [--rows 500] --rounds 5 -j 1 -j 2

Each tool gets a fresh copy of one database, worn alike, in turns A-B-B-A. A figure is the wall time of the whole
command as a user calls it, divided by that of PostgreSQL's own program in the same round: median, least and greatest.
Beside it the same of the processor time of tool and sessions together: a busy machine shifts it less.
`no history` is the runner without its two rows a statement, which no command offers; it is timed from its plan to its
end, `python` is what an interpreter and the imports cost before anything begins.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median

import psutil
import psycopg
from tabulate import tabulate

from benchmarks.maintenance.site import environment
from benchmarks.settings.ratios import ratio
from pgtune.cluster import Cluster, find
from pgtune.maintenance.record import Deferral, Recorded
from pgtune.maintenance.survey import Scope
from pgtune.maintenance.work import Job, Kind, Past, Result
from pgtune.server.maintain import run, target
from pgtune.server.maintain.history import Deed
from pgtune.server.maintain.run import Ears, Orders
from pgtune.usecases import maintain_plan

SETTINGS = {"autovacuum": "off", "shared_buffers": "256MB", "max_wal_size": "4GB", "checkpoint_timeout": "1h"}
ROWS = 500  # a table, if not given; 30 % of them are dead before each round
BUILD = """
do $$ begin for n in 1..{tables} loop
  execute format('create table t%s (id int primary key, v int) with (fillfactor = 50)', n);
  execute format('insert into t%s select g, g from generate_series(1, {rows}) g', n);
  if mod(n, 200) = 0 then commit; end if;
end loop; end $$
"""
WEAR = """
do $$ begin for n in 1..{tables} loop
  execute format('update t%s set v = v + 1 where mod(id, 10) < 3', n);
  if mod(n, 200) = 0 then commit; end if;
end loop; end $$
"""
PGTUNE = (sys.executable, "-m", "pgtune", "maintain")
IN_CLUSTER = "history in the cluster"
Arm = Callable[[Cluster, str, int], float]


class Nothing:
    """A history that keeps nothing, so it looks at nothing that it is given."""

    def open_run(self, *_given: object, **_named: object) -> int:
        """As the protocol says."""
        return 0

    def close_run(self, exit_code: int, detail: str) -> None:
        """As the protocol says."""

    def begin(self, jobs: Sequence[tuple[Job, int | None]]) -> list[int]:
        """As the protocol says."""
        return [0] * len(jobs)

    def end(self, deeds: Sequence[Deed]) -> None:
        """As the protocol says."""

    def note(self, result: Result) -> None:
        """As the protocol says."""

    def past(self) -> tuple[Past, ...]:
        """As the protocol says."""
        return ()

    def runs(self, *_given: object, **_named: object) -> tuple[Recorded, ...]:
        """As the protocol says."""
        return ()

    def last(self, scope: str) -> None:
        """As the protocol says."""

    def deferrals(self) -> tuple[Deferral, ...]:
        """As the protocol says."""
        return ()

    def forget(self, *_given: object, **_named: object) -> int:
        """As the protocol says."""
        return 0


@dataclass
class Suite:
    """One kind of work: PostgreSQL's own program, the options of pgtune that mean the same, how many jobs that is."""

    name: str
    program: str
    options: tuple[str, ...]
    ours: tuple[str, ...]
    scope: Scope
    seconds: dict[str, list[float]] = field(default_factory=dict)
    used: dict[str, list[float]] = field(default_factory=dict)


def suites() -> tuple[Suite, Suite]:
    """VACUUM with ANALYZE of every table, and the rebuild of every index."""
    return (
        Suite("vacuum -z", "vacuumdb", ("-z",), ("--task", "vacuum"), Scope(frozenset({Kind.VACUUM}))),
        Suite(
            "reindex", "reindexdb", ("--concurrently",), ("--task", "reindex", "--all"),
            Scope(frozenset({Kind.REINDEX}), everything=True),
        ),
    )  # fmt: skip


@contextmanager
def server(tables: int, rows: int = ROWS) -> Iterator[Cluster]:
    """A server with the database that each round copies."""
    cluster = Cluster.throw_away(find())
    try:
        cluster.configure(SETTINGS)
        cluster.start()
        execute(cluster, "postgres", "create database model")
        execute(cluster, "model", BUILD.format(tables=tables, rows=rows))
        execute(cluster, "model", "vacuum analyze")
        yield cluster
    finally:
        cluster.remove()


def execute(cluster: Cluster, database: str, statement: str) -> None:
    """Run a statement outside a transaction."""
    with psycopg.connect(cluster.conninfo(database), autocommit=True) as connection:
        connection.execute(statement)


def timed(command: list[str], cluster: Cluster) -> float:
    """The wall time of a command that must succeed."""
    began = time.monotonic()
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment() | cluster.binaries.environment
    )
    if done.returncode:
        raise SystemExit(f"{command[0]}: {done.stderr}{done.stdout}")
    return time.monotonic() - began


def peer(suite: Suite) -> Arm:
    """PostgreSQL's own program."""

    def measure(cluster: Cluster, database: str, jobs: int) -> float:
        program = str(cluster.binaries.program(suite.program))
        return timed([program, *suite.options, "-j", str(jobs), "-d", cluster.conninfo(database)], cluster)

    return measure


def command(suite: Suite) -> Arm:
    """`pgtune maintain run` as a user calls it."""

    def measure(cluster: Cluster, database: str, jobs: int) -> float:
        return timed([*PGTUNE, "run", *suite.ours, "--tables", "public.%", "-j", str(jobs), cluster.conninfo(database)],
                     cluster)  # fmt: skip

    return measure


def bare(suite: Suite) -> Arm:
    """The runner in this process, without a history; it must do all the work."""

    def measure(cluster: Cluster, database: str, jobs: int) -> float:
        conninfo = cluster.conninfo(database)
        began = time.monotonic()
        plan = maintain_plan.plan(maintain_plan.Request(conninfo, scope=suite.scope), lambda _text: None)
        ears = Ears(lambda _results: None, None, lambda _text: None)
        with target.opened(conninfo) as (_, found):
            worked = run.work(conninfo, found, plan.jobs, Orders(workers=jobs), Nothing(), ears)
        seconds = time.monotonic() - began
        failed = [result for result in worked.results if result.outcome != "done"]
        if failed or not worked.results:
            raise SystemExit(f"not all was done: {failed[:3]}")
        return seconds

    return measure


def arms(suite: Suite) -> dict[str, Arm]:
    """Who is measured."""
    return {
        suite.program: peer(suite),
        "no history": bare(suite),
        "history in a file": command(suite),
        IN_CLUSTER: command(suite),
    }


def measure(cluster: Cluster, suite: Suite, tables: int, jobs: int, rounds: int) -> None:
    """Every arm once a round, forwards and backwards in turns."""
    for number in range(rounds):
        order = list(arms(suite).items())
        for name, arm in order if number % 2 == 0 else reversed(order):
            execute(cluster, "postgres", "create database work template model")
            execute(cluster, "work", WEAR.format(tables=tables))
            execute(cluster, "work", "checkpoint")
            if name == IN_CLUSTER:
                timed([*PGTUNE, "init", cluster.conninfo("work")], cluster)
            before = processor_time(cluster)
            seconds = arm(cluster, "work", jobs)
            execute(cluster, "postgres", "drop database work")  # when it is gone, so are the sessions in it
            used = processor_time(cluster) - before
            suite.seconds.setdefault(name, []).append(seconds)
            suite.used.setdefault(name, []).append(used)
            told = f"{seconds:.2f} s, {used:.2f} s of processor time"
            print(f"round {number + 1} {suite.name} {tables} -j{jobs} {name}: {told}", file=sys.stderr)


def processor_time(cluster: Cluster) -> float:
    """Of this process, its ended children and the server's ended sessions, in seconds."""
    server, own = psutil.Process(cluster.pid).cpu_times(), psutil.Process().cpu_times()
    return sum((own.user, own.system, own.children_user, own.children_system,
                server.children_user, server.children_system))  # fmt: skip


def rows(suite: Suite, tables: int, jobs: int) -> Iterator[list[str]]:
    """Seconds, milliseconds a table, and the ratio to PostgreSQL's own program."""
    base = suite.seconds[suite.program]
    for name, seconds in suite.seconds.items():
        yield [suite.name, str(tables), str(jobs), name, f"{median(seconds):.2f}",
               f"{median(seconds) / tables * 1000:.2f}", spread(seconds, base),
               spread(suite.used[name], suite.used[suite.program])]  # fmt: skip


def spread(seconds: list[float], base: list[float]) -> str:
    """The ratio of the rounds: median, least and greatest."""
    found = ratio(seconds, base)
    return f"{found.median:.2f} ({found.least:.2f} to {found.greatest:.2f})" if found else ""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, action="append")
    parser.add_argument("--rows", type=int, default=ROWS, help="of each table; 30 %% are dead before each round")
    parser.add_argument("-j", "--jobs", type=int, action="append")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=["vacuum -z", "reindex"])
    given = parser.parse_args()
    found: list[list[str]] = []
    for tables in given.tables or [100, 2000]:
        with server(tables, given.rows) as cluster:
            for jobs in given.jobs or [1, 2]:
                for suite in suites():
                    if given.only in {None, suite.name}:
                        measure(cluster, suite, tables, jobs, given.rounds)
                        found += rows(suite, tables, jobs)
    python = median(starting() for _ in range(5))
    headers = ["work", "tables", "-j", "who", "s", "ms a table", "times PostgreSQL's own", "in processor time"]
    print(tabulate(found, headers, tablefmt="github", disable_numparse=True))
    print(f"\npython with its imports: {python:.2f} s of each command of pgtune; {given.rounds} rounds in turns")


def starting() -> float:
    """How long the interpreter and the imports take before anything begins."""
    began = time.monotonic()
    modules = "pgtune.cli.maintain.run, pgtune.usecases.maintain_run, pgtune.report.maintain.run"
    subprocess.run([sys.executable, "-c", f"import {modules}"], check=True)
    return time.monotonic() - began


if __name__ == "__main__":
    main()
