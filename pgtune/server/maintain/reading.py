"""The reading half of maintenance: the catalog of one database as rows that `pgtune.maintenance` decides by.

The session is read-only and has timeouts. Large answers are streamed, so that a database of 100,000 tables takes little
memory here; only one answer is under way at a time, which the order of the passes ensures.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any, LiteralString

import psycopg
from psycopg import capabilities, sql
from psycopg.rows import args_row

from pgtune import resources
from pgtune.maintenance.rows import (
    AtWork,
    Collation,
    Column,
    Density,
    Horizon,
    Identity,
    Index,
    Lock,
    Parent,
    Table,
)
from pgtune.maintenance.survey import Catalog
from pgtune.maintenance.thresholds import Thresholds
from pgtune.server.asking import is_lost
from pgtune.server.connect import Connection, reading, translated
from pgtune.server.maintain.session import in_database

AT_ONCE = 500  # rows of a streamed answer that are in memory
EXCLUSIVE = "AccessExclusiveLock"


@dataclass(frozen=True, slots=True)
class Reader:
    """A session in one database, and who it is there."""

    connection: Connection
    identity: Identity
    settings: Mapping[str, float]

    @property
    def block(self) -> int:
        """The size of a page in bytes."""
        return int(self.settings["block_size"])

    @property
    def statistics_target(self) -> int:
        """default_statistics_target, which a column may override."""
        return int(self.settings["default_statistics_target"])

    def catalog(self) -> Catalog:
        """The database's catalog; tables, partitioned tables and indexes are read when they are iterated over."""
        return Catalog(
            self.identity, Thresholds(self.settings), self.block,
            self._streamed(Table, "tables"), self._streamed(Parent, "parents"), self._streamed(Index, "indexes"),
            self._rows(Collation, "collations"), self._rows(AtWork, "at_work"),
        )  # fmt: skip

    def locks(self, oids: Sequence[int]) -> list[Lock]:
        """Who holds locks on these relations."""
        return self._rows(Lock, "locks", oids=list(oids)) if oids else []

    def horizons(self) -> list[Horizon]:
        """Who keeps old row versions alive."""
        return self._rows(Horizon, "horizons")

    def sizes(self, oids: Sequence[int], locks: Sequence[Lock]) -> dict[int, int | None]:
        """Bytes by oid, None for a relation that is gone; those that are locked exclusively are left out.

        A relation that is locked in the meantime would cost the others their sizes: then nothing is known.
        """
        closed = {lock.oid for lock in locks if lock.mode == EXCLUSIVE and lock.granted}
        open_ = [oid for oid in oids if oid not in closed]
        try:
            return dict(self._rows(_pair, "sizes", oids=open_)) if open_ else {}
        except (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled):
            return {}

    def index_sizes(self, oids: Sequence[int]) -> dict[int, int]:
        """Bytes of all indexes by table."""
        return dict(self._rows(_pair, "index_sizes", oids=list(oids))) if oids else {}

    def columns(self, oids: Sequence[int]) -> dict[int, list[Column]]:
        """The columns of these indexes by index."""
        found = self._rows(Column, "widths", oids=list(oids)) if oids else []
        return {oid: list(group) for oid, group in groupby(found, key=lambda column: column.oid)}

    def density(self, oid: int) -> Density | None:
        """What pgstatindex measures of an index; None where it may not, or takes too long, or the index is gone."""
        if self.identity.pgstattuple is None:
            return None
        query = sql.SQL(resources.sql("maintain/density", self._major)).format(
            schema=sql.Identifier(self.identity.pgstattuple)
        )
        try:
            return self.connection.cursor(row_factory=args_row(Density)).execute(query, {"oid": oid}).fetchone()
        except psycopg.Error as error:
            if is_lost(self.connection, error):
                raise
            return None

    @property
    def _major(self) -> int:
        return self.identity.version // 10000

    def _text(self, name: str) -> LiteralString:
        return resources.sql(f"maintain/{name}", self._major)

    def _rows(self, kind: Any, name: str, **values: object) -> list[Any]:
        cursor = self.connection.cursor(row_factory=args_row(kind))
        return cursor.execute(self._text(name), values or None).fetchall()

    def _streamed(self, kind: Any, name: str) -> Iterator[Any]:
        cursor = self.connection.cursor(row_factory=args_row(kind))
        size = AT_ONCE if capabilities.has_stream_chunked() else 1  # from libpq 17 on
        yield from cursor.stream(self._text(name), size=size)


@contextmanager
def reader(conninfo: str, database: str | None = None) -> Iterator[Reader]:
    """Connect to a database of the server, or to the one that the conninfo names.

    Raises:
        BadInput, CannotConnect, NotAllowed, ConnectionLost, Refused: as the server answers.
    """
    target = conninfo if database is None else in_database(conninfo, database)
    with reading(target) as connection, translated():
        identity = connection.cursor(row_factory=args_row(Identity)).execute(resources.sql("maintain/identity"))
        connection.execute(resources.sql("maintain/long_answers"))
        settings = connection.cursor(row_factory=args_row(_pair)).execute(resources.sql("maintain/settings"))
        yield Reader(connection, identity.fetchall()[0], dict(settings.fetchall()))


def databases(conninfo: str) -> dict[str, bool]:
    """The databases of the server that take connections, and whether this role may connect.

    Raises:
        BadInput, CannotConnect, NotAllowed, ConnectionLost, Refused: as the server answers.
    """
    with reading(conninfo) as connection, translated():
        rows = connection.execute(resources.sql("maintain/databases")).fetchall()
    return {row["name"]: row["allowed"] for row in rows}


def _pair(key: Any, value: Any) -> tuple[Any, Any]:
    return key, value
