"""An index on a partitioned table, in the steps that let others write: PostgreSQL builds none there concurrently.

Made on the table alone it is invalid and costs nothing; each partition gets its own concurrently; attached all of them,
the index is valid.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from psycopg.rows import DictRow

from pgtune.model.design import LONGEST_NAME, Name, quoted


@dataclass(frozen=True, slots=True)
class Stage:
    """A statement and the index that it makes or attaches; `brief`: it needs a lock, but only for a moment."""

    index: Name
    statement: str
    brief: bool


@dataclass(frozen=True, slots=True)
class Tree:
    """A partitioned table's index: its statement for an ordinary table, and the partitions as they are now."""

    name: Name
    table: Name
    ddl: str
    partitions: Sequence[DictRow]

    def stages(self) -> Iterator[Stage]:
        """Everything in its order; what is there already is passed over by the server or by who carries it out."""
        yield Stage(self.name, self._on(self.name, f"ONLY {self.table.sql}", "INDEX IF NOT EXISTS"), brief=True)
        for row in self.partitions:
            table, index = _table(row), self._index(_table(row))
            if row["kind"] == "p":
                yield Stage(index, self._on(index, f"ONLY {table.sql}", "INDEX IF NOT EXISTS"), brief=True)
            elif row["kind"] != "f":
                yield Stage(index, self._on(index, table.sql, "INDEX CONCURRENTLY"), brief=False)
        for row in reversed(self.partitions):
            above = Name(row["parent_schema"], row["parent"])
            parent = self.name if above == self.table else self._index(above)
            own = self._index(_table(row))
            yield Stage(own, f"ALTER INDEX {parent.sql} ATTACH PARTITION {own.sql}", brief=True)

    def indexes(self) -> list[Name]:
        """The indexes of the partitions, the lowest first."""
        return [self._index(_table(row)) for row in reversed(self.partitions)]

    def _index(self, table: Name) -> Name:
        """The index of a partition: named after it and the mark of the whole one."""
        mark = self.name.name[-6:]
        room = LONGEST_NAME - len(mark.encode()) - 5
        return Name(table.schema, f"{table.name.encode()[:room].decode(errors='ignore')}_idx_{mark}")

    def _on(self, index: Name, table: str, what: str) -> str:
        rest = self.ddl.partition(f" ON {self.table.sql} USING ")[2]
        return f"CREATE {what} {quoted(index.name)} ON {table} USING {rest}"


def _table(row: DictRow) -> Name:
    return Name(row["schema"], row["name"])
