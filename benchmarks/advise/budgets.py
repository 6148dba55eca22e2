"""Cost ratio by storage budget: predicted, and with the indexes really built."""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from tabulate import tabulate

from benchmarks.advise.built import Built, planned, with_indexes
from benchmarks.advise.mended import Means, Mended
from benchmarks.advise.published import EXTEND
from benchmarks.advise.session import TIMEOUT_S
from pgtune.indexes.advice import IndexAdvice, Limits
from pgtune.indexes.advise import advise
from pgtune.indexes.facts import Facts
from pgtune.model.design import Index
from pgtune.model.units import MB
from pgtune.server.capture import capture
from pgtune.twin import Twin, raised, two_at_once
from pgtune.workload.statement import Statement, Workload

SLOWER = 1.1  # a query that takes so many times longer than without the indexes is named
OFF = 0.05  # a query whose cost differs so much from the predicted one is named
NOISE_S = 0.05  # and longer by this much


@dataclass(frozen=True, slots=True)
class Row:
    """One budget. `budget` 0: all the storage it wants."""

    budget: int
    advice: IndexAdvice
    seconds: float
    facts: Facts
    built: Built | None = None

    @property
    def predicted(self) -> float:
        """Cost with over cost without, by the twin."""
        return self.advice.cost_after / self.advice.cost_before


def workload(queries: Mapping[str, str]) -> Workload:
    """Every query once."""
    return Workload(tuple(Statement(text, name, "select", origin=name) for name, text in queries.items()))


def advised(conninfo: str, queries: Mapping[str, str], budgets: Sequence[int]) -> list[Row]:
    """The advice for each budget in MB; each is a run of its own on one twin."""
    snapshot = capture(conninfo, workload=False)
    rows = []
    with raised(snapshot, plan_seconds=60) as twin:
        for budget in budgets:
            begin = time.perf_counter()
            answer = _advice(twin, queries, budget)
            rows.append(Row(budget, answer, time.perf_counter() - begin, Facts(snapshot)))
            print(f"{budget or 'no'} MB: {len(answer.recommendations)} indexes", file=sys.stderr)
    return rows


def _advice(twin: Twin, queries: Mapping[str, str], budget: int, barred: frozenset[Index] = frozenset()) -> IndexAdvice:
    limits = Limits(budget * MB if budget else None, barred=barred)
    with two_at_once(twin) as side:
        return advise(
            twin.snapshot, workload(queries), side.plan, twin.size_of, limits, prepare=side.prepare, each=side.each
        )


def run(name: str, conninfo: str, queries: Mapping[str, str], budgets: Sequence[int], runs: int | None) -> str:
    """The whole comparison as text; `runs` None: nothing is built, 0: built and planned, else run so many times."""
    rows = advised(conninfo, queries, budgets)
    before = planned(conninfo, queries)
    if runs is not None:
        rows = [_really(row, conninfo, queries, runs, before) for row in rows]
    return "\n\n".join([_table(name, rows, before), *_slower(rows, before)])


def _really(row: Row, conninfo: str, queries: Mapping[str, str], runs: int, before: Built) -> Row:
    """The row with its indexes really built."""

    def further(barred: frozenset[Index]) -> list[Index]:
        with raised(row.facts.snapshot, plan_seconds=60) as twin:
            return _indexes(_advice(twin, queries, row.budget, barred))

    means = Means(row.facts, row.budget * MB or None, further)
    built = with_indexes(conninfo, queries, _indexes(row.advice), runs, means)
    ratio, size = built.cost / before.cost, built.size_bytes / MB
    print(f"{row.budget or 'no'} MB: predicted {row.predicted:.3f}, built {ratio:.3f}, {size:.0f} MB", file=sys.stderr)
    for name, cost in built.costs.items():
        predicted = next(each.cost_after for each in row.advice.queries if each.origin == name)
        if abs(cost / predicted - 1) > OFF:
            print(f"  {name}: predicted {predicted:.0f}, built {cost:.0f}", file=sys.stderr)
    return replace(row, built=built)


def _indexes(advice: IndexAdvice) -> list[Index]:
    return [each.index for each in advice.recommendations]


def _table(name: str, rows: Sequence[Row], before: Built) -> str:
    lines = []
    for row in rows:
        published = EXTEND.get(name, {}).get(row.budget)
        built, advice = row.built, row.advice
        lines.append(
            [
                f"{row.budget} MB" if row.budget else "all",
                published.ratio if published else None,
                row.predicted,
                built.cost / before.cost if built else None,
                len(advice.recommendations),
                advice.size_bytes / MB,
                built.size_bytes / MB if built else None,
                published.explains if published else None,
                advice.planner_calls,
                row.seconds,
                advice.above_bound * 100,
                sum(median(each.without) for each in built.timed.values()) if built and built.timed else None,
                sum(median(each.with_them) for each in built.timed.values()) if built and built.timed else None,
            ]
        )
    heads = [
        "budget", "Extend", "predicted", "built", "indexes", "MB", "MB built", "EXPLAINs of Extend", "EXPLAINs", "s",
        "% above unlimited bound", "s before", "s after",
    ]  # fmt: skip
    return tabulate(lines, heads, tablefmt="github", floatfmt=("", ".3f", ".3f", ".3f", "", ".0f", ".0f", "", "", ".1f",
                                                              ".1f", ".1f", ".1f"))  # fmt: skip


def _slower(rows: Sequence[Row], before: Built) -> list[str]:
    """Queries that ran noticeably longer with the indexes, and those that were cut off without."""
    found = []
    for row in rows:
        if row.built is None or not row.built.timed:
            continue
        worse = [
            f"{name} {each.text} s"
            for name, each in row.built.timed.items()
            if each.ratio > SLOWER and median(each.with_them) > median(each.without) + NOISE_S
        ]
        cut = [name for name, each in row.built.timed.items() if max(each.without) >= TIMEOUT_S]
        size = f"{row.budget or 'all'} MB: {len(row.built.timed)} plans changed"
        found.append(f"{size}; slower by more than a tenth: {', '.join(worse) or 'none'}")
        found += [f"cut off after {TIMEOUT_S:g} s without the indexes: {', '.join(cut)}"] if cut else []
        found += _mended(row.built.mended, before) if row.built.mended else []
    return found


def _mended(mended: Mended, before: Built) -> list[str]:
    """What was done for slower queries, as `--prove` does it, and what is slower then."""
    mending, timing = mended.mending, mended.mending.trying.timing
    worse = [
        f"{name} {timing.trials[name].before / 1000:.2f} to {ran.ms / 1000:.2f} s"
        for name, ran in timing.now.items()
        if ran.ms > max(SLOWER * timing.trials[name].before, timing.trials[name].before + NOISE_S * 1000)
    ]
    told = [
        f"widened for {each.query} ({each.before / 1000:.2f} s before, {each.after / 1000:.2f} with, "
        f"{each.then / 1000:.2f} then; others {each.others * 100:+.1f} %): {each.index.name} for "
        f"{', '.join(index.name for index in (each.instead, *each.room))}"
        for each in mending.widened
    ]
    told += [
        f"{'kept' if each.kept else 'given up'} for {each.query} ({each.before / 1000:.2f} s before, "
        f"{each.after / 1000:.2f} with, {each.without / 1000:.2f} without; "
        f"others {each.others * 100:+.1f} %): {', '.join(each.indexes)}"
        for each in mending.slowed
    ]
    told += [f"filled up with {each.index.name} ({-each.gain * 100:+.1f} %)" for each in mending.filled]
    whole = sum(ran.ms for ran in timing.now.values()) / 1000
    left = f"{mended.size_bytes / MB:.0f} MB, cost {mended.cost / before.cost:.3f}, {whole:.1f} s"
    return [*told, f"then {left}; slower by more than a tenth: {', '.join(worse) or 'none'}"]
