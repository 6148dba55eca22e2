"""Statistics of a column as rows of pg_statistic, for servers that have no function to take them.

Which slot holds what is ANALYZE's choice: src/backend/commands/analyze.c, and array_typanalyze.c, ts_typanalyze.c and
rangetypes_typanalyze.c below src/backend/utils/adt and tsearch. The planner looks for kinds, wherever they stand.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SLOTS = 5
FLOAT8, FLOAT8_LESS = 701, 672
TEXT, DEFAULT_COLLATION = 25, 100


@dataclass(frozen=True, slots=True)
class Type:
    """A type as statistics see it: `base` below a domain, `element` of an array, operators = and < (0: none).

    `safe`: reading a value of it runs nothing that users wrote.
    """

    base: int
    element: int | None
    safe: bool
    equal: int
    less: int


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot: kind (STATISTIC_KIND_...), operator, collation, numbers and values as text of arrays, values' type."""

    kind: int
    operator: int
    collation: int
    numbers: str | None = None
    values: str | None = None
    type: int | None = None


def slots(row: Mapping[str, Any], of: Type, element: Type | None, collation: int) -> list[Slot]:
    """The slots of a row of pg_stats. Values whose type is not safe to read are left out."""
    found = list(_scalar(row, of, collation)) + list(_elements(row, element, collation)) + list(_range(row, of))
    whole = of.safe if element is None else element.safe and of.safe
    return [slot for slot in found if whole or slot.values is None][:SLOTS]


def _scalar(row: Mapping[str, Any], of: Type, collation: int) -> Iterator[Slot]:
    if row["most_common_vals"] and row["most_common_freqs"]:
        yield Slot(1, of.equal, collation, row["most_common_freqs"], row["most_common_vals"], of.base)
    if row["histogram_bounds"]:
        yield Slot(2, of.less, collation, None, row["histogram_bounds"], of.base)
    if row["correlation"] is not None:
        yield Slot(3, of.less, collation, f"{{{row['correlation']!r}}}")


def _elements(row: Mapping[str, Any], element: Type | None, collation: int) -> Iterator[Slot]:
    if element is None:
        return
    own = collation or (DEFAULT_COLLATION if element.base == TEXT else 0)
    if row["most_common_elems"] and row["most_common_elem_freqs"]:
        yield Slot(4, element.equal, own, row["most_common_elem_freqs"], row["most_common_elems"], element.base)
    if row["elem_count_histogram"]:
        yield Slot(5, element.equal, own, row["elem_count_histogram"])


def _range(row: Mapping[str, Any], of: Type) -> Iterator[Slot]:
    if row["range_length_histogram"]:
        empty = f"{{{row['range_empty_frac'] or 0.0!r}}}"
        yield Slot(6, FLOAT8_LESS, 0, empty, row["range_length_histogram"], FLOAT8)
    if row["range_bounds_histogram"]:
        yield Slot(7, 0, 0, None, row["range_bounds_histogram"], of.base)


def numbered(found: list[Slot]) -> dict[str, Any]:
    """The slots as columns kind1 ... type5."""
    padded = found + [Slot(0, 0, 0)] * (SLOTS - len(found))
    return {
        f"{name}{number}": getattr(slot, name)
        for number, slot in enumerate(padded, 1)
        for name in ("kind", "operator", "collation", "numbers", "values", "type")
    }
