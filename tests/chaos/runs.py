"""What the tests of the maintenance runner share: jobs built by hand, a runner to do them, and trouble."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from pgtune.maintenance.patience import Limits
from pgtune.maintenance.record import Working
from pgtune.maintenance.work import Gain, Job, Kind, Outcome, Relation, Result
from pgtune.server.maintain import local, run, target
from pgtune.server.maintain.run import Ears, Orders, Worked

PATIENCE = 0.4  # seconds: long enough for a loaded machine to tell a wait from a moment
LOCKS = {
    Kind.VACUUM: "SHARE UPDATE EXCLUSIVE", Kind.ANALYZE: "SHARE UPDATE EXCLUSIVE",
    Kind.REINDEX: "SHARE UPDATE EXCLUSIVE", Kind.LEFTOVERS: "SHARE UPDATE EXCLUSIVE",
}  # fmt: skip
TEXT = {
    Kind.VACUUM: "VACUUM (ANALYZE) {}", Kind.ANALYZE: "ANALYZE {}",
    Kind.REINDEX: "REINDEX INDEX CONCURRENTLY {}", Kind.LEFTOVERS: "DROP INDEX CONCURRENTLY {}",
}  # fmt: skip
FIND = """
select n.nspname, c.relname, c.oid, coalesce(x.indrelid, c.oid), tn.nspname, t.relname
  from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_index x on x.indexrelid = c.oid
       join pg_class t on t.oid = coalesce(x.indrelid, c.oid) join pg_namespace tn on tn.oid = t.relnamespace
 where c.oid = %s::regclass
"""
INVALID = "select c.relname from pg_index x join pg_class c on c.oid = x.indexrelid where not x.indisvalid order by 1"


def nobody(_thing: object) -> None:
    """Who hears nothing."""


@dataclass
class Site:
    """A database where maintenance is done, and trouble made."""

    conninfo: str
    heard: list[Result] = field(default_factory=list)
    seen: list[Working] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def ask(self, query: str, *values: object, **words: Any) -> list[tuple[Any, ...]]:
        """Rows of a statement, in a session of its own."""
        with psycopg.connect(self.conninfo, autocommit=True, **words) as connection:
            cursor = connection.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    def job(self, kind: Kind, name: str, **more: Any) -> Job:
        """A job on a relation by the name that a regclass takes."""
        schema, relname, oid, table, table_schema, table_name = self.ask(FIND, name)[0]
        statement = sql.SQL(TEXT[kind]).format(sql.Identifier(schema, relname)).as_string()
        database = str(conninfo_to_dict(self.conninfo)["dbname"])
        fixed = {"sql": (statement,), "lock": LOCKS[kind], "why": "a test", "gain": Gain()} | more
        return Job(
            kind, database, Relation(schema, relname, oid), Relation(table_schema, table_name, table), **fixed
        )  # fmt: skip

    def reindex(self, name: str, **more: Any) -> Job:
        """A rebuild."""
        return self.job(Kind.REINDEX, name, **more)

    def vacuum(self, name: str, rows: int | None = None, **more: Any) -> Job:
        """A VACUUM that expects to remove so many rows."""
        return self.job(Kind.VACUUM, name, gain=Gain(rows=rows), **more)

    def run(self, *jobs: Job, conninfo: str | None = None, **orders: Any) -> Worked:
        """Do these jobs with a patience fit for a test."""
        conninfo = conninfo or self.conninfo
        given = {"limits": Limits(patience=PATIENCE)} | orders
        ears = Ears(self.heard.extend, self.seen.extend, self.said.append)
        with target.opened(conninfo) as (_, found), local.opened(found.key) as history:
            history.open_run(found.name)
            return run.work(conninfo, found, jobs, Orders(**given), history, ears)

    def outcomes(self, *jobs: Job, **orders: Any) -> list[Outcome]:
        """What became of these jobs, in the order in which they ended."""
        return [result.outcome for result in self.run(*jobs, **orders).results]

    def slow_index(self, seconds: float = 0.8, table: str = "slow", unique: str = "") -> str:
        """An index whose build takes so long, for what has to come in the middle of it; its name."""
        rows = 40
        self.ask(
            f"create function {table}_nap(bigint) returns bigint language plpgsql immutable as"
            f" $$ begin perform pg_catalog.pg_sleep({seconds / rows}); return $1; end $$;"
            f" create table {table} (id bigint); create {unique} index {table}_idx on {table} ({table}_nap(id));"
            f" alter table {table} set (autovacuum_enabled = off)"
        )
        self.ask(f"update pg_index set indisready = false where indexrelid = '{table}_idx'::regclass")
        self.ask(f"insert into {table} select generate_series(1, {rows})")
        self.ask(f"update pg_index set indisready = true where indexrelid = '{table}_idx'::regclass")
        return f"{table}_idx"

    def building(self) -> int | None:
        """The process that builds an index now."""
        found = self.ask("select pid from pg_stat_progress_create_index where phase like 'building%'")
        return int(found[0][0]) if found else None

    def invalid(self) -> list[str]:
        """Names of invalid indexes in the database, TOAST included."""
        return [name for (name,) in self.ask(INVALID)]

    def file(self, index: str) -> int:
        """The file of an index: a rebuild gives it another."""
        return int(self.ask("select pg_relation_filenode(%s::regclass)", index)[0][0])

    @contextmanager
    def held(self, *statements: str, conninfo: str | None = None) -> Iterator[psycopg.Connection]:
        """A session that did this in a transaction and leaves it open."""
        with psycopg.connect(conninfo or self.conninfo) as connection:
            for statement in statements:
                connection.execute(statement)
            yield connection
            with contextlib.suppress(psycopg.Error):
                connection.rollback()


@contextmanager
def beside(action: Callable[[], Any]) -> Iterator[list[BaseException]]:
    """Something that happens in a thread of its own while the block runs; its errors are in the list."""
    errors: list[BaseException] = []

    def guarded() -> None:
        try:
            action()
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    thread = threading.Thread(target=guarded, daemon=True)
    thread.start()
    yield errors
    thread.join(timeout=30)
    assert not thread.is_alive(), "it still runs"


def wait_for(condition: Callable[[], Any], seconds: float = 10) -> Any:
    """The first true answer; a failure if none comes in time."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if answer := condition():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")


def by_kind(results: Sequence[Result]) -> Mapping[Kind, Outcome]:
    """The last outcome of each kind."""
    return {result.job.kind: result.outcome for result in results}
