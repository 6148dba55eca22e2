"""Partition schemes for a key, by strategy: bounds and the share of the rows that each partition would hold."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from pgtune.model.design import LONGEST_NAME, Name, Partition, Scheme
from pgtune.partitions.advice import Limits
from pgtune.partitions.scale import UNITS, Period, Scale
from pgtune.partitions.spread import Spread
from pgtune.snapshot.snapshot import ColumnStats
from pgtune.workload.arrays import elements, numbers

FUTURE = 3  # partitions ahead of the newest row, so that a night without upkeep stops no insert
FEWEST = 4  # with fewer, an index does what pruning would
OWN = 0.01  # the share from which a listed value gets a partition of its own
MODULI = (8, 16, 32, 64)
MISC = "other"
DEFAULT = "DEFAULT"


def ranges(table: Name, column: str, scale: Scale, rows: Spread, size: int,
           limits: Limits) -> Iterator[tuple[Period, Scheme]]:  # fmt: skip
    """Schemes for every period that makes neither too few nor too many partitions, the longest period first."""
    for period in _periods(scale, rows):
        starts = list(_starts(period, rows, limits.most - FUTURE))
        filled = max(1, len(starts) - 1)
        if FEWEST <= filled <= min(limits.most - FUTURE - 1, max(FEWEST, size // limits.least_part)):
            yield period, Scheme(table, "range", (column,), _range_parts(table, scale, period, starts, rows))


def _periods(scale: Scale, rows: Spread) -> Iterable[Period]:
    if scale.timed:
        units = [unit for unit in UNITS if unit != "hour" or scale.type != "date"]
        return [Period(unit) for unit in units]
    step = 10 ** max(0, len(str(int(rows.last - rows.first))) - 1)
    return [Period(step=max(1, size)) for size in (step, step // 2, step // 5, step // 10, step // 20, step // 50)]


def _starts(period: Period, rows: Spread, most: int) -> Iterator[int]:
    """Where partitions start, the end of the last one included; one more than `most` shows that they are too many."""
    start, end = period.floor(rows.first), period.floor(rows.last)
    for _ in range(most + 2):
        yield start
        if start > end:
            return
        start = period.next(start)


def _range_parts(table: Name, scale: Scale, period: Period, starts: list[int],
                 rows: Spread) -> tuple[Partition, ...]:  # fmt: skip
    ends = [*starts]
    for _ in range(FUTURE):
        ends.append(period.next(ends[-1]))
    parts = [
        Partition(
            named(table, scale.suffix(low, period)), f"FROM {scale.bound(low)} TO {scale.bound(high)}",
            rows.share(low, high),
        )
        for low, high in pairwise(ends)
    ]  # fmt: skip
    old = rows.share(float("-inf"), starts[0])
    if old > 0:
        parts.insert(0, Partition(named(table, "old"), f"FROM (MINVALUE) TO {scale.bound(starts[0])}", old))
    rest = max(0.0, 1 - sum(part.share for part in parts))
    return (*parts, Partition(named(table, "default"), DEFAULT, rest if rest > 1e-6 else 0.0))


def lists(table: Name, column: str, stats: ColumnStats) -> Scheme | None:
    """A partition for each value that has rows enough, one for the rare ones, one for what is to come."""
    common = zip(elements(stats.most_common_vals), numbers(stats.most_common_freqs), strict=False)
    values = {value: share for value, share in common if value is not None}
    own = {value: share for value, share in values.items() if share >= OWN}
    rare = [value for value in values if value not in own]
    if len(own) < 2:
        return None
    names = _slugs(own)
    parts = [Partition(named(table, names[value]), f"IN ({literal(value)})", share) for value, share in own.items()]
    if rare:
        bound = ", ".join(map(literal, rare))
        parts.append(Partition(named(table, MISC), f"IN ({bound})", sum(values[value] for value in rare)))
    return Scheme(table, "list", (column,), (*parts, Partition(named(table, "default"), DEFAULT, 0.0)))


def hashes(table: Name, column: str, size: int, limits: Limits) -> Iterator[Scheme]:
    """Schemes of 8 to 64 equal partitions, each large enough."""
    for modulus in MODULI:
        if modulus > limits.most or (modulus > MODULI[0] and size // modulus < limits.least_part):
            return
        parts = tuple(
            Partition(named(table, f"h{number:02}"), f"WITH (MODULUS {modulus}, REMAINDER {number})", 1 / modulus)
            for number in range(modulus)
        )
        yield Scheme(table, "hash", (column,), parts)


def named(table: Name, suffix: str) -> str:
    """The name of a table of the same schema that belongs to this one, cut to what PostgreSQL keeps of it."""
    room = LONGEST_NAME - len(suffix.encode()) - 1
    return f"{table.name.encode()[:room].decode(errors='ignore')}_{suffix}"


def literal(text: str) -> str:
    """The text as a string constant, whatever standard_conforming_strings says."""
    doubled = text.replace("'", "''")
    return "E'" + doubled.replace("\\", "\\\\") + "'" if "\\" in text else f"'{doubled}'"


def _slugs(values: Mapping[str, float]) -> dict[str, str]:
    """A word for each value that a name can hold, each another one."""
    found: dict[str, str] = {}
    for value in values:
        word = re.sub(r"\W+", "_", value, flags=re.ASCII).strip("_").lower()[:20] or "value"
        taken = {*found.values(), MISC, "default"}
        found[value] = next(each for number in range(1000) if (each := f"{word}{number or ''}") not in taken)
    return found
