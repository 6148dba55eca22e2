"""What a statement asks of its tables: the types that `analysis.shape` and `analysis.conditions` answer with.

A statement is a tree of query blocks (itself, its CTEs, its subqueries, the arms of a UNION); each block has relations,
conditions, joins, an order, groups and a limit of its own. Everything is in the order of the text.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from pgtune.model.name import Name

Kind = Literal["select", "insert", "update", "delete", "merge"]
Test = Literal["equal", "in", "range", "prefix", "infix", "pattern", "null", "not null", "contains", "true", "other"]


class Catalog(Protocol):
    """What a reader of SQL must know of a database, under one search_path."""

    def resolve(self, schema: str, name: str) -> Name | None:
        """The table of this name; `schema` is empty where the text names none. None: no table (a view, a typo)."""

    def columns(self, table: Name) -> Mapping[str, str]:
        """The table's columns in their order, and the type of each as format_type() writes it."""


@dataclass(frozen=True, slots=True)
class Source:
    """A relation where it stands in a FROM clause (or is written to); `number` tells it from every other one.

    `schema` is empty where the text names none; `table` is what a catalog makes of it, None without one, for a view
    and for a relation that is not there. `alias` is what its columns are qualified with.
    """

    number: int
    schema: str
    name: str
    alias: str
    table: Name | None = None
    written: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """A column of one relation, or an expression over columns of that relation alone.

    `source` is the relation's number; `sql` is the text without qualifiers, as an index or a predicate takes it;
    `column` is empty for an expression; `columns` are all that it reads.
    """

    source: int
    sql: str
    column: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """What a term is compared with: reads no column. `sql` as written; one of the others says what it is, if simple.

    `literal` is a constant's text (casts taken off), `parameter` the number of a `$n`; both None for an expression
    such as `now() - interval '1 day'` or a subquery; `parameters` are all that it holds.
    """

    sql: str
    literal: str | None = None
    parameter: int | None = None
    parameters: tuple[int, ...] = ()
    null: bool = False

    @property
    def constant(self) -> bool:
        """True for a literal: the only kind that a partial index's predicate can rest on."""
        return self.literal is not None


@dataclass(frozen=True, slots=True)
class Predicate:
    """A condition on one relation.

    `operator` is PostgreSQL's, turned so that the term stands on its left (`=`, `<`, `~~`, `~~*`, `@>`, `?`, `@@`,
    `IS NULL`, `IS TRUE` ...). `values` are the right-hand side, several for IN (...). BETWEEN is two predicates.
    `arm` is None for what every row must meet; under an OR it is (number of the OR, number of the arm). `sql` is the
    condition without qualifiers. `negated`: under a NOT, or NOT IN and the like, so no index on the term serves it.
    """

    term: Term
    test: Test
    operator: str
    values: tuple[Value, ...]
    sql: str
    arm: tuple[int, int] | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Join:
    """A condition between two relations; `outer`: it belongs to an outer join, `semi`: to an IN or EXISTS."""

    left: Term
    operator: str
    right: Term
    outer: bool = False
    semi: bool = False
    arm: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class SortKey:
    """A key of ORDER BY; `nulls_first` as PostgreSQL takes it where the text does not say."""

    term: Term
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Block:
    """One query block. `order` is empty if a key is no term of one relation (an aggregate, two relations).

    `limit` and `offset` None: there is none. `outputs` are the columns read outside conditions, `star` the numbers of
    relations of which all columns are read; `distinct`: SELECT DISTINCT (its keys stand in `group`).
    """

    sources: tuple[Source, ...] = ()
    predicates: tuple[Predicate, ...] = ()
    joins: tuple[Join, ...] = ()
    group: tuple[Term, ...] = ()
    order: tuple[SortKey, ...] = ()
    limit: Value | None = None
    offset: Value | None = None
    outputs: tuple[Term, ...] = ()
    star: tuple[int, ...] = ()
    distinct: bool = False
    aggregated: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """A statement: its blocks, the outermost first, and what it writes.

    `assigned` are the columns that INSERT fills (empty: all) or UPDATE sets; `parameters` is the highest `$n`.
    """

    kind: Kind
    blocks: tuple[Block, ...]
    target: Source | None = None
    assigned: tuple[str, ...] = ()
    parameters: int = 0

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every relation of every block."""
        return tuple(source for block in self.blocks for source in block.sources)

    @property
    def tables(self) -> tuple[Name, ...]:
        """The tables that a catalog found, each once."""
        return tuple(dict.fromkeys(source.table for source in self.sources if source.table))

    def source(self, number: int) -> Source:
        """The relation of this number."""
        return next(source for source in self.sources if source.number == number)

    def predicates(self) -> Iterator[Predicate]:
        """Every condition of every block."""
        for block in self.blocks:
            yield from block.predicates
