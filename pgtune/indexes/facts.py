"""What the snapshot knows of a table and its columns, in the words that candidates need."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pgtune.model.design import Name
from pgtune.snapshot.snapshot import Column, ColumnStats, Snapshot, Table

PAGE_BYTES = 8192
TINY_PAGES = 8
TINY_ROWS = 500
UNKNOWN_DISTINCT = 200.0  # PostgreSQL's own DEFAULT_NUM_DISTINCT (selfuncs.h)


def array(text: str | None) -> tuple[str, ...]:
    """The elements of an array in PostgreSQL's text form, one level deep, NULLs left out."""
    if not text or len(text) < 2:
        return ()
    found: list[str] = []
    word, quoted, inside, escaped = "", False, False, False
    for char in text[1:-1] + ",":
        if escaped:
            word, escaped = word + char, False
        elif inside and char == "\\":
            escaped = True
        elif char == '"':
            inside, quoted = not inside, True
        elif char == "," and not inside:
            if word or quoted:
                found += [word] if quoted or word != "NULL" else []
            word, quoted = "", False
        else:
            word += char
    return tuple(found)


def numbers(text: str | None) -> tuple[float, ...]:
    """The elements of an array of numbers."""
    return tuple(float(each) for each in array(text))


@dataclass(frozen=True)
class TableFacts:
    """One table. `table` is as the snapshot has it; `parts` are the partitions that hold a partitioned one's rows."""

    table: Table
    parts: Sequence[Table] = ()

    @cached_property
    def columns(self) -> Mapping[str, Column]:
        """Its columns by name."""
        return {column.name: column for column in self.table.columns}

    @property
    def rows(self) -> float:
        """Rows by pg_class, 0 where it was never analyzed; of a partitioned table those of its partitions.

        Autovacuum analyzes partitions alone, so what pg_class says of the partitioned table itself is old or nothing.
        """
        return sum(max(part.rows, 0.0) for part in self._stored)

    @property
    def pages(self) -> int:
        """Pages by pg_class; of a partitioned table, which has none itself, those of its partitions."""
        return sum(part.pages for part in self._stored)

    @property
    def _stored(self) -> Sequence[Table]:
        return self.parts or (self.table,)

    @property
    def tiny(self) -> bool:
        """So small that reading it whole costs as little as an index would."""
        analyzed = all(part.rows >= 0 for part in self._stored)
        return self.pages <= TINY_PAGES or (analyzed and self.rows < TINY_ROWS)

    def type_of(self, column: str) -> str:
        """The column's type without its modifier, empty if there is no such column."""
        found = self.columns.get(column)
        return bare_type(found.type) if found else ""

    def stats(self, column: str) -> ColumnStats | None:
        """The column's statistics: those of the table itself, of the whole tree for a partitioned parent."""
        found = self.columns.get(column)
        if found is None or not found.stats:
            return None
        wanted = self.table.kind == "p"
        return next((each for each in found.stats if each.inherited == wanted), found.stats[0])

    def distinct(self, column: str) -> float:
        """How many different values the column has."""
        stats = self.stats(column)
        if stats is None or not stats.n_distinct:
            return min(UNKNOWN_DISTINCT, max(self.rows, 1.0))
        return stats.n_distinct if stats.n_distinct > 0 else max(-stats.n_distinct * self.rows, 1.0)

    def width(self, column: str) -> int:
        """Average bytes of a value."""
        stats = self.stats(column)
        return stats.avg_width if stats else 8

    def share(self, column: str, value: str) -> float | None:
        """The share of rows with this value where the statistics tell it: a most common one, or what is left."""
        stats = self.stats(column)
        if stats is None:
            return None
        values, shares = array(stats.most_common_vals), numbers(stats.most_common_freqs)
        if value in values:
            return shares[values.index(value)]
        left = max(1.0 - sum(shares) - stats.null_frac, 0.0)
        return left / max(self.distinct(column) - len(values), 1.0)

    @property
    def row_width(self) -> int:
        """Average bytes of a row's values."""
        return max(sum(self.width(name) for name in self.columns), 1)


def bare_type(text: str) -> str:
    """`character varying(20)` is `character varying`, `timestamp(3) with time zone` is without the 3."""
    if "(" not in text:
        return text
    head, _, rest = text.partition("(")
    return (head.rstrip() + rest.partition(")")[2]).strip()


@dataclass(frozen=True)
class Facts:
    """A snapshot, asked by table."""

    snapshot: Snapshot
    _tables: dict[Name, TableFacts] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        known = {table.name: table for table in self.snapshot.tables}
        parts: dict[Name, list[Table]] = {}
        for table in self.snapshot.tables:
            above = table
            while above.partition_bound and above.parents and above.parents[0] in known:
                above = known[above.parents[0]]
                if table.kind != "p":
                    parts.setdefault(above.name, []).append(table)
        self._tables.update({name: TableFacts(table, parts.get(name, ())) for name, table in known.items()})

    def table(self, name: Name) -> TableFacts | None:
        """The table of this name, None for a view or what the snapshot left out."""
        return self._tables.get(name)

    @property
    def tables(self) -> Sequence[TableFacts]:
        """Every table."""
        return tuple(self._tables.values())

    @cached_property
    def enums(self) -> frozenset[str]:
        """The types that the schema made by CREATE TYPE ... AS ENUM, by the names that columns give them."""
        made = (each for each in self.snapshot.objects if each.kind == "type" and " AS ENUM" in each.sql.upper())
        names = [each.name for each in made]
        return frozenset(names + [name.rpartition(".")[2] for name in names])

    @property
    def c_collated(self) -> bool:
        """True where text sorts by bytes by default, so that a plain B-tree serves LIKE 'x%'."""
        return self.snapshot.provider == "c" and self.snapshot.collate in {"C", "POSIX"}

    def schema_of(self, extension: str) -> str:
        """The schema of an extension's objects as SQL: where it is, or where CREATE EXTENSION would put it."""
        made = (each.sql for each in self.snapshot.objects if each.kind == "extension" and each.name == extension)
        found = re.search(r"\bSCHEMA\s+(\"(?:[^\"]|\"\")+\"|[\w$]+)", next(made, ""), re.IGNORECASE)
        return found.group(1) if found else "public"

    @property
    def extensions(self) -> Mapping[str, str]:
        """Those of the database, with the schema or version that the snapshot has."""
        return self.snapshot.extensions
