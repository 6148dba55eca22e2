"""What goes wrong while objects are maintained: each trouble is made on a database of three tables, and ends.

They are the ways in which maintenance of a real server fails. A failover is left to the tests: on a standby nobody can
clean up, so there is nothing to compare.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace

import psycopg

from pgtune.cluster import Cluster

TABLES = ("a", "b", "c")
SCHEMA = "".join(
    f"create table {name} (id int primary key, v int); create index {name}_v on {name} (v);"
    f"insert into {name} select g, g from generate_series(1, 2000) g;"
    for name in TABLES
)
HEALTHY = ("b_v", "c_v", "b_pkey", "c_pkey")
BUILDING = "from pg_stat_progress_create_index where phase like 'building%'"
LONG_NAME = f"a_{'x' * 61}"  # as long as a name may be: what a rebuild leaves bears a shortened one
OLD_SNAPSHOT = ("set transaction isolation level repeatable read", "select 1 from pg_class")
BURN = """
create procedure burn() language plpgsql as $$ begin
  for n in 1..120000 loop perform pg_current_xact_id(); commit; end loop;
end $$
"""
WRAPAROUND = {"autovacuum": "on", "autovacuum_naptime": "1s", "autovacuum_max_workers": "1"}


@dataclass(frozen=True)
class Bench:
    """A fresh database for one tool and one trouble; `harmed` is what the tool did to others."""

    cluster: Cluster
    name: str = "chaos"
    harmed: list[str] = field(default_factory=list)

    @property
    def conninfo(self) -> str:
        """As the superuser."""
        return self.cluster.conninfo(self.name)

    def ask(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """Rows of a statement in a session of its own."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []


Making = Callable[[Bench], AbstractContextManager[None]]


@dataclass(frozen=True)
class Trouble:
    """A trouble. `healthy` are objects that it is not about, `sick` those that it keeps from their work.

    If a sick one stays undone, an exit code of 0 is a lie. `settings` are those of a server of its own.
    """

    name: str
    make: Making
    sick: tuple[str, ...] = ("a_v",)
    healthy: tuple[str, ...] = HEALTHY
    role: str = "postgres"
    settings: Mapping[str, str] | None = None


@contextmanager
def session(bench: Bench, *statements: str, autocommit: bool = False) -> Iterator[psycopg.Connection]:
    """A session that did this and stays, in its open transaction if it is in one."""
    connection = psycopg.connect(bench.conninfo, autocommit=autocommit)
    try:
        for statement in statements:
            connection.execute(statement)
        yield connection
    finally:
        with suppress(psycopg.Error):
            connection.close()


def staying(*statements: str, autocommit: bool = False) -> Making:
    """The trouble that is such a session."""

    @contextmanager
    def make(bench: Bench) -> Iterator[None]:
        with session(bench, *statements, autocommit=autocommit):
            yield

    return make


def prepared(*statements: str) -> Making:
    """The trouble that was left by these."""

    @contextmanager
    def make(bench: Bench) -> Iterator[None]:
        for statement in statements:
            bench.ask(statement)
        yield

    return make


@contextmanager
def forgotten(bench: Bench) -> Iterator[None]:
    """A prepared transaction that nobody ends."""
    bench.ask("begin; create table x (); prepare transaction 'old'")
    yield
    bench.ask("rollback prepared 'old'")


def slow(bench: Bench, table: str = "a", seconds: float = 1.0) -> None:
    """An index whose build and whose ANALYZE take so long."""
    bench.ask(
        f"create function {table}_nap(int) returns int language plpgsql immutable as"
        f" $$ begin perform pg_catalog.pg_sleep({seconds / 2000}); return $1; end $$"
    )
    bench.ask(f"create index {table}_nap on {table} ({table}_nap(v))")


@contextmanager
def once(bench: Bench, query: str, act: Callable[[], object]) -> Iterator[None]:
    """Do this as soon as the query has a row, in a thread of its own; a trouble that never came is an error."""
    over, done = threading.Event(), threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            if bench.ask(query):
                act()
                done.set()
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    yield
    over.set()
    thread.join()
    if not done.is_set():
        raise SystemExit(f"it did not come to: {query}")


def in_a_build(act: Callable[[Bench], object]) -> Making:
    """What happens in the middle of a build."""

    @contextmanager
    def make(bench: Bench) -> Iterator[None]:
        slow(bench)
        with once(bench, f"select 1 {BUILDING}", lambda: act(bench)):
            yield

    return make


def terminate(bench: Bench) -> None:
    """End the backend that builds."""
    bench.ask(f"select pg_terminate_backend(pid) {BUILDING}")


def restart(mode: str) -> Callable[[Bench], None]:
    """Stop the server so, and start it again."""

    def act(bench: Bench) -> None:
        bench.cluster.stop(mode)
        bench.cluster.start()

    return act


@contextmanager
def restarted_in_analyze(bench: Bench) -> Iterator[None]:
    """The server is restarted while rows are read for statistics."""
    slow(bench)
    query = "select 1 from pg_stat_progress_analyze where relid = 'a'::regclass"
    with once(bench, query, lambda: restart("fast")(bench)):
        yield


@contextmanager
def dropped(bench: Bench) -> Iterator[None]:
    """While the first of three slow tables is worked on, another one, which is not done yet, is dropped."""
    for table in TABLES:
        slow(bench, table, 0.5)
    busy = "select relid::regclass::text from {} where relid::regclass::text in ('a', 'b', 'c')"
    query = " union ".join(map(busy.format, ("pg_stat_progress_create_index", "pg_stat_progress_analyze")))
    with once(bench, query, lambda: bench.ask(f"drop table {_other(bench, query)}")):
        yield


def _other(bench: Bench, query: str) -> str:
    busy = {str(name) for (name,) in bench.ask(query)}
    return next(table for table in reversed(TABLES) if table not in busy)


@contextmanager
def slow_index(bench: Bench) -> Iterator[None]:
    """An index in whose build the tool can be killed."""
    slow(bench)
    yield


@contextmanager
def builder(bench: Bench) -> Iterator[None]:
    """Somebody else builds on the table: what is invalid there is no debris."""
    slow(bench, seconds=3.0)

    def build() -> None:
        try:
            bench.ask("reindex index concurrently a_nap")
        except psycopg.Error as error:
            bench.harmed.append(f"breaks another's build ({error.sqlstate})")

    thread = threading.Thread(target=build, daemon=True)
    thread.start()
    while not bench.ask(f"select 1 {BUILDING}"):
        time.sleep(0.02)
    yield
    thread.join()


def debris(index: str, *before: str, writing: str = "update a set v = 0 where id = 1") -> Making:
    """Debris of an earlier tool, which a timeout cut off while somebody was writing; `index` is SQL for its name."""

    @contextmanager
    def make(bench: Bench) -> Iterator[None]:
        for statement in before:
            bench.ask(statement)
        name = bench.ask(f"select {index}")[0][0]
        with (
            session(bench, writing),
            psycopg.connect(bench.conninfo, autocommit=True, options="-c lock_timeout=200ms") as connection,
            suppress(psycopg.errors.LockNotAvailable),
        ):
            connection.execute(f"reindex index concurrently {name}".encode())
        if not bench.ask("select 1 from pg_index where not indisvalid"):
            raise SystemExit(f"no debris of {name}")
        yield

    return make


@contextmanager
def timeouts(bench: Bench) -> Iterator[None]:
    """The role has timeouts of its own in this database."""
    slow(bench)
    for name, value in (("statement_timeout", "500ms"), ("lock_timeout", "100ms")):
        bench.ask(f"alter role postgres in database chaos set {name} = '{value}'")
    yield


@contextmanager
def wraparound(bench: Bench) -> Iterator[None]:
    """Autovacuum works on a table against wraparound, slowly; nobody may cancel it."""
    bench.ask("alter table b set (autovacuum_enabled = off); alter table c set (autovacuum_enabled = off)")
    bench.ask(
        "alter table a set (autovacuum_freeze_max_age = 100000, autovacuum_vacuum_cost_delay = 100,"
        " autovacuum_vacuum_cost_limit = 1)"
    )
    bench.ask("update a set v = v + 1")
    bench.ask(BURN)
    bench.ask("call burn()")
    while not bench.ask("select 1 from pg_stat_progress_vacuum where relid = 'a'::regclass"):
        time.sleep(0.05)
    yield
    if "canceling autovacuum task" in bench.cluster.log.read_text(errors="replace"):
        bench.harmed.append("cancels a vacuum against wraparound")


TOASTED = (
    "alter table a add t text; alter table a alter t set storage external",
    "insert into a values (3000, 1, repeat('x', 10000))",
)
TOASTING = "insert into a values (3001, 1, repeat('y', 10000))"
TOAST_INDEX = (
    "indexrelid::regclass from pg_index where indrelid = (select reltoastrelid from pg_class where relname = 'a')"
)
BIG = (
    "create table big as select n::text || repeat('x', 40) as t from generate_series(1, 60000) n",
    "create index big_t on big (t)",
    "alter role postgres in database chaos set temp_file_limit = '1MB'",
    "alter role postgres in database chaos set maintenance_work_mem = '1MB'",
    "alter role postgres in database chaos set max_parallel_maintenance_workers = 0",
)
PARTITIONS = (
    "create table p (id int, v int) partition by range (id)",
    "create table p1 partition of p for values from (0) to (500)",
    "create table p2 partition of p for values from (500) to (1001)",
    "insert into p select g, g from generate_series(1, 1000) g",
    "create index p_v on p (v)",
)
DUPLICATES = (
    "insert into a values (0, 1)",
    "update pg_index set indisunique = true where indexrelid = 'a_v'::regclass",
)
TEMPORARY = ("create temporary table mine as select 1 as v", "create index on mine (v)")
KILLED, TWICE = "tool killed (-9), then run again", "two runs at once"
LOCKED = Trouble("another holds the table", staying("lock table a in share update exclusive mode"))
STRANGER = Trouble("no permission", prepared(), healthy=(), role="stranger")  # without a right nobody can
ABSENT = Trouble("another's temporary table", staying(*TEMPORARY, autocommit=True))
URGENT = Trouble("autovacuum against wraparound", wraparound, settings=WRAPAROUND)
NONE, TOGETHER, GONE = Trouble("no trouble", prepared()), Trouble(TWICE, prepared()), Trouble("table dropped", dropped)

REBUILDS = (
    NONE,
    Trouble("a writer stays open", staying("update a set v = 1 where id = 1")),
    Trouble("an idle reader", staying("select 1 from a limit 1")),
    # one stops every concurrent build of its database
    Trouble("an old snapshot elsewhere", staying(*OLD_SNAPSHOT), healthy=()),
    LOCKED,
    Trouble("backend terminated", in_a_build(terminate)),
    Trouble("server restarted", in_a_build(restart("fast"))),
    Trouble("server crashed", in_a_build(restart("immediate"))),
    Trouble(KILLED, slow_index),
    TOGETHER,
    Trouble("another builds on the table", builder, sick=()),
    Trouble("timeouts of the role", timeouts),
    Trouble("duplicate key", prepared(*DUPLICATES)),
    # it cannot be rebuilt by anybody, so a tool may say 0
    Trouble("exclusion constraint", prepared("create table e (d int4range, exclude using gist (d with &&))"), sick=()),
    Trouble("debris of an earlier run", debris("'a_v'")),
    Trouble("debris under a long name", debris(f"'{LONG_NAME}'", f"create index {LONG_NAME} on a (v)")),
    Trouble("debris of TOAST", debris(TOAST_INDEX, *TOASTED, writing=TOASTING)),
    Trouble("partitions", prepared(*PARTITIONS), sick=("p1_v_idx", "p2_v_idx")),
    ABSENT,
    # whoever finds a full disk rightly begins nothing more there
    Trouble("no room for a sort", prepared(*BIG), sick=("big_t",), healthy=()),
    GONE,
    URGENT,
    STRANGER,
)
VACUUMS = (
    NONE,
    LOCKED,
    Trouble("an old snapshot elsewhere", staying(*OLD_SNAPSHOT), sick=("dead rows",)),
    Trouble("a prepared transaction", forgotten, sick=("dead rows",)),
    Trouble("server restarted", restarted_in_analyze),
    TOGETHER,
    ABSENT,
    GONE,
    replace(URGENT, sick=()),  # it does that table's work
    STRANGER,
)
