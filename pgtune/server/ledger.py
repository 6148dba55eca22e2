"""The ledger: what pgtune changed on which server, written down before it is done.

One SQLite file in pgtune's home. Every change of state is a transaction that is on the disk before the next thing is
begun, so a run that was killed at any moment can be told and taken back. No password is ever stored.
"""

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pgtune.cluster import account
from pgtune.model.errors import BadInput, LedgerUnusable
from pgtune.model.step import CLOSED, Event, Place, Run, State, Step

FILE = "ledger.sqlite3"
SCHEMA = 1

TABLES = """
create table if not exists run (
    id integer primary key autoincrement,
    started text not null,
    server text not null,      -- system_identifier
    target text not null,      -- user@host:port/database
    version integer not null,  -- server_version_num
    place text not null,       -- JSON: where it writes
    state text not null,
    detail text,
    image blob,                -- the file before, null: there was none
    image_sha256 text,
    left_image blob            -- the file as the run left it
) strict;
create table if not exists step (
    run integer not null references run (id),
    position integer not null,
    name text not null,
    before text,
    after text not null,
    running text not null,
    wanted text not null,
    restart integer not null,
    shown text not null,
    undone integer not null default 0,
    primary key (run, position)
) strict;
create table if not exists event (
    run integer not null references run (id),
    at text not null,
    state text not null,
    detail text
) strict;
create index if not exists run_server on run (server, id);
create index if not exists event_run on event (run);
"""


class Ledger:
    """An open ledger. Every method that changes it has it on the disk when it returns.

    Raises:
        LedgerUnusable: from every method, where the file cannot be read or written.
    """

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        self._database = database
        self.path = path

    def begin(self, server: str, target: str, version: int, place: Place, image: bytes | None,
              steps: Sequence[Step]) -> int:  # fmt: skip
        """Write down a run that is about to start, and give its number."""
        digest = None if image is None else hashlib.sha256(image).hexdigest()
        with self._transaction() as database:
            run = database.execute(
                "insert into run (started, server, target, version, place, state, image, image_sha256)"
                " values (?, ?, ?, ?, ?, ?, ?, ?)",
                (_now(), server, target, version, json.dumps(asdict(place)), State.PLANNED, image, digest),
            ).lastrowid
            database.executemany(
                "insert into step (run, position, name, before, after, running, wanted, restart, shown)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (run, at, step.name, step.before, step.after, step.running, step.wanted, step.restart, step.shown)
                    for at, step in enumerate(steps)
                ],
            )
            _event(database, run, State.PLANNED, f"{len(steps)} {place.things}")
        return int(run or 0)

    def record(self, run: int, state: State, detail: str | None = None) -> None:
        """Write down how far a run has come, before it goes on."""
        with self._transaction() as database:
            database.execute("update run set state = ?, detail = ? where id = ?", (state, detail, run))
            _event(database, run, state, detail)

    def record_left(self, run: int, content: bytes | None) -> None:
        """Keep the file as the run left it."""
        with self._transaction() as database:
            database.execute("update run set left_image = ? where id = ?", (content, run))

    def record_undone(self, run: int, names: Sequence[str]) -> None:
        """Mark steps as taken back."""
        with self._transaction() as database:
            database.executemany("update step set undone = 1 where run = ? and name = ?", [(run, n) for n in names])

    def record_made(self, run: int, name: str, wanted: str) -> None:
        """Keep what a step really made, as the server itself says it."""
        with self._transaction() as database:
            database.execute("update step set wanted = ? where run = ? and name = ?", (wanted, run, name))

    def runs(self, server: str | None = None) -> list[Run]:
        """Every run, or a server's, the newest first."""
        with _translated(self.path):
            found = self._database.execute(
                "select * from run where ? is null or server = ? order by id desc", (server, server)
            ).fetchall()
            return [self._run(row) for row in found]

    def run(self, number: int) -> Run:
        """A run by its number.

        Raises:
            BadInput: there is none.
        """
        with _translated(self.path):
            row = self._database.execute("select * from run where id = ?", (number,)).fetchone()
            if row is None:
                raise BadInput(f"no run {number} in {self.path}; pgtune history lists them")
            return self._run(row)

    def _run(self, row: sqlite3.Row) -> Run:
        steps = self._database.execute("select * from step where run = ? order by position", (row["id"],))
        events = self._database.execute("select * from event where run = ? order by rowid", (row["id"],))
        _verify(row)
        return Run(
            id=row["id"],
            started=row["started"],
            server=row["server"],
            target=row["target"],
            version=row["version"],
            place=Place(**json.loads(row["place"])),
            state=State(row["state"]),
            detail=row["detail"],
            image=row["image"],
            left=row["left_image"],
            steps=tuple(_step(step) for step in steps.fetchall()),
            events=tuple(Event(event["at"], State(event["state"]), event["detail"]) for event in events.fetchall()),
        )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with _translated(self.path):
            self._database.execute("begin immediate")
            try:
                yield self._database
                self._database.execute("commit")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("rollback")
                raise


@contextmanager
def opened() -> Iterator[Ledger]:
    """The ledger of this account, made if it is not there.

    Raises:
        LedgerUnusable: its folder or file cannot be made, read or written.
        BadInput: a newer pgtune made it.
    """
    path = account.home() / FILE
    with _translated(path):
        make_private(path)
        database = sqlite3.connect(path, timeout=10, isolation_level=None)
    try:
        with _translated(path):
            database.row_factory = sqlite3.Row
            # EXTRA is FULL and also syncs the folder after the journal's removal: a commit survives a power cut.
            database.execute("pragma synchronous = extra")
            database.execute("pragma foreign_keys = on")
            _migrate(database, path)
        yield Ledger(database, path)
    finally:
        database.close()


def make_private(path: Path) -> None:
    """The file is of mode 0600. Root's home stays enterable: the servers of the sandbox account live below it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)


def _migrate(database: sqlite3.Connection, path: Path) -> None:
    found = int(database.execute("pragma user_version").fetchone()[0])
    if found > SCHEMA:
        raise BadInput(f"{path} was made by a newer pgtune (schema {found}, this one knows {SCHEMA})")
    if found < SCHEMA:
        database.executescript(f"begin immediate; {TABLES} pragma user_version = {SCHEMA}; commit;")


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError, UnicodeError) as error:
        raise LedgerUnusable(f"the ledger {path} cannot be used: {error}") from error


def _verify(row: sqlite3.Row) -> None:
    """An image that is not what was stored must never be written to a server."""
    if row["image"] is not None and hashlib.sha256(row["image"]).hexdigest() != row["image_sha256"]:
        raise LedgerUnusable(f"the ledger is damaged: the stored file of run {row['id']} fails its checksum")


def _event(database: sqlite3.Connection, run: int | None, state: State, detail: str | None) -> None:
    database.execute("insert into event (run, at, state, detail) values (?, ?, ?, ?)", (run, _now(), state, detail))


def _step(row: sqlite3.Row) -> Step:
    values: dict[str, Any] = {key: row[key] for key in ("name", "before", "after", "running", "wanted", "shown")}
    return Step(**values, restart=bool(row["restart"]), undone=bool(row["undone"]))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def last_open(runs: Sequence[Run]) -> Run | None:
    """The newest run of which something may be on the server; runs come newest first."""
    return next((run for run in runs if run.state not in CLOSED), None)
