"""An index on a partitioned table, in the steps that let others write: PostgreSQL builds none there concurrently.

Made on the table alone it is invalid and costs nothing; each partition gets its own concurrently; attached all of them,
the index is valid.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pgtune.model.design import LONGEST_NAME, Name, quoted


@dataclass(frozen=True, slots=True)
class Stage:
    """A statement and the index that it makes or attaches; `brief`: it needs a lock, but only for a moment."""

    index: Name
    statement: str
    brief: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A partition: its name, what it is a partition of, and its kind as pg_class has it (r, p or f)."""

    name: Name
    above: Name
    kind: str


@dataclass(frozen=True, slots=True)
class Tree:
    """A partitioned table's index: its statement for an ordinary table, and the partitions from the top down."""

    name: Name
    table: Name
    ddl: str
    partitions: Sequence[Part]

    def stages(self) -> Iterator[Stage]:
        """Everything in its order; what is there already is passed over by the server or by who carries it out."""
        yield Stage(self.name, self._on(self.name, f"ONLY {self.table.sql}", "INDEX IF NOT EXISTS"), brief=True)
        for part in self.partitions:
            index = self._index(part.name)
            if part.kind == "p":
                yield Stage(index, self._on(index, f"ONLY {part.name.sql}", "INDEX IF NOT EXISTS"), brief=True)
            elif part.kind != "f":
                yield Stage(index, self._on(index, part.name.sql, "INDEX CONCURRENTLY"), brief=False)
        for part in reversed(self.partitions):
            parent = self.name if part.above == self.table else self._index(part.above)
            own = self._index(part.name)
            yield Stage(own, f"ALTER INDEX {parent.sql} ATTACH PARTITION {own.sql}", brief=True)

    def indexes(self) -> list[Name]:
        """The indexes of the partitions, the lowest first."""
        return [self._index(part.name) for part in reversed(self.partitions)]

    def _index(self, table: Name) -> Name:
        """The index of a partition: named after it and the mark of the whole one."""
        mark = self.name.name[-6:]
        room = LONGEST_NAME - len(mark.encode()) - 5
        return Name(table.schema, f"{table.name.encode()[:room].decode(errors='ignore')}_idx_{mark}")

    def _on(self, index: Name, table: str, what: str) -> str:
        rest = self.ddl.partition(f" ON {self.table.sql} USING ")[2]
        return f"CREATE {what} {quoted(index.name)} ON {table} USING {rest}"
