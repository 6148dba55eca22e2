"""The least and the greatest value of columns: what the planner itself looks up in their indexes when it needs them.

Two descents of a B-tree a column, the largest tables first, for as long as there is time; whose ends cannot be read is
left out without a word, for then its histogram speaks. To be scanned must not make an index look used: a role that
cannot have its scans left uncounted asks only unique ones that are in use, which nobody drops by their counters.
"""

import time
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass

from psycopg import sql
from psycopg.errors import DatabaseError, InsufficientPrivilege
from psycopg.rows import DictRow

from pgtune import resources
from pgtune.server.capture.catalog import Catalog, grouped
from pgtune.server.capture.session import Session

SECONDS = 5.0  # for all columns together
BATCH = 20  # columns a statement; if it fails, each is asked alone

Place = tuple[str, str, str]  # schema, relation, column


@dataclass(frozen=True, slots=True)
class Reading:
    """How ends are read: until when, and whether scans are counted."""

    session: Session
    limit: float
    counted: bool

    def ends(self, places: Sequence[Place]) -> Iterator[tuple[Place, str]]:
        """Those of all, or if that fails of each that can be read."""
        if time.monotonic() > self.limit:
            return
        try:
            yield from self._asked(places)
        except DatabaseError:
            if self.session.connection.closed:
                raise
            if len(places) > 1:
                for each in places:
                    yield from self.ends([each])

    def _asked(self, places: Sequence[Place]) -> list[tuple[Place, str]]:
        words = resources.sql("capture/ends", self.session.major)
        asking = sql.SQL(" union all ").join(
            sql.SQL(words).format(
                number=sql.Literal(number), table=sql.Identifier(schema, relation), column=sql.Identifier(column)
            )
            for number, (schema, relation, column) in enumerate(places)
        )
        with self.session.connection.transaction(force_rollback=True):
            self.session.connection.execute(resources.sql("capture/patience"))
            if not self.counted:
                self.session.connection.execute(resources.sql("capture/uncounted"))
            rows = self.session.connection.execute(asking).fetchall()
        return [(places[row["number"]], row["ends"]) for row in rows if row["ends"] is not None]


def read(
    session: Session,
    catalog: Catalog,
    chosen: Sequence[DictRow],
    usage: Mapping[int, DictRow],
    histograms: Container[Place],
) -> Mapping[Place, str]:
    """The ends as text of an array, of columns that have a histogram and a B-tree, whose use is known by its number."""
    reading = Reading(session, time.monotonic() + SECONDS, _counted(session))
    untouched = [row for row in catalog.indexes if reading.counted and not _kept(row, usage.get(row["oid"]))]
    left = grouped(untouched, "relation")
    largest = sorted(chosen, key=lambda row: (-row["relpages"], row["oid"]))
    wanted = [
        (row["schema"], row["name"], column)
        for row in largest
        if row["kind"] in "rm" and row["persistence"] == "p" and not row["hidden_by_policies"]
        for column in sorted(_columns(catalog, row, catalog.indexes_of) - _columns(catalog, row, left))
        if (row["schema"], row["name"], column) in histograms
    ]
    return {place: each for at in range(0, len(wanted), BATCH) for place, each in reading.ends(wanted[at : at + BATCH])}


def _counted(session: Session) -> bool:
    """Whether this role's scans are counted whatever it says."""
    try:
        with session.connection.transaction(force_rollback=True):
            session.connection.execute(resources.sql("capture/uncounted"))
    except InsufficientPrivilege:
        return True
    return False


def _kept(index: DictRow, usage: DictRow | None) -> bool:
    """Whether an index stays whatever its counters say."""
    return bool(index["is_unique"] and usage and usage["scans"])


def _columns(catalog: Catalog, table: DictRow, indexes: Mapping[int, Sequence[DictRow]]) -> set[str]:
    """Readable columns that one of these indexes, a whole B-tree of PostgreSQL's own order, begins with."""
    spelled = {key: each for each in catalog.columns[table["oid"]] for key in _spelled(each["name"])}
    firsts = ((spelled.get(each["keys"][0]), each) for each in indexes[table["oid"]])
    return {column["name"] for column, index in firsts if column and column["readable"] and _orders(index, column)}


def _orders(index: DictRow, column: DictRow) -> bool:
    if index["method"] != "btree" or not index["valid"] or index["predicate"]:
        return False
    opclass = index["opclasses"][0]
    own = opclass.startswith("pg_catalog.") and "pattern" not in opclass
    return own and index["collations"][0] == (column["collation"] or "")


def _spelled(name: str) -> tuple[str, str]:
    return name, '"' + name.replace('"', '""') + '"'
