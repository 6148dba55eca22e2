"""What-if: a query and a design to plan it under. These cross rooms: the core proposes designs, the twin plans them.

Names are plain text, as the catalogs hold them; `quoted` makes an identifier of one.
"""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Literal

from pgtune.model.name import LONGEST_NAME, Name, quoted

__all__ = [
    "AS_IT_IS", "LONGEST_NAME", "Design", "Index", "Key", "Method", "Name", "Partition", "Query", "Scheme", "Strategy",
    "quoted",
]  # fmt: skip

Method = Literal["btree", "hash", "gin", "gist", "brin", "spgist"]
Strategy = Literal["range", "list", "hash"]


@dataclass(frozen=True, slots=True)
class Key:
    """One key of an index: a column, or an expression as SQL (without outer parentheses), and what is not default.

    `opclass` is its name as SQL (`jsonb_path_ops`, `public.gin_trgm_ops`); `nulls_first` None means the default of
    the direction (first if descending).
    """

    column: str = ""
    expression: str = ""
    opclass: str = ""
    collation: str = ""
    descending: bool = False
    nulls_first: bool | None = None

    @property
    def sql(self) -> str:
        """The key as CREATE INDEX takes it."""
        words = [quoted(self.column) if self.column else f"({self.expression})"]
        words += [f"COLLATE {self.collation}"] if self.collation else []
        words += [self.opclass] if self.opclass else []
        words += ["DESC"] if self.descending else []
        if self.nulls_first is not None and self.nulls_first != self.descending:
            words.append("NULLS FIRST" if self.nulls_first else "NULLS LAST")
        return " ".join(words)

    def __lt__(self, other: "Key") -> bool:
        return self.sql < other.sql


class _Remembered:
    """What an index is asked thousands of times a second, reckoned once; no part of its value."""

    __slots__ = ("_hash", "_name")
    _hash: int
    _name: str


@dataclass(frozen=True, slots=True, order=True)
class Index(_Remembered):
    """An index that might be: everything that CREATE INDEX says of it but its name, which follows from the rest."""

    table: Name
    keys: tuple[Key, ...]
    method: Method = "btree"
    include: tuple[str, ...] = ()
    where: str = ""
    options: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """A name that says table and keys, unique to this definition: the same index has the same name everywhere."""
        try:
            return self._name
        except AttributeError:
            object.__setattr__(self, "_name", self._named())
            return self._name

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            parts = (self.table, self.keys, self.method, self.include, self.where, self.options)
            object.__setattr__(self, "_hash", hash(parts))
            return self._hash

    def _named(self) -> str:
        words = [self.table.name, *(key.column or "expr" for key in self.keys)]
        text = re.sub(r"\W+", "_", "_".join(words)).strip("_").lower()
        mark = hashlib.sha256(self.ddl("").encode()).hexdigest()[:6]
        return f"{text.encode()[: LONGEST_NAME - 11].decode(errors='ignore')}_idx_{mark}"

    def ddl(self, name: str | None = None, *, concurrently: bool = False) -> str:
        """The CREATE INDEX statement, without a semicolon."""
        words = [
            "CREATE INDEX",
            *(["CONCURRENTLY"] if concurrently else []),
            quoted(self.name if name is None else name),
        ]
        words += ["ON", self.table.sql, "USING", self.method, "(" + ", ".join(key.sql for key in self.keys) + ")"]
        words += ["INCLUDE (" + ", ".join(map(quoted, self.include)) + ")"] if self.include else []
        words += (
            ["WITH (" + ", ".join(f"{name} = {value}" for name, value in self.options) + ")"] if self.options else []
        )
        words += [f"WHERE {self.where}"] if self.where else []
        return " ".join(words)


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """One partition: its name, its bound as SQL, and the share of the table's rows that it holds.

    Bounds are as PARTITION OF takes them: `FROM ('2026-01-01') TO ('2026-02-01')`, `IN ('eu')`,
    `WITH (MODULUS 8, REMAINDER 0)`, or `DEFAULT`.
    """

    name: str
    bound: str
    share: float


@dataclass(frozen=True, slots=True, order=True)
class Scheme:
    """A partition scheme that might be for a table: `key` are columns (or expressions between parentheses)."""

    table: Name
    strategy: Strategy
    key: tuple[str, ...]
    partitions: tuple[Partition, ...]


@dataclass(frozen=True, slots=True)
class Design:
    """What differs from the database as it is: indexes added and dropped, tables partitioned, settings changed."""

    indexes: frozenset[Index] = frozenset()
    dropped: frozenset[Name] = frozenset()
    schemes: frozenset[Scheme] = frozenset()
    settings: tuple[tuple[str, str], ...] = ()

    def with_index(self, index: Index) -> "Design":
        """The same design and one index more."""
        return Design(self.indexes | {index}, self.dropped, self.schemes, self.settings)


AS_IT_IS = Design()


@dataclass(frozen=True, slots=True)
class Query:
    """One planable statement; `search_path` is what resolves its names.

    `bindings` None: its parameters ($1 ...) are planned generically; else their values as text, one each.
    """

    text: str
    bindings: tuple[str | None, ...] | None = None
    search_path: tuple[str, ...] = field(default=("public",))
