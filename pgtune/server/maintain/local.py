"""The history in a file of pgtune's home, for clusters where `pgtune maintain init` was not run.

One SQLite file for all clusters, told apart by their system identifier. A write is in the operating system's hands when
it returns, so it outlives the process however it ends; a power cut on this machine may cost the last rows.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pgtune.cluster import account
from pgtune.maintenance.record import Deferral, Recorded
from pgtune.maintenance.work import Job, Kind, Past, Result
from pgtune.model.errors import LedgerUnusable
from pgtune.server import ledger
from pgtune.server.maintain import history
from pgtune.server.maintain.ends import wall_time
from pgtune.server.maintain.history import Deed

FILE = "maintenance.sqlite3"
MOST = 500  # rows of one statement: SQLite has room for 32,766 values in one, and for 500 rows of values
TABLES = """
create table if not exists run (
    number integer primary key autoincrement, server text not null, target text not null, scope text not null,
    began text not null, ended text, exit_code integer, detail text not null default ''
) strict;
create table if not exists step (
    run integer not null references run (number) on delete cascade, step integer not null, kind text not null,
    database text not null, schema text not null, name text not null, oid integer not null, sql text not null,
    began text not null, ended text, outcome text, detail text not null default '', blocked_by text,
    rows_before integer, rows_after integer, bytes_before integer, bytes_after integer, primary key (run, step)
) strict;
create index if not exists step_object on step (database, schema, name, began);
"""
# All rows of a batch are one statement: each statement lets another thread in, and waits for it to be let in again.
BEGUN = ("run", "step", "kind", "database", "schema", "name", "oid", "sql", "began", "bytes_before")
BEGIN = f"insert into step ({', '.join(BEGUN)}) {{rows}}"
ENDED = (
    "run", "step", "began", "ended", "outcome", "detail", "blocked_by", "rows_before", "rows_after", "bytes_before",
    "bytes_after",
)  # fmt: skip
END = f"""
with done ({", ".join(ENDED)}) as ({{rows}})
update step set began = d.began, ended = d.ended, outcome = d.outcome, detail = d.detail, blocked_by = d.blocked_by,
       rows_before = d.rows_before, rows_after = d.rows_after,
       bytes_before = coalesce(d.bytes_before, step.bytes_before), bytes_after = d.bytes_after
  from done d
 where step.run = d.run and step.step = d.step
"""  # noqa: S608  (nothing of it is input)
SECONDS = "(julianday(s.ended) - julianday(s.began)) * 86400.0"
STEPS = f"""
select run, step, kind, database, schema, name, sql, began, ended, outcome, detail, {SECONDS} as seconds, bytes_before,
       bytes_after
  from step s where run = ? order by step
"""  # noqa: S608  (nothing of it is input)
PAST = f"""
select kind, database, schema, name, {SECONDS} as seconds, bytes_before as bytes, max(s.began) as last
  from step s
 where run in (select number from run where server = ?) and outcome in ('done', 'done, debris cleaned')
   and kind <> 'leftovers'
 group by kind, database, schema, name
"""  # noqa: S608

DEFERRALS = """
with own as (select * from step where run in (select number from run where server = :server)),
last as (select kind, database, schema, name,
                max(began) filter (where outcome in ('done', 'done, debris cleaned')) as done
           from own group by kind, database, schema, name)
select s.kind, s.database, s.schema, s.name, count(distinct s.run) as times
  from own s join last l using (kind, database, schema, name)
 where s.outcome in ('deferred', 'cancelled: deadline') and (l.done is null or s.began > l.done)
 group by s.kind, s.database, s.schema, s.name
"""
LAST = """
select max(began) from run
 where server = ? and scope = ? and ended is not null and exit_code not in (3, 5, 130)  -- as maintain/history_last.sql
"""


@dataclass(slots=True)
class Local:
    """The history of one cluster."""

    database: sqlite3.Connection
    path: Path
    server: str
    run: int = 0
    _step: int = 0
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    def open_run(self, target: str, scope: str = "") -> int:
        """As the protocol says."""
        with self._using() as database:
            row = database.execute(
                "insert into run (server, target, scope, began) values (?, ?, ?, ?)",
                (self.server, target, scope, _now()),
            )
            self.run = int(row.lastrowid or 0)
        return self.run

    def close_run(self, exit_code: int, detail: str) -> None:
        """As the protocol says."""
        with self._using() as database:
            database.execute(
                "update run set ended = ?, exit_code = ?, detail = ? where number = ?",
                (_now(), exit_code, detail, self.run),
            )

    def begin(self, jobs: Sequence[tuple[Job, int | None]]) -> list[int]:
        """As the protocol says."""
        with self._using() as database:
            return self._begin(database, jobs)

    def _begin(self, database: sqlite3.Connection, jobs: Sequence[tuple[Job, int | None]]) -> list[int]:
        places = [self._step + number for number in range(1, len(jobs) + 1)]
        self._step += len(jobs)
        more = [{"bytes_before": size, "began": _now()} for _, size in jobs]
        rows = [history.described(self.run, *each) for each in zip(places, (job for job, _ in jobs), strict=True)]
        _write(database, BEGIN, BEGUN, [row | words for row, words in zip(rows, more, strict=True)])
        return places

    def end(self, deeds: Sequence[Deed]) -> None:
        """As the protocol says."""
        with self._using() as database:
            self._end(database, deeds)

    def _end(self, database: sqlite3.Connection, deeds: Sequence[Deed]) -> None:
        rows = [
            history.ending(deed.result)
            | {"run": self.run, "step": deed.step, "began": wall_time(deed.began), "ended": wall_time(deed.ended)}
            for deed in deeds
        ]
        _write(database, END, ENDED, rows)

    def note(self, result: Result) -> None:
        """As the protocol says."""
        now = time.monotonic()
        with self._using() as database:
            (step,) = self._begin(database, [(result.job, result.bytes_before)])
            self._end(database, [Deed(step, result, now, now)])

    def past(self) -> tuple[Past, ...]:
        """As the protocol says."""
        with self._using() as database:
            rows = database.execute(PAST, (self.server,)).fetchall()
        return tuple(Past(Kind(kind), *words) for kind, *words, _last in rows)

    def runs(self, limit: int, run: int | None = None, scope: str | None = None) -> tuple[Recorded, ...]:
        """As the protocol says."""
        with self._using() as database:
            found = database.execute(
                "select number, target, began, ended, exit_code, detail, scope from run where server = ?"
                " and number = coalesce(?, number) and scope = coalesce(?, scope) order by number desc limit ?",
                (self.server, run, scope, limit),
            ).fetchall()
            steps = [dict(step) for row in found for step in database.execute(STEPS, (row["number"],))]
        return history.assembled([dict(row) for row in found], steps)

    def last(self, scope: str) -> datetime | None:
        """As the protocol says."""
        with self._using() as database:
            found = database.execute(LAST, (self.server, scope)).fetchone()[0]
        return datetime.fromisoformat(found) if found else None

    def deferrals(self) -> tuple[Deferral, ...]:
        """As the protocol says."""
        with self._using() as database:
            rows = [dict(row) for row in database.execute(DEFERRALS, {"server": self.server})]
        return tuple(Deferral(**row | {"kind": Kind(row["kind"])}) for row in rows)

    def forget(self, days: int) -> int:
        """As the protocol says."""
        oldest = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="milliseconds")
        with self._using() as database:
            return database.execute("delete from run where server = ? and began < ?", (self.server, oldest)).rowcount

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        with self._mutex, _translated(self.path):
            yield self.database


@contextmanager
def opened(server: str) -> Iterator[Local]:
    """The history of this cluster, made if it is not there.

    Raises:
        LedgerUnusable: its folder or file cannot be made, read or written.
    """
    path = account.home() / FILE
    with _translated(path):
        ledger.make_private(path)
        database = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    try:
        with _translated(path):
            database.row_factory = sqlite3.Row
            # With a write-ahead log NORMAL leaves the syncing to checkpoints: nothing is lost but by a power cut.
            database.executescript("pragma journal_mode = wal; pragma synchronous = normal; pragma foreign_keys = on;")
            database.executescript(TABLES)
        yield Local(database, path, server)
    finally:
        database.close()


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError, UnicodeError) as error:
        raise LedgerUnusable(f"the history {path} cannot be used: {error}") from error


def _write(
    database: sqlite3.Connection, statement: str, columns: Sequence[str], rows: Sequence[dict[str, object]]
) -> None:
    """The statement with all these rows, if there are any."""
    for first in range(0, len(rows), MOST):
        part = rows[first : first + MOST]
        row = f"({', '.join('?' * len(columns))})"
        values = [each[column] for each in part for column in columns]
        database.execute(statement.format(rows=f"values {', '.join([row] * len(part))}"), values)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
