"""Which columns a table may be partitioned by: what the workload asks for, and what forbids it."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pgtune.guide import Guide
from pgtune.model.design import Name, Strategy
from pgtune.partitions.advice import Retention
from pgtune.partitions.scale import NUMBERS, TIMES, Scale, interval
from pgtune.partitions.spread import distinct, stats_of
from pgtune.snapshot.snapshot import Column, ColumnStats, Snapshot, Table
from pgtune.sqltext.shape import Predicate, Shape
from pgtune.workload.arrays import numbers
from pgtune.workload.statement import Statement

ShapeOf = Callable[[Statement], Shape]

FEW = 50  # values up to here are listed; each is a partition that is planned and kept by hand
KEYS = 3  # columns of a table that are planned, the most asked for first
EVEN = 0.125  # a hash partition of eight holds so much; a value with more makes it uneven
BELOW = {"<", "<="}


@dataclass(slots=True)
class Asked:
    """What the workload asks of one column: weights of equality and of range conditions, and retention deletes."""

    equal: float = 0.0
    range: float = 0.0
    retention: Retention | None = None
    deletes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Use:
    """The statements that touch one table, with their shapes."""

    table: Table
    statements: tuple[tuple[Statement, Shape], ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A column to plan a strategy with."""

    column: Column
    stats: ColumnStats
    strategy: Strategy
    scale: Scale
    term: str
    asked: Asked


def uses(snapshot: Snapshot, statements: Iterable[Statement], shape_of: ShapeOf) -> dict[Name, Use]:
    """For each table the statements that read or write it, in the workload's order."""
    found: dict[Name, list[tuple[Statement, Shape]]] = defaultdict(list)
    for statement in statements:
        shape = shape_of(statement)
        for name in shape.tables:
            found[name].append((statement, shape))
    return {
        table.name: Use(table, tuple(found[table.name])) for table in snapshot.tables if table.name in found
    }  # fmt: skip


def candidates(use: Use, guide: Guide) -> Iterator[Candidate]:
    """Every column with a strategy, the most asked for first."""
    asked = _asked(use)
    order = sorted(asked, key=lambda name: (-_weight(asked[name]), name))
    for name in order[:KEYS]:
        found = stats_of(use.table, name)
        if found is not None and found[1].null_frac == 0 and not _assigned(use, name):
            yield from _strategies(*found, asked[name], use.table.rows, guide)


def _weight(asked: Asked) -> float:
    return asked.equal + asked.range + (float("inf") if asked.retention else 0)


def _strategies(column: Column, stats: ColumnStats, asked: Asked, rows: float, guide: Guide) -> Iterator[Candidate]:
    scale = Scale(re.sub(r"\(\d+\)", "", column.type))
    values = distinct(stats, rows)
    term = _term(scale, guide)
    if term and (asked.range or asked.retention) and values > FEW:
        yield Candidate(column, stats, "range", scale, term, asked)
    if not asked.equal:
        return
    if 2 <= values <= FEW and (terms := guide.figure("partitioning", "list")):
        yield Candidate(column, stats, "list", scale, ", ".join(terms), asked)
    if values > FEW and not scale.timed and _even(stats) and (terms := guide.figure("partitioning", "hash")):
        yield Candidate(column, stats, "hash", scale, ", ".join(terms), asked)


def _term(scale: Scale, guide: Guide) -> str:
    """The guide's word for this kind of range; empty if it has none (then it is not proposed)."""
    word = ""
    if scale.type in NUMBERS:
        word = "id ranges"
    elif scale.type in TIMES:
        word = "dates" if scale.type == "date" else "time series"
    return word if word in guide.figure("partitioning", "range") else ""


def _even(stats: ColumnStats) -> bool:
    return max(numbers(stats.most_common_freqs), default=0.0) <= EVEN


def _asked(use: Use) -> dict[str, Asked]:
    """What is asked of each column of the table by conditions that every row must meet."""
    found: dict[str, Asked] = defaultdict(Asked)
    for statement, shape in use.statements:
        own = {source.number for source in shape.sources if source.table == use.table.name}
        met = [each for each in shape.predicates() if each.term.source in own and each.term.column]
        for column, tests in _by_column(met).items():
            found[column].equal += statement.weight * bool(tests & {"equal", "in"})
            found[column].range += statement.weight * ("range" in tests)
        deleted = retention_key(use.table.name, shape)
        if deleted is not None:
            found[deleted[0]].retention = deleted[1]
            found[deleted[0]].deletes.append(statement.fingerprint)
    return dict(found)


def _by_column(predicates: Sequence[Predicate]) -> Mapping[str, set[str]]:
    tests: dict[str, set[str]] = defaultdict(set)
    for each in predicates:
        if each.arm is None and not each.negated:
            tests[each.term.column].add(each.test)
    return tests


def retention_key(table: Name, shape: Shape) -> tuple[str, Retention] | None:
    """The column by which a DELETE throws away whatever is old: its only conditions are upper bounds of that column."""
    if shape.kind != "delete" or shape.target is None or shape.target.table != table or len(shape.sources) != 1:
        return None
    predicates = list(shape.predicates())
    columns = {each.term.column for each in predicates}
    plain = all(each.operator in BELOW and each.arm is None and not each.negated for each in predicates)
    if len(columns) != 1 or not plain or "" in columns or not shape.blocks[0].predicates:
        return None
    said = interval(" ".join(value.sql for each in predicates for value in each.values))
    return columns.pop(), Retention(*said) if said else Retention("", None)


def _assigned(use: Use, column: str) -> bool:
    """True if the workload updates the column: each such row would move from partition to partition."""
    return any(
        shape.kind in {"update", "merge"} and shape.target is not None and shape.target.table == use.table.name
        and column in shape.assigned
        for _, shape in use.statements
    )  # fmt: skip
