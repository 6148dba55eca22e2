"""Figures to compare with: Extend, the open state of the art, by its own (hypothetical) cost model.

Run on PostgreSQL 15 with HypoPG over the same data and queries; `explains` as it reported them.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """Cost with the indexes over cost without, and how often the planner was asked."""

    ratio: float
    explains: int | None = None


EXTEND: Mapping[str, Mapping[int, Published]] = {
    "tpch": {
        125: Published(0.941, 549), 250: Published(0.788), 500: Published(0.676), 1000: Published(0.559),
        2000: Published(0.542, 3570),
    },
    "tpcds": {100: Published(0.793, 23852), 250: Published(0.678, 41082), 500: Published(0.623, 52761)},
}  # fmt: skip
