"""What a concurrent rebuild leaves behind when it does not end, found by relation and state, and its removal.

REINDEX INDEX CONCURRENTLY builds a new index beside the old one (`..._ccnew`, invalid), exchanges their names, and
drops the old one (`..._ccold`, invalid by then). So an index that lives on under another name has been rebuilt, and
whatever invalid index came since the rebuild began is its debris. Names are cut to 63 bytes: they alone prove nothing.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from psycopg import sql

from pgtune.maintenance.work import Job, Kind, Relation, Urgency
from pgtune.server.maintain.session import Session

SUFFIX = re.compile(r"_cc(new|old)\d*$")


@dataclass(frozen=True, slots=True)
class Index:
    """An index of the table that is worked on; `bytes` is None for an invalid one."""

    oid: int
    schema: str
    name: str
    valid: bool
    ready: bool
    live: bool
    bytes: int | None

    @property
    def relation(self) -> Relation:
        """For a job."""
        return Relation(self.schema, self.name, self.oid)


Indexes = Mapping[int, Index]


def indexes(session: Session, tables: Sequence[int]) -> dict[int, Indexes]:
    """Every index of these tables, by table and by oid."""
    found: dict[int, dict[int, Index]] = defaultdict(dict)
    for row in session.rows("maintain/indexes_of", oids=list(tables)) if tables else ():
        table = row.pop("table_oid")
        found[table][row["oid"]] = Index(**row)
    return dict(found)


def swapped(target: Relation, after: Indexes) -> bool:
    """True if a new index stands in the old one's place: that one is gone or bears another name.

    The names must be in other hands; an index that was dropped by somebody has no successor.
    """
    old = after.get(target.oid)
    return (old is None or old.name != target.name) and successor(target, after) is not None


def successor(target: Relation, after: Indexes) -> Index | None:
    """The valid index that bears the target's name now, if it is another one."""
    return next((each for each in after.values() if _succeeds(each, target)), None)


def _succeeds(index: Index, target: Relation) -> bool:
    return index.valid and (index.schema, index.name) == (target.schema, target.name) and index.oid != target.oid


def left_by(target: Relation, before: Iterable[int], after: Indexes, built: int | None) -> list[Index]:
    """The debris of this one rebuild: what it was seen to build, what came invalid since, and what it swapped out."""
    known = set(before)
    return [
        index
        for index in after.values()
        if not index.valid
        and (
            index.oid == built
            or (index.oid not in known and SUFFIX.search(index.name))
            or (index.oid == target.oid and index.name != target.name and SUFFIX.search(index.name))
        )
    ]


def builders(session: Session, index: int, table: int) -> list[int]:
    """Processes that build on this table or index: their work is no debris yet."""
    return [row["pid"] for row in session.rows("maintain/builders", oids=[index, table])]


def removal(index: Index, job: Job, why: str) -> Job:
    """The job that drops a piece of debris."""
    statement = sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(index.schema, index.name))
    return Job(
        kind=Kind.LEFTOVERS,
        database=job.database,
        target=index.relation,
        table=job.table,
        why=why,
        sql=(statement.as_string(),),
        lock="SHARE UPDATE EXCLUSIVE",
        urgency=Urgency.DEBRIS,
    )
