"""A histogram of a range's own: bins of equal rows between its ends, where the whole table's bins are cut anywhere.

Between two bounds of a histogram rows are taken to be spread evenly, as the planner takes them to be.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence

import psycopg

from pgtune.model.errors import NotPlannable
from pgtune.twin.planner import Planner
from pgtune.twin.wire import Statement
from pgtune.workload.arrays import numbers

BINS = 100  # default_statistics_target
# Types that have a distance: a value as a number, and a number as a value.
_NUMBER = ("({})::pg_catalog.float8", "({})::{kind}")
_DAYS = (
    "({} - pg_catalog.date '2000-01-01')::pg_catalog.float8",
    "pg_catalog.date '2000-01-01' + pg_catalog.round({})::pg_catalog.int4",
)
_SECONDS = "pg_catalog.date_part('epoch', {})"
_LOCAL = (_SECONDS, "pg_catalog.timestamp '1970-01-01' + {} * pg_catalog.interval '1 second'")
_POINT = (_SECONDS, "pg_catalog.to_timestamp({})")
DISTANCES: Mapping[str, tuple[str, str]] = {
    "smallint": _NUMBER, "integer": _NUMBER, "bigint": _NUMBER, "numeric": _NUMBER, "real": _NUMBER,
    "double precision": _NUMBER, "date": _DAYS,
    "timestamp without time zone": _LOCAL, "timestamp with time zone": _POINT,
}  # fmt: skip


def histograms(
    planner: Planner, kind: str, bounds: str | None, ends: Mapping[str, tuple[str, str]]
) -> Mapping[str, str]:
    """For each partition the histogram between its ends, as text; nothing for types that have no distance."""
    distance = DISTANCES.get(kind.partition("(")[0])
    if distance is None or bounds is None or not ends:
        return {}
    there, back = distance
    back = back.replace("{kind}", kind)
    asking: list[Statement] = [(ALL.format(there.format("v"), kind), (bounds,))]
    asking += [(f"SELECT {_end(there, low, kind)}, {_end(there, high, kind)}", ()) for low, high in ends.values()]
    try:
        whole, *limits = planner.asked(asking)
        known = numbers(str(whole[0][0] or b"", "utf-8"))
        wanted = {
            name: cut
            for name, (row,) in zip(ends, limits, strict=True)
            if (cut := between(known, *(float(each or 0) for each in row)))
        }
        answers = planner.asked([(BACK.format(back.format("v")), (_floats(cut),)) for cut in wanted.values()])
    except (psycopg.Error, NotPlannable, ValueError):
        return {}
    return {name: str(rows[0][0], "utf-8") for name, rows in zip(wanted, answers, strict=True) if rows[0][0]}


ALL = "SELECT pg_catalog.array_agg({})::pg_catalog.text FROM pg_catalog.unnest($1::{}[]) v"
BACK = "SELECT pg_catalog.array_agg({} ORDER BY v)::pg_catalog.text FROM pg_catalog.unnest($1::pg_catalog.float8[]) v"


def _floats(values: Sequence[float]) -> str:
    return "{" + ",".join(map(repr, values)) + "}"


def _end(there: str, end: str, kind: str) -> str:
    if end.upper() in {"MINVALUE", "MAXVALUE"}:
        return f"pg_catalog.float8 '{'-' if end.upper() == 'MINVALUE' else ''}infinity'"
    return there.format(f"({end}::{kind})")


def between(bounds: Sequence[float], low: float, high: float) -> list[float]:
    """Bounds of bins with equal rows from `low` to `high`, by those of the whole; none where no row is."""
    if len(bounds) < 2:
        return []
    low, high = max(low, bounds[0]), min(high, bounds[-1])
    if low >= high:
        return []
    first, last = _place(bounds, low), _place(bounds, high)
    return [_value(bounds, first + (last - first) * step / BINS) for step in range(BINS + 1)]


def _place(bounds: Sequence[float], value: float) -> float:
    """Where a value stands, counted in bins."""
    at = min(bisect_right(bounds, value), len(bounds) - 1) - 1
    width = bounds[at + 1] - bounds[at]
    return at + (min((value - bounds[at]) / width, 1.0) if width else 0.0)


def _value(bounds: Sequence[float], place: float) -> float:
    at = min(int(place), len(bounds) - 2)
    return bounds[at] + (bounds[at + 1] - bounds[at]) * (place - at)
