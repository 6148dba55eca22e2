"""Typical values of a column, out of its statistics: common ones, rare ones, and ranges from narrow to wide."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from pgtune.snapshot.snapshot import ColumnStats, Table
from pgtune.workload.arrays import array, elements, numbers

LEVELS = 4  # as many values a parameter as are planned: common, less common, rare, and none of the common ones

# Where in a column's order a range begins or ends, as shares of its rows. What is asked for most is the latest part
# of a time series; the last hundredth is a bucket of the histogram, the finest that statistics tell apart.
FROM = (0.99, 0.9, 0.5)
UP_TO = (0.01, 0.1, 0.5)
BETWEEN = ((0.98, 0.99), (0.5, 0.51), (0.3, 0.6))


@dataclass(frozen=True, slots=True)
class Sample:
    """A value, and the share of the rows' values that it stands for."""

    value: str
    mass: float


def stats_of(table: Table, column: str) -> ColumnStats | None:
    """The column's statistics: those over all partitions for a partitioned table, else the table's own."""
    found = next((each.stats for each in table.columns if each.name == column), ())
    wanted = table.kind == "p"
    return next((each for each in found if each.inherited == wanted), found[0] if found else None)


def equal(stats: ColumnStats) -> tuple[Sample, ...]:
    """Values to compare with: one for each group of equally common ones, and one that is not common."""
    values, shares = elements(stats.most_common_vals), numbers(stats.most_common_freqs)
    common = [Sample(v, share) for v, share in zip(values, shares, strict=False) if v is not None]
    bounds = _bounds(stats)
    rest = max(0.0, 1 - stats.null_frac - sum(shares))
    groups = _grouped(common, LEVELS - bool(bounds))
    return (*groups, *([Sample(_at(bounds, 0.5), rest)] if bounds else []))


def _grouped(common: Sequence[Sample], most: int) -> list[Sample]:
    """At most that many samples: each the middle one of a run of the list, with the mass of the whole run."""
    if len(common) <= most:
        return list(common)
    runs = [common[:1], *(_run(common[1:], number, most - 1) for number in range(most - 1))]
    return [Sample(run[len(run) // 2].value, sum(each.mass for each in run)) for run in runs if run]


def _run(items: Sequence[Sample], number: int, of: int) -> Sequence[Sample]:
    return items[len(items) * number // of : len(items) * (number + 1) // of]


def above(stats: ColumnStats) -> tuple[Sample, ...]:
    """Lower bounds: the latest part, more, half."""
    return _quantiles(stats, FROM)


def below(stats: ColumnStats) -> tuple[Sample, ...]:
    """Upper bounds: the first part, more, half."""
    return _quantiles(stats, UP_TO)


def between(stats: ColumnStats) -> tuple[tuple[Sample, ...], tuple[Sample, ...]]:
    """Lower and upper bounds that belong together."""
    return _quantiles(stats, [low for low, _ in BETWEEN]), _quantiles(stats, [high for _, high in BETWEEN])


def _quantiles(stats: ColumnStats, shares: Sequence[float]) -> tuple[Sample, ...]:
    bounds = _bounds(stats)
    return tuple(Sample(_at(bounds, share), 1 / len(shares)) for share in shares) if bounds else ()


def _bounds(stats: ColumnStats) -> tuple[str, ...]:
    return tuple(each for each in elements(stats.histogram_bounds) if each is not None)


def _at(bounds: Sequence[str], share: float) -> str:
    return bounds[round(share * (len(bounds) - 1))]


def patterns(stats: ColumnStats) -> tuple[Sample, ...]:
    """Patterns for LIKE: beginning like a value, and holding a piece of one."""
    texts = [each.value for each in equal(stats) if each.value]
    if not texts:
        return ()
    plain = texts[-1].replace("\\", "").replace("%", "").replace("_", "")
    start, middle = plain[:4], plain[len(plain) // 3 : len(plain) // 3 + 4]
    return (Sample(f"{start}%", 0.5), Sample(f"%{middle}%", 0.5))


def contained(stats: ColumnStats, operator: str, column_type: str) -> tuple[Sample, ...]:
    """What an array, a tsvector or a jsonb column is asked to contain: common elements and rarer ones."""
    if column_type == "jsonb":
        return _document(stats, operator)
    found, shares = elements(stats.most_common_elems), numbers(stats.most_common_elem_freqs)
    items = [Sample(v, share) for v, share in zip(found, shares, strict=False) if v is not None]
    picked = sorted(_grouped(sorted(items, key=lambda each: (-each.mass, each.value)), 3), key=lambda each: -each.mass)
    if column_type == "tsvector":
        return tuple(Sample(_lexeme(each.value), each.mass) for each in picked)
    listed = operator in {"@>", "&&", "<@"}
    return tuple(Sample(array(each.value) if listed else each.value, each.mass) for each in picked)


def _lexeme(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _document(stats: ColumnStats, operator: str) -> tuple[Sample, ...]:
    """One pair out of a document, or its key: what is asked for is a part, not a whole document."""
    pairs = [pair for sample in equal(stats) if (pair := _pair(sample.value))]
    share = 1 / max(1, len(pairs))
    if operator == "@>":
        return tuple(Sample(json.dumps(dict([pair])), share) for pair in pairs)
    keys = tuple(Sample(name, share) for name, _value in pairs)
    return tuple(Sample(array(each.value), each.mass) for each in keys) if operator in {"?|", "?&"} else keys


def _pair(document: str) -> tuple[str, object] | None:
    try:
        found = json.loads(document)
    except ValueError:
        return None
    items = found.items() if isinstance(found, dict) else ()
    return next(((name, value) for name, value in items if isinstance(value, (str, int, float, bool))), None)
