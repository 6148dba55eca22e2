"""What goes wrong where something goes wrong: pgtune beside reindexdb and vacuumdb, one trouble at a time, one command.

    python -m benchmarks.maintenance.chaos            PGTUNE_BIN_18=/a/folder/bin measures another build

Each tool meets each trouble on a fresh database of the same server, with the same patience of a second: for
PostgreSQL's own programs that is lock_timeout in PGOPTIONS, the one means they have. Counted are invalid indexes that
are left when the tool has ended and the trouble is over, exit code 0 although something that needed work did not get
it, healthy objects left undone, and commands that had not ended after fifteen seconds (they are killed then).
"""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import psycopg
from tabulate import tabulate

from benchmarks.maintenance.site import environment
from pgtune.cluster import Cluster, find

PATIENCE = "1s"
HANGS = 15.0  # seconds after which a command that should have given up counts as hanging
SCHEMA = """
create table a (id int primary key, v int); insert into a select g, g from generate_series(1, 2000) g;
create index a_v on a (v);
create table b (id int primary key, v int); insert into b select g, g from generate_series(1, 2000) g;
create index b_v on b (v);
create table c (id int primary key, v int); insert into c select g, g from generate_series(1, 2000) g;
create index c_v on c (v);
"""
KILLED = "tool killed (-9), then run again"
BUILDING = "from pg_stat_progress_create_index where phase like 'building%'"
HEALTHY = ("b_v", "c_v", "b_pkey", "c_pkey")


@dataclass
class Found:
    """How a tool came through a trouble."""

    invalid: int = 0
    false_success: bool = False
    undone: int = 0
    hung: bool = False

    def __str__(self) -> str:
        told = [f"{self.invalid} invalid left"] if self.invalid else []
        told += ["exit 0 though not done"] if self.false_success else []
        told += [f"{self.undone} healthy not done"] if self.undone else []
        told += ["hangs"] if self.hung else []
        return ", ".join(told) or "0"


@dataclass(frozen=True)
class Bench:
    """A fresh database for one tool and one trouble."""

    cluster: Cluster
    name: str = "chaos"

    @property
    def conninfo(self) -> str:
        """As the superuser."""
        return self.cluster.conninfo(self.name)

    def ask(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """Rows of a statement in a session of its own."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def files(self) -> dict[str, int]:
        """The file of each index: a rebuild gives it another."""
        rows = self.ask("select relname, pg_relation_filenode(oid) from pg_class where relkind = 'i' and oid > 16384")
        return {str(name): int(str(file)) for name, file in rows}

    def invalid(self) -> int:
        """Invalid indexes."""
        return len(self.ask("select 1 from pg_index where not indisvalid"))


Trouble = Callable[[Bench], "ExitStack"]


@contextmanager
def transaction(bench: Bench, *statements: str) -> Iterator[psycopg.Connection]:
    """A session that did this and leaves its transaction open."""
    connection = psycopg.connect(bench.conninfo)
    try:
        for statement in statements:
            connection.execute(statement)
        yield connection
    finally:
        with suppress(psycopg.Error):
            connection.close()


def opened(*statements: str) -> Trouble:
    """The trouble that is such a session."""

    def begin(bench: Bench) -> ExitStack:
        stack = ExitStack()
        stack.enter_context(transaction(bench, *statements))
        return stack

    return begin


def duplicates(bench: Bench) -> ExitStack:
    """Rows in a unique index that it forbids."""
    bench.ask("insert into a values (0, 1)")
    bench.ask("update pg_index set indisunique = true where indexrelid = 'a_v'::regclass")
    return ExitStack()


def exclusion(bench: Bench) -> ExitStack:
    """An index that cannot be rebuilt concurrently."""
    bench.ask("create table aa (during int4range, exclude using gist (during with &&))")
    return ExitStack()


def leftover(bench: Bench) -> ExitStack:
    """Debris of an earlier tool, which a timeout cut off."""
    options = "-c lock_timeout=200ms"
    with (
        transaction(bench, "update a set v = 0 where id = 1"),
        psycopg.connect(bench.conninfo, autocommit=True, options=options) as connection,
        suppress(psycopg.Error),
    ):
        connection.execute("reindex index concurrently a_v")
    return ExitStack()


def slow(bench: Bench) -> None:
    """An index whose build takes a second."""
    bench.ask(
        "create function nap(int) returns int language plpgsql immutable as"
        " $$ begin perform pg_catalog.pg_sleep(0.0005); return $1; end $$"
    )
    bench.ask("create index a_nap on a (nap(v))")


def terminated(bench: Bench) -> ExitStack:
    """The backend is terminated in the middle of a build."""
    stack, over = ExitStack(), threading.Event()
    slow(bench)

    def terminate() -> None:
        while not over.wait(0.02) and not bench.ask(f"select pg_terminate_backend(pid) {BUILDING}"):
            pass

    thread = threading.Thread(target=terminate, daemon=True)
    thread.start()
    stack.callback(over.set)
    return stack


def killed(bench: Bench) -> ExitStack:
    """A slow index, in whose build the tool is killed (by `run_killed`)."""
    slow(bench)
    return ExitStack()


def timeouts(bench: Bench) -> ExitStack:
    """The role has timeouts of its own in this database."""
    slow(bench)
    for name, value in (("statement_timeout", "500ms"), ("lock_timeout", "100ms")):
        bench.ask(f"alter role postgres in database chaos set {name} = '{value}'")
    return ExitStack()


def stranger(bench: Bench) -> ExitStack:
    """The role of the tool owns nothing."""
    bench.ask("grant connect on database chaos to public")
    return ExitStack()


def nothing(_bench: Bench) -> ExitStack:
    """No trouble."""
    return ExitStack()


REBUILDS: dict[str, Trouble] = {
    "no trouble": nothing,
    "a writer stays open": opened("update a set v = 1 where id = 1"),
    "an idle reader": opened("select 1 from a limit 1"),
    "an old snapshot elsewhere": opened("set transaction isolation level repeatable read", "select 1 from pg_class"),
    "another holds the table": opened("lock table a in share update exclusive mode"),
    "backend terminated": terminated,
    KILLED: killed,
    "timeouts of the role": timeouts,
    "duplicate key": duplicates,
    "exclusion constraint": exclusion,
    "debris of an earlier run": leftover,
    "no permission": stranger,
}
VACUUMS: dict[str, Trouble] = {
    "no trouble": nothing,
    "another holds the table": opened("lock table a in share update exclusive mode"),
    "an old snapshot elsewhere": opened("set transaction isolation level repeatable read", "select 1 from pg_class"),
    "no permission": stranger,
}


def own(bench: Bench, trouble: str, task: str) -> tuple[list[str], dict[str, str]]:
    """`pgtune maintain run`."""
    what = ["--task", "vacuum"] if task == "vacuum" else ["--task", "reindex,leftovers", "--all"]
    words = ["maintain", "run", *what, "--tables", "public.%", "--lock-timeout", PATIENCE, _conninfo(bench, trouble)]
    return [sys.executable, "-m", "pgtune", *words], {}


def postgres(bench: Bench, trouble: str, task: str) -> tuple[list[str], dict[str, str]]:
    """`reindexdb --concurrently` or `vacuumdb -z`."""
    options = {"PGOPTIONS": f"-c lock_timeout={PATIENCE}"}
    program, what = ("vacuumdb", "-z") if task == "vacuum" else ("reindexdb", "--concurrently")
    return [str(bench.cluster.binaries.program(program)), what, "-d", _conninfo(bench, trouble)], options


def _conninfo(bench: Bench, trouble: str) -> str:
    return bench.cluster.conninfo(bench.name, "stranger") if trouble == "no permission" else bench.conninfo


Tool = Callable[[Bench, str, str], tuple[list[str], dict[str, str]]]
TOOLS: dict[str, Tool] = {"PostgreSQL's own": postgres, "pgtune": own}


def run(bench: Bench, command: list[str], more: dict[str, str]) -> int | None:
    """The exit code; None for a command that hung and was killed."""
    words = environment() | bench.cluster.binaries.environment | more
    process = subprocess.Popen(command, env=words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return process.wait(HANGS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return None


def run_killed(bench: Bench, command: list[str], more: dict[str, str]) -> int | None:
    """Kill it in the middle of a build, and run it again."""
    words = environment() | bench.cluster.binaries.environment | more
    process = subprocess.Popen(command, env=words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not bench.ask(f"select 1 {BUILDING} and index_relid <> 0"):
        time.sleep(0.02)
    process.kill()
    process.wait()
    time.sleep(0.7)  # as soon as a person would
    return run(bench, command, more)


def meet(cluster: Cluster, tool: Tool, task: str, trouble: str, make: Trouble) -> Found:
    """One tool, one trouble, a fresh database."""
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        connection.execute("drop database if exists chaos with (force)")
        connection.execute("create database chaos template model")
    bench = Bench(cluster)
    if task == "vacuum":
        bench.ask("update a set v = v + 1; update b set v = v + 1; update c set v = v + 1")
    before = bench.files()
    began = bench.ask("select clock_timestamp()")[0][0]
    with make(bench):
        code = (run_killed if trouble == KILLED else run)(bench, *tool(bench, trouble, task))
    time.sleep(1)  # a killed client's backend ends
    done = _done(bench, task, before, began)
    # without a right nobody can, and an old snapshot stops every concurrent build of its database
    allowed = trouble != "no permission" and (task, trouble) != ("reindex", "an old snapshot elsewhere")
    undone = len([each for each in HEALTHY if each not in done]) if allowed else 0
    all_done = not undone and _sick_done(bench, task, trouble, done)
    return Found(bench.invalid(), code == 0 and not all_done, undone, code is None)


def _done(bench: Bench, task: str, before: dict[str, int], began: object) -> set[str]:
    """Names of indexes that were rebuilt, or whose table was vacuumed."""
    if task == "reindex":
        after = bench.files()
        return {name for name, file in before.items() if after.get(name) != file}
    rows = bench.ask("select relname from pg_stat_user_tables where last_vacuum >= %s", began)
    names = {str(name) for (name,) in rows}
    return {f"{name}_{kind}" for name in names for kind in ("v", "pkey")}


def _sick_done(bench: Bench, task: str, trouble: str, done: set[str]) -> bool:
    """Whether the object that the trouble is about got its work, so that exit code 0 is true."""
    if trouble == "exclusion constraint":
        return True  # it cannot be done by anybody: a tool may say 0
    if trouble == "no permission":
        return False
    if task == "vacuum" and trouble == "an old snapshot elsewhere":
        return int(str(bench.ask("select sum(n_dead_tup) from pg_stat_user_tables")[0][0])) == 0
    return "a_v" in done


def main() -> None:
    """Every trouble, and how the tools came through."""
    cluster = Cluster.throw_away(find())
    try:
        cluster.configure({"autovacuum": "off", "fsync": "off"})
        cluster.start()
        password = (cluster.folder / "password").read_text().strip()
        with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
            connection.execute(psycopg.sql.SQL("create role stranger login password {}").format(password))
            connection.execute("create database model")
        Bench(cluster, "model").ask(SCHEMA + "analyze")
        rows = [_row(cluster, task, trouble, make) for task, troubles in (("reindex", REBUILDS), ("vacuum", VACUUMS))
                for trouble, make in troubles.items()]  # fmt: skip
        print(tabulate(rows, ["work", "trouble", *TOOLS], tablefmt="github"))
    finally:
        cluster.remove()


def _row(cluster: Cluster, task: str, trouble: str, make: Trouble) -> list[str]:
    found = [str(meet(cluster, tool, task, trouble, make)) for tool in TOOLS.values()]
    print(f"{task}, {trouble}: {found}", file=sys.stderr)
    return [task, trouble, *found]


if __name__ == "__main__":
    main()
