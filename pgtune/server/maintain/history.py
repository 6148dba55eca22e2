"""The history: a row before and its end after each statement, in the maintained cluster or in a file of pgtune's home.

Small objects are begun and ended together: then all rows are there before the first statement, and the times of each
are set at the end.

The rows are committed without waiting for the disk, and lose nothing by that in the cluster: its WAL is one sequence,
so whatever of a statement survives a crash, the row before it survives too. A row without an end is what a crash left.
"""

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Protocol

from psycopg import sql
from psycopg.rows import DictRow

from pgtune import resources
from pgtune.maintenance.record import Deferral, Entry, Recorded
from pgtune.maintenance.work import Job, Kind, Outcome, Past, Result
from pgtune.model.errors import ConnectionLost, NotAllowed
from pgtune.server.connect import translated, writing
from pgtune.server.maintain.session import Session, with_words

TABLES = ("history_schema", "history_runs", "history_steps", "history_index")
GRANTS = ("history_grant_schema", "history_grant_tables")
ROLE = "the role that maintains"
SETTINGS = {"synchronous_commit": "off", "lock_timeout": "10s"}
"""Nothing is built in this session, so it may have a timeout: a history that somebody locks must not stop the clock."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What became of a step, and from when to when on the monotonic clock of this process."""

    step: int
    result: Result
    began: float
    ended: float


class History(Protocol):
    """What a run needs of it; every method may be called from any thread.

    Raises:
        NotAllowed, Refused, ConnectionLost, LedgerUnusable: it cannot be written or read, so nothing more is begun.
    """

    def open_run(self, target: str, scope: str = "") -> int:
        """Write down that a run begins, and on what (`record.scope`), and give its number."""

    def close_run(self, exit_code: int, detail: str) -> None:
        """Write down how it ended."""

    def begin(self, jobs: Sequence[tuple[Job, int | None]]) -> list[int]:
        """Write down what is about to be done and how large it is, and give its places in the run."""

    def end(self, deeds: Sequence[Deed]) -> None:
        """Write down what became of it."""

    def note(self, result: Result) -> None:
        """Write down why something was not begun."""

    def past(self) -> tuple[Past, ...]:
        """What predictions are made from."""

    def runs(self, limit: int, run: int | None = None, scope: str | None = None) -> tuple[Recorded, ...]:
        """The last runs, the newest first; or that one; of this scope, if one is given."""

    def last(self, scope: str) -> datetime | None:
        """When the last run of this scope began that went to its end; None if there was none."""

    def deferrals(self) -> tuple[Deferral, ...]:
        """What was put off, and how often in a row."""

    def forget(self, days: int) -> int:
        """Forget what is older; how many runs those were."""


@dataclass(slots=True)
class InCluster:
    """The history in schema `pgtune` of the database that the conninfo names."""

    session: Session
    run: int = 0
    _step: int = 0
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    def open_run(self, target: str, scope: str = "") -> int:
        """As the protocol says."""
        self.run = self._ask("history_run_begin", target=target, scope=scope)[0]["id"]
        return self.run

    def close_run(self, exit_code: int, detail: str) -> None:
        """As the protocol says."""
        self._ask("history_run_end", run=self.run, exit_code=exit_code, detail=detail)

    def begin(self, jobs: Sequence[tuple[Job, int | None]]) -> list[int]:
        """As the protocol says."""
        places = [self._next() for _ in jobs]
        steps = [
            described(self.run, step, job) | {"bytes_before": size}
            for step, (job, size) in zip(places, jobs, strict=True)
        ]
        self._ask("history_step_begin", run=self.run, steps=_json(steps))
        return places

    def end(self, deeds: Sequence[Deed]) -> None:
        """As the protocol says."""
        now = time.monotonic()
        ends = [
            ending(deed.result) | {"step": deed.step, "began_ago": now - deed.began, "ended_ago": now - deed.ended}
            for deed in deeds
        ]
        self._ask("history_step_end", run=self.run, ends=_json(ends))

    def note(self, result: Result) -> None:
        """As the protocol says."""
        words = ending(result)
        told = {key: words[key] for key in ("outcome", "detail", "blocked_by")}
        self._ask("history_step_note", **described(self.run, self._next(), result.job), **told)

    def past(self) -> tuple[Past, ...]:
        """As the protocol says."""
        return tuple(Past(**row | {"kind": Kind(row["kind"])}) for row in self._ask("history_past"))

    def runs(self, limit: int, run: int | None = None, scope: str | None = None) -> tuple[Recorded, ...]:
        """As the protocol says."""
        found = self._ask("history_read_runs", limit=limit, run=run, scope=scope)
        steps = self._ask("history_read_steps", runs=[row["number"] for row in found])
        return assembled(found, steps)

    def last(self, scope: str) -> datetime | None:
        """As the protocol says."""
        found: datetime | None = self._ask("history_last", scope=scope)[0]["began"]
        return found

    def deferrals(self) -> tuple[Deferral, ...]:
        """As the protocol says."""
        return tuple(Deferral(**row | {"kind": Kind(row["kind"])}) for row in self._ask("history_deferrals"))

    def forget(self, days: int) -> int:
        """As the protocol says."""
        return len(self._ask("history_forget", days=days))

    def _next(self) -> int:
        with self._mutex:
            self._step += 1
            return self._step

    def _ask(self, name: str, /, **values: object) -> list[DictRow]:
        """Ask, and once more after a lost connection: every statement may be repeated, only a run may begin twice."""
        with self._mutex:
            try:
                return self.session.rows(f"maintain/{name}", **values)
            except ConnectionLost:
                self.session.come_back()
                return self.session.rows(f"maintain/{name}", **values)


def opened(conninfo: str) -> InCluster | None:
    """The history in the cluster, with a session of its own; None if none was made there.

    Raises:
        NotAllowed: it may not be used, or it belongs to somebody who is not to be trusted with this role's rights.
    """
    session = Session(conninfo, "pgtune history", SETTINGS)
    session.connect()
    place = session.rows("maintain/history_place")[0]
    if place["there"] and place["trusted"] and place["may"]:
        return InCluster(session)
    session.close()
    if not place["there"]:
        return None
    if not place["trusted"]:
        raise NotAllowed(
            f"schema pgtune belongs to {place['stranger']}, whose triggers would run with this role's rights"
        )
    raise NotAllowed(f"the history may not be written: pgtune maintain init --grant-to {ROLE}")


def create(conninfo: str, roles: Sequence[str] = ()) -> None:
    """Make the history's schema and tables where they are not there, in one transaction, and let these roles use them.

    Raises:
        NotAllowed: the role may not create there, or the schema is somebody else's.
        Refused, ConnectionLost: as the server answers.
    """
    with (
        translated(),
        writing(with_words(conninfo, application_name="pgtune maintain")) as connection,
        connection.transaction(),
    ):
        place = connection.execute(resources.sql("maintain/history_place")).fetchall()[0]
        if place["schema_there"] and not place["trusted"]:
            raise NotAllowed(f"schema pgtune belongs to {place['stranger']}: nothing was made in it")
        for name in TABLES:
            connection.execute(resources.sql(f"maintain/{name}"))
        for role in roles:
            for name in GRANTS:
                connection.execute(sql.SQL(resources.sql(f"maintain/{name}")).format(sql.Identifier(role)))


def _json(rows: Sequence[dict[str, object]]) -> str:
    """Rows for json_to_recordset; escapes would be refused where the database's encoding is not UTF8."""
    return json.dumps(rows, ensure_ascii=False)


def described(run: int, step: int, job: Job) -> dict[str, object]:
    """A job as a row."""
    return {
        "run": run, "step": step, "kind": job.kind, "database": job.database, "schema": job.target.schema,
        "name": job.target.name, "oid": job.target.oid, "sql": ";\n".join(job.sql),
    }  # fmt: skip


def ending(result: Result) -> dict[str, object]:
    """A result as a row."""
    blocked_by = json.dumps([asdict(each) for each in result.blocked_by]) if result.blocked_by else None
    return {
        "outcome": result.outcome, "detail": result.detail, "blocked_by": blocked_by,
        "rows_before": result.rows_before, "rows_after": result.rows_after,
        "bytes_before": result.bytes_before, "bytes_after": result.bytes_after,
    }  # fmt: skip


def assembled(runs: Sequence[DictRow], steps: Sequence[DictRow]) -> tuple[Recorded, ...]:
    """Rows as runs with their entries."""
    entries: dict[int, list[Entry]] = {}
    for row in steps:
        outcome = Outcome(row["outcome"]) if row["outcome"] is not None else None
        entry = Entry(**row | {"kind": Kind(row["kind"]), "outcome": outcome})
        entries.setdefault(entry.run, []).append(entry)
    return tuple(Recorded(**row, entries=tuple(entries.get(row["number"], ()))) for row in runs)
