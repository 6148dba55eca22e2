"""What goes wrong where something goes wrong: pgtune beside reindexdb and vacuumdb, one trouble at a time, one command.

    python -m benchmarks.maintenance.chaos            PGTUNE_BIN_18=/a/folder/bin measures another build

Each tool meets each trouble (troubles.py) on a fresh database of the same server, with the same patience of a second:
for PostgreSQL's own programs that is lock_timeout in PGOPTIONS, the one means they have. Counted are invalid indexes
that are left when the tool has ended and the trouble is over, exit code 0 although something that needed work did not
get it, healthy objects left undone, work of others that was broken, and commands that had not ended after fifteen
seconds (they are killed then).
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from tabulate import tabulate

from benchmarks.maintenance.site import environment
from benchmarks.maintenance.troubles import BUILDING, KILLED, REBUILDS, SCHEMA, TWICE, VACUUMS, Bench, Trouble
from pgtune.cluster import Cluster, find

PATIENCE = "1s"
HANGS = 15.0  # seconds after which a command that should have given up counts as hanging
SETTINGS = {"autovacuum": "off", "fsync": "off", "max_prepared_transactions": "2"}


@dataclass(frozen=True)
class Found:
    """How a tool came through a trouble."""

    invalid: int
    false_success: bool
    undone: int
    hung: bool
    harmed: Sequence[str]

    def __str__(self) -> str:
        told = [f"{self.invalid} invalid left"] if self.invalid else []
        told += ["exit 0 though not done"] if self.false_success else []
        told += [f"{self.undone} healthy not done"] if self.undone else []
        told += [*self.harmed, *(["hangs"] if self.hung else [])]
        return ", ".join(told) or "0"


Command = tuple[list[str], dict[str, str]]


def own(bench: Bench, trouble: Trouble, task: str) -> Command:
    """`pgtune maintain run`."""
    what = ["--task", "vacuum"] if task == "vacuum" else ["--task", "reindex,leftovers", "--all"]
    conninfo = bench.cluster.conninfo(bench.name, trouble.role)
    return [sys.executable, "-m", "pgtune", "maintain", "run", *what, "--tables", "public.%",
            "--lock-timeout", PATIENCE, conninfo], {}  # fmt: skip


def postgres(bench: Bench, trouble: Trouble, task: str) -> Command:
    """`reindexdb --concurrently` or `vacuumdb -z`."""
    options = {"PGOPTIONS": f"-c lock_timeout={PATIENCE}"}
    program, what = ("vacuumdb", "-z") if task == "vacuum" else ("reindexdb", "--concurrently")
    return [str(bench.cluster.binaries.program(program)), what, "-d",
            bench.cluster.conninfo(bench.name, trouble.role)], options  # fmt: skip


Tool = Callable[[Bench, Trouble, str], Command]
TOOLS: dict[str, Tool] = {"reindexdb, vacuumdb": postgres, "pgtune": own}


def start(bench: Bench, command: Command) -> "subprocess.Popen[bytes]":
    """The tool at work."""
    words, more = command
    env = environment() | bench.cluster.binaries.environment | more
    return subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def ended(process: "subprocess.Popen[bytes]") -> int | None:
    """The exit code; None for a command that hung and was killed."""
    try:
        return process.wait(HANGS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None


def run(bench: Bench, trouble: Trouble, command: Command) -> list[int | None]:
    """The exit codes: of a single run, of two at once, or of the one after a run that was killed in a build."""
    first = start(bench, command)
    if trouble.name == TWICE:
        return [ended(process) for process in (start(bench, command), first)]
    if trouble.name == KILLED:
        while first.poll() is None and not bench.ask(f"select 1 {BUILDING} and index_relid <> 0"):
            time.sleep(0.02)
        first.kill()
        first.wait()
        time.sleep(0.7)  # as soon as a person would
        return [ended(start(bench, command))]
    return [ended(first)]


def meet(cluster: Cluster, tool: Tool, task: str, trouble: Trouble) -> Found:
    """One tool, one trouble, a fresh database."""
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        connection.execute("drop database if exists chaos with (force)")
        connection.execute("create database chaos template model")
    bench = Bench(cluster)
    if task == "vacuum":
        bench.ask("update a set v = v + 1; update b set v = v + 1; update c set v = v + 1")
    with trouble.make(bench):
        before, began = files(bench), bench.ask("select clock_timestamp()")[0][0]
        codes = run(bench, trouble, tool(bench, trouble, task))
    time.sleep(1)  # a killed client's backend ends
    done, there = _done(bench, task, before, began), files(bench)
    undone = [each for each in trouble.healthy if each in there and each not in done]
    lacking = [each for each in trouble.sick if each not in done]
    invalid = len(bench.ask("select 1 from pg_index where not indisvalid"))
    return Found(invalid, 0 in codes and bool(undone or lacking), len(undone), None in codes, bench.harmed)


def files(bench: Bench) -> dict[str, int]:
    """The file of each index: a rebuild gives it another."""
    rows = bench.ask("select relname, pg_relation_filenode(oid) from pg_class where relkind = 'i' and oid > 16384")
    return {str(name): int(str(file)) for name, file in rows}


def _done(bench: Bench, task: str, before: dict[str, int], began: object) -> set[str]:
    """Names of indexes that were rebuilt, or whose table was vacuumed, and whether no dead rows are left."""
    if task == "reindex":
        after = files(bench)
        return {name for name, file in before.items() if after.get(name) != file}
    rows = bench.ask("select relname from pg_stat_user_tables where last_vacuum >= %s", began)
    names = {str(name) for (name,) in rows}
    clean = not bench.ask("select 1 from pg_stat_user_tables where n_dead_tup > 0")
    return {f"{name}_{kind}" for name in names for kind in ("v", "pkey")} | ({"dead rows"} if clean else set())


@contextmanager
def site(settings: dict[str, str]) -> Iterator[Cluster]:
    """A server with the database that is copied for each trouble."""
    cluster = Cluster.throw_away(find())
    try:
        cluster.configure(SETTINGS | settings)
        cluster.start()
        password = (cluster.folder / "password").read_text().strip()
        with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
            connection.execute(psycopg.sql.SQL("create role stranger login password {}").format(password))
            connection.execute("create database model")
        Bench(cluster, "model").ask(SCHEMA + "analyze")
        yield cluster
    finally:
        cluster.remove()


def _row(cluster: Cluster, task: str, trouble: Trouble) -> list[str]:
    found = list[str]()
    for tool in TOOLS.values():
        if trouble.settings is None:
            found.append(str(meet(cluster, tool, task, trouble)))
            continue
        with site(dict(trouble.settings)) as another:
            found.append(str(meet(another, tool, task, trouble)))
    print(f"{task}, {trouble.name}: {found}", file=sys.stderr)
    return [task, trouble.name, *found]


def main() -> None:
    """Every trouble, and how the tools came through."""
    with site({}) as cluster:
        rows = [_row(cluster, task, each) for task, troubles in (("reindex", REBUILDS), ("vacuum", VACUUMS))
                for each in troubles]  # fmt: skip
    print(tabulate(rows, ["work", "trouble", *TOOLS], tablefmt="github"))


if __name__ == "__main__":
    main()
