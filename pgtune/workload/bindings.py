"""Values that stand for a statement's parameters: recorded ones, or typical ones out of the statistics.

The generic plan knows no value, so skew, partial indexes and LIMIT are invisible to it; a single value would be luck.
So each statement is planned generically and with a handful of values, from common to rare.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import pairwise

from pgtune.model.design import Name
from pgtune.snapshot.snapshot import ColumnStats, Table
from pgtune.sqltext.shape import Predicate, Shape, Test
from pgtune.workload import samples
from pgtune.workload.arrays import array
from pgtune.workload.samples import Sample
from pgtune.workload.statement import Binding

MOST = 5  # bindings a statement
A_PAGE = "25"  # rows: the LIMIT of a parameter, of which no statistics tell anything; the generic plan assumes a tenth

Choice = tuple[Sample, ...]


def recorded(seen: Counter[tuple[str | None, ...]]) -> tuple[Binding, ...]:
    """The values that came most often, each with its share among them."""
    common = sorted(seen.items(), key=lambda item: (-item[1], str(item[0])))[:MOST]
    total = sum(count for _values, count in common)
    return tuple(Binding(values, count / total) for values, count in common)


def typical(shape: Shape, filtering: frozenset[int], tables: Mapping[Name, Table]) -> tuple[Binding, ...]:
    """Typical values, and the generic plan as one among them; nothing if a parameter has no column to learn from.

    Parameters that decide nothing (`filtering` does not hold them) are NULL.
    """
    if not filtering:
        return ()
    choices = _choices(shape, tables)
    if any(not choices.get(number) for number in filtering):
        return ()
    levels = max(len(choices[number]) for number in filtering)
    shares = _shares(choices, filtering, levels)
    generic = Binding(None, 1 / (levels + 1))
    numbers = range(1, shape.parameters + 1)
    return (
        generic,
        *(
            Binding(tuple(_value(choices[n], level) if n in filtering else None for n in numbers), share)
            for level, share in enumerate(shares)
        ),
    )


def _value(choice: Choice, level: int) -> str:
    return choice[min(level, len(choice) - 1)].value


def _shares(choices: Mapping[int, Choice], filtering: frozenset[int], levels: int) -> list[float]:
    """What each level counts: half by how common its values are, half as much as every other one.

    Nobody knows which values are asked for: the common ones are in more rows, the rare ones are what queues, alerts
    and work lists ask for.
    """
    leading = next(choices[number] for number in sorted(filtering) if len(choices[number]) == levels)
    total = sum(each.mass for each in leading) or 1.0
    whole = levels / (levels + 1)  # what the generic plan leaves
    return [whole * (each.mass / total + 1 / levels) / 2 for each in leading]


def _choices(shape: Shape, tables: Mapping[Name, Table]) -> dict[int, Choice]:
    found: dict[int, Choice] = {}
    for block in shape.blocks:
        for value, rows in ((block.limit, A_PAGE), (block.offset, "0")):
            if value and value.parameter:
                found[value.parameter] = (Sample(rows, 1.0),)
    for predicate in shape.predicates():
        for number, choice in _of(predicate, shape, tables).items():
            found.setdefault(number, choice)
    return found | _windows(shape, tables)


def _of(predicate: Predicate, shape: Shape, tables: Mapping[Name, Table]) -> dict[int, Choice]:
    """What the predicate says of the parameters that it compares directly."""
    numbers = [value.parameter for value in predicate.values if value.parameter]
    if predicate.operator == "@@" and not numbers:
        return _searched(predicate, shape, tables)
    table = tables.get(shape.source(predicate.term.source).table or Name("", ""))
    if not numbers or table is None:
        return {}
    choice = _choice(predicate, table)
    if predicate.test == "in" and len(numbers) > 1:  # IN ($1, $2 ...): a value each
        return (
            {number: choice[place % len(choice) :] or choice for place, number in enumerate(numbers)} if choice else {}
        )
    return dict.fromkeys(numbers, choice)


def _searched(predicate: Predicate, shape: Shape, tables: Mapping[Name, Table]) -> dict[int, Choice]:
    """`@@ to_tsquery($1, $2)`: the last parameter is what is looked for, one before it a configuration."""
    held = predicate.values[0].parameters if predicate.values else ()
    table = tables.get(shape.source(predicate.term.source).table or Name("", ""))
    if not held or table is None:
        return {}
    return {number: (Sample("simple", 1.0),) for number in held[:-1]} | {held[-1]: _choice(predicate, table)}


def _choice(predicate: Predicate, table: Table) -> Choice:
    column = predicate.term.column or _plainly(predicate)
    stats = samples.stats_of(table, column)
    if stats is None:
        return ()
    kind = next(each.type for each in table.columns if each.name == column)
    return _TYPICAL.get(predicate.test, _other)(stats, predicate, kind)


def _other(stats: ColumnStats, predicate: Predicate, _kind: str) -> Choice:
    return samples.equal(stats) if predicate.operator == "<>" else ()


def _range(stats: ColumnStats, predicate: Predicate, _kind: str) -> Choice:
    return samples.above(stats) if predicate.operator.startswith(">") else samples.below(stats)


def _listed(stats: ColumnStats, predicate: Predicate, _kind: str) -> Choice:
    """`x = ANY ($1)` takes an array, `x IN ($1, $2)` plain values."""
    choice = samples.equal(stats)
    return tuple(Sample(array(each.value), each.mass) for each in choice) if "ANY(" in predicate.sql else choice


def _alike(stats: ColumnStats, _predicate: Predicate, _kind: str) -> Choice:
    return samples.patterns(stats)


_TYPICAL: Mapping[Test, Callable[[ColumnStats, Predicate, str], Choice]] = {
    "equal": lambda stats, _predicate, _kind: samples.equal(stats),
    "in": _listed,
    "range": _range,
    "pattern": _alike,
    "prefix": _alike,
    "infix": _alike,
    "contains": lambda stats, predicate, kind: samples.contained(stats, predicate.operator, kind),
}


def _plainly(predicate: Predicate) -> str:
    """The column behind an expression that takes values of the column's own kind: lower(x), date_trunc('day', x)."""
    names = ("lower(", "upper(", "btrim(", "coalesce(", "date_trunc(", "date(")
    if len(predicate.term.columns) == 1 and predicate.term.sql.lower().startswith(names):
        return predicate.term.columns[0]
    return ""


def _windows(shape: Shape, tables: Mapping[Name, Table]) -> dict[int, Choice]:
    """Lower and upper bounds of the same column that belong together."""
    found: dict[int, Choice] = {}
    ranges = [each for each in shape.predicates() if each.test == "range" and each.values[0].parameter]
    for low, high in pairwise(sorted(ranges, key=lambda each: (each.term.source, each.term.sql))):
        if low.term == high.term and {low.operator[0], high.operator[0]} == {"<", ">"}:
            found |= _window(low, high, shape, tables)
    return found


def _window(one: Predicate, other: Predicate, shape: Shape, tables: Mapping[Name, Table]) -> dict[int, Choice]:
    lower, upper = (one, other) if one.operator[0] == ">" else (other, one)
    table = tables.get(shape.source(one.term.source).table or Name("", ""))
    stats = samples.stats_of(table, lower.term.column) if table else None
    if stats is None:
        return {}
    below, above = samples.between(stats)
    return dict([*_pairs(lower, below), *_pairs(upper, above)]) if below else {}


def _pairs(predicate: Predicate, choice: Choice) -> list[tuple[int, Choice]]:
    return [(value.parameter, choice) for value in predicate.values if value.parameter]
