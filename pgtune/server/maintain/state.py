"""How an object stands just before and after its job: looked at by oid, never by name alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from psycopg.rows import DictRow

from pgtune.maintenance.work import Job, Kind
from pgtune.server.maintain.session import Session

OF_INDEXES = frozenset({Kind.REINDEX, Kind.LEFTOVERS})


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
    siblings: list[int] | None
    hindered: bool

    @property
    def rows_known(self) -> int | None:
        """Rows as a whole number; -1 means that no VACUUM or ANALYZE has been there (documentation, 53.11)."""
        return int(self.rows) if self.rows is not None and self.rows >= 0 else None

    def is_still(self, job: Job) -> bool:
        """True if the oid is still the object that was planned."""
        return (self.schema, self.name) == (job.target.schema, job.target.name)


def before(session: Session, job: Job, ours: Sequence[int]) -> State:
    """Take the object's lock and look at it, in one statement; `ours` are processes of this run."""
    if job.kind in OF_INDEXES:
        found = State(**session.rows("maintain/begin_index", oid=job.target.oid, ours=list(ours))[0])
        return found if job.bytes is None else replace(found, bytes=job.bytes)  # as measured for the plan
    skips = all("SKIP_LOCKED" in statement for statement in job.sql)
    return State(**session.rows("maintain/begin_table", oid=job.target.oid, skips=skips)[0])


def after(session: Session, job: Job) -> DictRow:
    """Give the object's lock back, and look at a table again."""
    return session.rows("maintain/end_object", oid=job.target.oid)[0]


def seen(session: Session, job: Job) -> DictRow:
    """Look at a table again."""
    return session.rows("maintain/table_after", oid=job.target.oid)[0]
