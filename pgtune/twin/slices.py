"""A table cut into the partitions of a scheme: what each would be, sizes and statistics, by arithmetic alone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pgtune.model.design import Name, Scheme
from pgtune.snapshot.snapshot import Column, ColumnStats, Table
from pgtune.twin.sizes import occupied
from pgtune.workload.arrays import array, elements

MOSTLY = 0.1  # of the rows: from this many different values on ANALYZE states a share in place of a count
HALVINGS = 40  # of an interval: then it is as exact as a float's twelve digits
ORDERED = 0.99  # correlation from which on a column is taken to grow with the rows' place on the disk


@dataclass(frozen=True, slots=True)
class KeyValues:
    """What of the key's statistics falls into one partition: histogram bounds, common values and their frequencies."""

    bounds: str | None = None
    common: str | None = None
    frequencies: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Slice:
    """One partition: the share of the rows before it and its own (0 to 1), and what is known of its key's values."""

    before: float
    share: float
    values: KeyValues | None = None


def parent(table: Table, schema: str, scheme: Scheme) -> Table:
    """The partitioned table: without rows of its own, its statistics counted over its partitions."""
    columns = tuple(
        replace(each, stats=tuple(replace(stats, inherited=True) for stats in _own(each)[:1])) for each in table.columns
    )
    name = Name(schema, table.name.name)
    key = ", ".join(scheme.key)
    return replace(table, name=name, kind="p", columns=columns, pages=0, relpages=0, all_visible=0, indexes=(),
                   foreign_keys=(), partition_key=f"{scheme.strategy} ({key})")  # fmt: skip


def child(table: Table, name: Name, scheme: Scheme, cut: Slice) -> Table:
    """One partition with its share of rows and pages."""
    rows = max(table.rows, 0) * cut.share
    pages = round(table.pages * cut.share) if rows else 0
    known = {each.name: _sliced(each, table, scheme, cut) if rows else () for each in table.columns}
    columns = tuple(replace(each, stats=known[each.name]) for each in table.columns)
    visible = round(table.all_visible * cut.share)
    return replace(table, name=name, kind="r", columns=columns, pages=max(pages, int(rows > 0)), rows=rows,
                   relpages=max(pages, int(rows > 0)), all_visible=min(visible, pages), indexes=(), foreign_keys=(),
                   parents=(Name(name.schema, table.name.name),))  # fmt: skip


def _own(column: Column) -> tuple[ColumnStats, ...]:
    return tuple(sorted(column.stats, key=lambda each: each.inherited))


def _sliced(column: Column, table: Table, scheme: Scheme, cut: Slice) -> tuple[ColumnStats, ...]:
    if not column.stats:
        return ()
    stats = replace(_own(column)[0], inherited=False)
    stats = replace(stats, n_distinct=_distinct(stats.n_distinct, table.rows, cut, own=column.name in scheme.key))
    if column.name in scheme.key and cut.values is not None:
        return (_with_key(stats, cut.values, cut.share),)
    if _follows(stats, table, scheme):
        return (_window(stats, cut),)
    return (stats,)


def _with_key(stats: ColumnStats, values: KeyValues, share: float) -> ColumnStats:
    """The key's statistics inside the partition: what falls into it, with frequencies among its rows."""
    total = max(share, sum(values.frequencies))
    numbers = [each / total for each in values.frequencies] if total else []
    alone = numbers and values.bounds is None
    return replace(
        stats,
        null_frac=0.0,
        n_distinct=float(len(numbers)) if alone else stats.n_distinct,
        most_common_vals=values.common if numbers else None,
        most_common_freqs="{" + ",".join(map(repr, numbers)) + "}" if numbers else None,
        histogram_bounds=values.bounds,
    )


def _distinct(stated: float, rows: float, cut: Slice, *, own: bool) -> float:
    """Different values in a part of the rows, stated as ANALYZE does.

    A key's values are parted among the partitions. Another column's are taken to be drawn by chance, each row's from as
    many as would leave in all rows the number that there is; a part of the rows meets fewer of them.
    """
    whole = -stated * rows if stated < 0 else stated
    part = rows * cut.share
    if whole < 1 or part < 1:
        return stated
    found = whole * cut.share if own or whole >= rows else occupied(_drawn_from(whole, rows), part)
    found = min(max(found, 1), part)
    return -found / part if found > MOSTLY * part else float(round(found))


def _drawn_from(found: float, rows: float) -> float:
    """How many equally likely values leave so many different ones, fewer than the rows, in so many rows."""
    low, high = found, 2 * found
    while occupied(high, rows) < found:
        low, high = high, 2 * high
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if occupied(middle, rows) < found else (low, middle)
    return high


def _follows(stats: ColumnStats, table: Table, scheme: Scheme) -> bool:
    """True for a column that grows with the key because both grow with time: a serial number beside a timestamp."""
    if scheme.strategy != "range" or abs(stats.correlation or 0) < ORDERED or stats.most_common_vals:
        return False
    keys = [each for each in table.columns if each.name in scheme.key and each.stats]
    return bool(keys) and all(abs(_own(each)[0].correlation or 0) >= ORDERED for each in keys)


def _window(stats: ColumnStats, cut: Slice) -> ColumnStats:
    """The histogram between the share of the rows before the partition and the share up to its end."""
    bounds = elements(stats.histogram_bounds)
    if len(bounds) < 3:
        return stats
    last = len(bounds) - 1
    low, high = round(cut.before * last), round((cut.before + cut.share) * last)
    if (stats.correlation or 0) < 0:
        low, high = last - high, last - low
    high = max(high, low + 1)
    kept = bounds[low : high + 1] if high <= last else bounds[-2:]
    return replace(stats, histogram_bounds=array(*(each or "" for each in kept)))


def placed(scheme: Scheme, values: Mapping[str, KeyValues]) -> dict[str, Slice]:
    """Each partition's slice by its name: ranges stand in the order of their bounds, as a scheme lists them."""
    cuts, before = {}, 0.0
    for each in scheme.partitions:
        cuts[each.name] = Slice(before, each.share, values.get(each.name))
        before += each.share
    return cuts
