"""From runs to lines: each count of each arm against the default, and ours against the best peer. Pure."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.settings.ratios import Interval, Ratio, bootstrap, paired, query_ratios, ratio
from benchmarks.settings.rounds import Run

BASE, OURS = "default", "pgtune"
PEERS = ("le0pard", "pg-configurator")
MORE_IS_BETTER = frozenset({"tps"})
NO_GOAL = frozenset({"timed checkpoints", "peak memory MB"})  # shown; neither more nor less is better by itself
NOISE = 0.05  # identical runs on a quiet machine moved WAL, blocks and spills by up to 5 %
FEWEST = 3
DEARER = 1.5  # a query this many times the default's is named with the difference of its plan
SHORTEST_S = 0.1  # ten ticks of the processor clock


@dataclass(frozen=True, slots=True)
class Cell:
    """A count of one arm: its median as it is, and its ratio to the default where there is one."""

    value: float | None
    ratio: Ratio | None


@dataclass(frozen=True, slots=True)
class Row:
    """A count across the arms. `verdict` compares ours with the best peer; empty where one of them is absent."""

    count: str
    cells: Mapping[str, Cell]
    best_peer: str | None = None
    against_peer: Ratio | None = None
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Dearer:
    """A query that costs an arm more than DEARER times the default, with the lines in which the plans differ."""

    arm: str
    query: str
    ratio: float
    base_seconds: float
    plan: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """What a suite's rounds say."""

    rows: tuple[Row, ...]
    intervals: Mapping[str, Interval]
    worst: Mapping[str, tuple[str, float]]
    dearer: tuple[Dearer, ...]
    failures: tuple[str, ...]


def summary(runs: Sequence[Run]) -> Summary:
    """Everything the report prints about a suite."""
    by_arm = _by_arm(runs)
    counts = list(dict.fromkeys(name for run in runs for name in run.counts))
    return Summary(
        tuple(_row(count, by_arm) for count in counts),
        {arm: found for arm in by_arm if arm != BASE and (found := _interval(by_arm, arm))},
        _worst(by_arm),
        tuple(_dearer(by_arm)),
        tuple(
            f"{run.arm}, round {run.round + 1}: {run.failed}"
            + (f" (killed by the kernel for want of memory: {run.kills})" if run.kills else "")
            for run in runs
            if run.failed
        ),
    )


def _by_arm(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """The runs of each arm by round; every arm has one of every round."""
    arms: dict[str, list[Run]] = {}
    for run in sorted(runs, key=lambda run: run.round):
        arms.setdefault(run.arm, []).append(run)
    order = (BASE, *PEERS, OURS)
    return {arm: arms[arm] for arm in sorted(arms, key=lambda arm: order.index(arm) if arm in order else len(order))}


def _series(by_arm: Mapping[str, list[Run]], arm: str, count: str) -> list[float | None]:
    return [run.counts.get(count) for run in by_arm.get(arm, ())]


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _row(count: str, by_arm: Mapping[str, list[Run]]) -> Row:
    series = {arm: _series(by_arm, arm, count) for arm in by_arm}
    base = series.get(BASE, [])
    cells = {arm: Cell(_median(found), ratio(found, base) if base else None) for arm, found in series.items()}
    peers = {arm: cells[arm].value for arm in PEERS if arm in cells}
    known = {arm: value for arm, value in peers.items() if value is not None}
    if OURS not in cells or cells[OURS].value is None or not known or count in NO_GOAL:
        return Row(count, cells)
    best = (max if count in MORE_IS_BETTER else min)(known, key=lambda arm: known[arm])
    against = ratio(series[OURS], series[best])
    return Row(count, cells, best, against, verdict(count, cells[OURS].value or 0.0, known[best], against))


def verdict(count: str, ours: float, peer: float, against: Ratio | None) -> str:
    """`better` or `worse` only where the median is outside the noise and every round agrees; else `even`.

    `open` with fewer than FEWEST rounds: one run says nothing about the next.
    """
    if against is None:  # the peer has none of it
        return "even" if ours <= peer else "worse"
    if against.rounds < FEWEST:
        return "open"
    low, mid, high = against.least, against.median, against.greatest
    if count in MORE_IS_BETTER:
        low, mid, high = 1 / high, 1 / mid, 1 / low if low else float("inf")
    if mid > 1 + NOISE and low > 1:
        return "worse"
    return "better" if mid < 1 - NOISE and high < 1 else "even"


def _interval(by_arm: Mapping[str, list[Run]], arm: str) -> Interval | None:
    return bootstrap(paired(_series(by_arm, arm, "tps"), _series(by_arm, BASE, "tps"))) if BASE in by_arm else None


def _ratios_by_query(by_arm: Mapping[str, list[Run]], arm: str) -> dict[str, float]:
    """Pairs of rounds in which both arms finished."""
    both = [(a, b) for a, b in zip(by_arm[arm], by_arm.get(BASE, ()), strict=False) if a.query_cpu and b.query_cpu]
    return query_ratios([a.query_cpu for a, _ in both], [b.query_cpu for _, b in both], SHORTEST_S)


def _worst(by_arm: Mapping[str, list[Run]]) -> dict[str, tuple[str, float]]:
    found = {arm: _ratios_by_query(by_arm, arm) for arm in by_arm if arm != BASE}
    return {arm: max(ratios.items(), key=lambda item: item[1]) for arm, ratios in found.items() if ratios}


def _dearer(by_arm: Mapping[str, list[Run]]) -> list[Dearer]:
    result = []
    for arm in by_arm:
        if arm == BASE:
            continue
        for query, times in _ratios_by_query(by_arm, arm).items():
            if times > DEARER:
                base = median(run.query_cpu[query] for run in by_arm[BASE] if query in run.query_cpu)
                result.append(Dearer(arm, query, times, base, plan_difference(by_arm, arm, query)))
    return result


def plan_difference(by_arm: Mapping[str, list[Run]], arm: str, query: str) -> tuple[str, ...]:
    """The lines in which the plans of arm and default differ in the first round of both; `-` is the default's."""
    for run, base in zip(by_arm[arm], by_arm[BASE], strict=False):
        if query in run.plans and query in base.plans:
            lines = difflib.unified_diff(
                base.plans[query].splitlines(), run.plans[query].splitlines(), n=0, lineterm=""
            )
            return tuple(line for line in lines if not line.startswith(("---", "+++", "@@")))
    return ()
