"""From rounds to ratios: pure, and the same for the same rounds, the bootstrap included."""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

RESAMPLES = 10_000
SEED = 20_140_127  # any fixed number: the interval of given rounds is always the same
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Ratio:
    """An arm against the default within each round: median, least and greatest; `rounds` is how many were paired."""

    median: float
    least: float
    greatest: float
    rounds: int


@dataclass(frozen=True, slots=True)
class Interval:
    """The geometric mean of paired ratios and its bootstrap interval."""

    mean: float
    low: float
    high: float


def paired(arm: Sequence[float | None], base: Sequence[float | None]) -> list[float]:
    """The ratio of each round in which both arms have a figure and the base's is above zero."""
    return [a / b for a, b in zip(arm, base, strict=True) if a is not None and b]


def ratio(arm: Sequence[float | None], base: Sequence[float | None]) -> Ratio | None:
    """Median and range of the paired ratios; None where no round can be paired, as when the base is always zero."""
    found = paired(arm, base)
    return Ratio(median(found), min(found), max(found), len(found)) if found else None


def geometric_mean(values: Sequence[float]) -> float:
    """The n-th root of the product; every value must be above zero."""
    return math.exp(sum(math.log(value) for value in values) / len(values))


def bootstrap(ratios: Sequence[float]) -> Interval | None:
    """A percentile bootstrap over rounds of the geometric mean of ratios; None with fewer than three rounds.

    With five rounds such an interval is a statement about these rounds, and too narrow for a claim about all machines.
    """
    if len(ratios) < 3 or min(ratios) <= 0:
        return None
    source = random.Random(SEED)
    logs = [math.log(value) for value in ratios]
    size = len(logs)
    means = sorted(sum(source.choices(logs, k=size)) / size for _ in range(RESAMPLES))
    tail = (1 - CONFIDENCE) / 2
    low, high = means[int(tail * RESAMPLES)], means[min(RESAMPLES - 1, int((1 - tail) * RESAMPLES))]
    return Interval(math.exp(sum(logs) / size), math.exp(low), math.exp(high))


def query_ratios(
    arm: Sequence[Mapping[str, float]], base: Sequence[Mapping[str, float]], floor: float
) -> dict[str, float]:
    """The median over rounds of each query's ratio; queries below `floor` on both sides are too short to compare."""
    names = base[0] if base else ()
    result = {}
    for name in names:
        pairs = [(a[name], b[name]) for a, b in zip(arm, base, strict=True) if name in a and name in b]
        if pairs and max(median(a for a, _ in pairs), median(b for _, b in pairs)) >= floor:
            # A figure below the clock's resolution counts as the resolution: no division by zero, no infinite ratio.
            result[name] = median(max(a, floor / 10) / max(b, floor / 10) for a, b in pairs)
    return result
