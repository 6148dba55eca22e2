"""How an object stands just before and after its job: looked at by oid, never by name alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from psycopg.rows import DictRow

from pgtune.maintenance.work import Job
from pgtune.server.maintain.session import Session


@dataclass(frozen=True, slots=True)
class State:
    """A row of maintain/begin_*.sql; every fact but the first two is None for an object that is gone."""

    taken: bool
    in_recovery: bool
    schema: str | None
    name: str | None
    table_oid: int | None
    valid: bool | None
    bytes: int | None
    rows: float | None
    dead: int | None
    vacuumed: float | None
    analyzed: float | None
    siblings: list[int] | None
    hindered: bool

    @property
    def rows_known(self) -> int | None:
        """Rows as a whole number; -1 means that no VACUUM or ANALYZE has been there (documentation, 53.11)."""
        return int(self.rows) if self.rows is not None and self.rows >= 0 else None

    def is_still(self, job: Job) -> bool:
        """True if the oid is still the object that was planned."""
        return (self.schema, self.name) == (job.target.schema, job.target.name)


def of_indexes(session: Session, jobs: Sequence[Job], ours: Sequence[int]) -> list[State]:
    """Take the locks of the indexes and look at them, in one statement; `ours` are processes of this run."""
    found = _by_oid(session.rows("maintain/begin_index", oids=_oids(jobs), ours=list(ours)))
    states = [State(**found[job.target.oid]) for job in jobs]
    measured = [job.bytes for job in jobs]  # for the plan
    return [each if size is None else replace(each, bytes=size) for each, size in zip(states, measured, strict=True)]


def of_tables(session: Session, jobs: Sequence[Job]) -> list[State]:
    """Take the locks of the tables and look at them, in one statement."""
    skips = all("SKIP_LOCKED" in statement for job in jobs for statement in job.sql)
    found = _by_oid(session.rows("maintain/begin_table", oids=_oids(jobs), skips=skips))
    return [State(**found[job.target.oid]) for job in jobs]


def seen(session: Session, jobs: Sequence[Job]) -> list[DictRow]:
    """Look at the tables again."""
    found = _by_oid(session.rows("maintain/table_after", oids=_oids(jobs)))
    return [found[job.target.oid] for job in jobs]


def let_go(session: Session, jobs: Sequence[Job]) -> None:
    """Give the objects' locks back."""
    session.rows("maintain/let_go", oids=_oids(jobs))


def _oids(jobs: Sequence[Job]) -> list[int]:
    return [job.target.oid for job in jobs]


def _by_oid(rows: Sequence[DictRow]) -> dict[int, DictRow]:
    return {row.pop("wanted"): row for row in rows}
