"""The report for a person: one table a suite, then what needs words."""

from collections.abc import Sequence

from tabulate import tabulate

from benchmarks.settings.arms import Arm
from benchmarks.settings.ratios import Ratio
from benchmarks.settings.summary import BASE, DEARER, FEWEST, OURS, Cell, Row, Summary

LINES_OF_PLAN = 14
MOST_COLUMNS = 5  # with more arms the table stands on its side, without the counts that are zero in every arm


def table(found: Summary) -> str:
    """Counts by arm: the default's median, the others as ratios to it within the round."""
    arms = list(found.rows[0].cells) if found.rows else []
    compared = any(row.verdict for row in found.rows)
    head = ["count", *(f"{arm} (median)" if arm == BASE else arm for arm in arms)]
    body = [[row.count, *(_cell(arm, row) for arm in arms)] for row in found.rows]
    if compared:
        head.append(f"{OURS} : best peer")
        for line, row in zip(body, found.rows, strict=True):
            line.append(_against(row))
    if len(arms) > MOST_COLUMNS:
        body = [line for line, row in zip(body, found.rows, strict=True) if any(c.value for c in row.cells.values())]
        head, *body = [list(column) for column in zip(head, *body, strict=True)]
    return tabulate(body, head, tablefmt="simple", disable_numparse=True)


def words(found: Summary) -> list[str]:
    """Intervals, worst queries, dear queries with their plans, failures."""
    lines = [
        f"tps {arm} : default = {i.mean:.3f}, 95 % bootstrap interval {i.low:.3f} to {i.high:.3f}"
        for arm, i in found.intervals.items()
    ]
    lines += [
        f"worst query {arm} : default = {times:.2f} ({query}, CPU)" for arm, (query, times) in found.worst.items()
    ]
    for dear in found.dearer:
        lines.append(f"{dear.arm} {dear.query}: {dear.ratio:.2f} times the default's {dear.base_seconds:.2f} CPU s")
        shown = dear.plan[:LINES_OF_PLAN] or ("the plans are the same: the cost lies in the execution",)
        lines += [f"    {line}" for line in shown]
        if len(dear.plan) > LINES_OF_PLAN:
            lines.append(f"    ... {len(dear.plan) - LINES_OF_PLAN} lines more in the JSON")
    if found.worst and not found.dearer:
        lines.append(f"no query above {DEARER} times the default in any arm")
    return lines + [f"FAILED {failure}" for failure in found.failures]


def arm_lines(arms: Sequence[Arm]) -> list[str]:
    """What is compared, and what had to be mended."""
    lines = []
    for arm in arms:
        mended = "" if arm.boots else "; did NOT start as printed"
        lines.append(f"{arm.name}: {len(arm.settings)} settings{mended}")
        lines += [f"    {note}" for note in arm.notes]
    return lines


def goals(found: Summary) -> list[str]:
    """Where ours is worse than the best peer, by count; one line that says so where it is nowhere."""
    judged = [row for row in found.rows if row.verdict]
    worse = [f"{row.count} ({_times(row)})" for row in judged if row.verdict == "worse"]
    if not judged:
        return [f"not compared: {OURS} or the peers are missing"]
    if any(row.verdict == "open" for row in judged):
        return [f"not judged: that takes {FEWEST} rounds in which both arms finish"]
    return [
        f"worse than the best peer on: {', '.join(worse)}" if worse else "no worse than the best peer on every count"
    ]


def _cell(arm: str, row: Row) -> str:
    cell = row.cells[arm]
    if cell.value is None:
        return "failed"
    return number(cell.value) if arm == BASE or cell.ratio is None else _ratio(cell)


def _ratio(cell: Cell) -> str:
    assert cell.ratio is not None
    return span(cell.ratio)


def span(found: Ratio) -> str:
    """Median, least and greatest."""
    if found.rounds == 1:
        return f"{found.median:.2f}x"
    return f"{found.median:.2f}x ({found.least:.2f}-{found.greatest:.2f})"


def number(value: float) -> str:
    """Three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def _against(row: Row) -> str:
    if not row.verdict:
        return ""
    return f"{row.verdict}: {_times(row)}"


def _times(row: Row) -> str:
    """Ours as a multiple of the best peer's, or both figures where the peer has none of it."""
    if row.against_peer:
        return f"{row.against_peer.median:.2f}x {row.best_peer}"
    return f"{number(row.cells[OURS].value or 0)}, {row.best_peer} 0"
