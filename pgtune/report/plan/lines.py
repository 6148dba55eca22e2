"""A plan as rows: one for each node, with the figures that a person compares."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pgtune.model.units import format_ms
from pgtune.plans.insight import Insight
from pgtune.plans.plan import Node, Plan
from pgtune.plans.words import cost, count

SHOWN = (
    "Index Cond",
    "Recheck Cond",
    "Hash Cond",
    "Merge Cond",
    "Join Filter",
    "TID Cond",
    "Filter",
    "One-Time Filter",
)


@dataclass(frozen=True, slots=True)
class Row:
    """A node: `guide` is the tree drawn before it and `under` the tree beside what stands under it.

    `own` is the node's own part of the whole, by time if it was run and else by cost; `marks` are the numbers of the
    findings about it; `facts` are its conditions and keys, label and text.
    """

    guide: str
    under: str
    title: str
    subplan: str
    own: float
    figures: tuple[str, ...]
    marks: tuple[int, ...]
    facts: tuple[tuple[str, str], ...]
    depth: int


def run(plan: Plan) -> bool:
    """True if the plan was executed."""
    return "Actual Loops" in plan.root.detail


def headings(plan: Plan) -> tuple[str, ...]:
    """What the figures of a row are."""
    return ("time", "rows", "expected") if run(plan) else ("cost", "rows")


def rows(plan: Plan, insights: Sequence[Insight]) -> list[Row]:
    """The plan's nodes in its own order."""
    marks: dict[int, list[int]] = {}
    for place, insight in enumerate(insights, 1):
        marks.setdefault(insight.node, []).append(place)
    whole = _measure(plan.root) or 1.0
    numbered = enumerate(_walk(plan.root, "", "", 0))
    return [_row(node, guide, under, depth, tuple(marks.get(number, ())), whole)
            for number, (node, guide, under, depth) in numbered]  # fmt: skip


def _walk(node: Node, guide: str, under: str, depth: int) -> Iterator[tuple[Node, str, str, int]]:
    yield node, guide, under + ("│ " if node.children else "  "), depth
    for child in node.children:
        last = child is node.children[-1]
        yield from _walk(child, under + ("└─ " if last else "├─ "), under + ("   " if last else "│  "), depth + 1)


def _row(node: Node, guide: str, under: str, depth: int, marks: tuple[int, ...], whole: float) -> Row:
    own = max(0.0, _measure(node) - sum(_measure(child) for child in node.children if _inline(child)))
    subplan = str(node.detail.get("Subplan Name", ""))
    part = min(1.0, own / whole)
    return Row(guide, under, title(node), subplan, part, _figures(node), marks, tuple(_facts(node)), depth)


def _inline(child: Node) -> bool:
    """A CTE's or an InitPlan's cost is not part of the node that it hangs on."""
    return child.detail.get("Parent Relationship") != "InitPlan"


def _measure(node: Node) -> float:
    """The node's time over all loops in ms, or its cost."""
    if "Actual Total Time" in node.detail:
        return float(node.detail["Actual Total Time"]) * float(node.detail.get("Actual Loops", 1))
    return 0.0 if "Actual Loops" in node.detail else node.total_cost


def _figures(node: Node) -> tuple[str, ...]:
    if "Actual Loops" not in node.detail:
        return (cost(node.total_cost), count(node.rows))
    loops = float(node.detail["Actual Loops"])
    if not loops:
        return ("never run", "", count(node.rows))
    time = _measure(node)
    real = float(node.detail.get("Actual Rows", 0)) * loops
    return (_time(time) if "Actual Total Time" in node.detail else "", count(real), count(node.rows * loops))


def _time(ms: float) -> str:
    if ms >= 1000:
        return f"{ms / 1000:,.2f} s"
    return f"{ms:.3g} ms" if ms >= 0.1 else format_ms(round(ms, 3))


def title(node: Node) -> str:
    """The node in EXPLAIN's words: `Parallel Seq Scan on orders o`, `Left Hash Join`."""
    words = ["Parallel"] if node.detail.get("Parallel Aware") else []
    words += [str(node.detail["Partial Mode"])] if node.detail.get("Partial Mode") in {"Partial", "Finalize"} else []
    words.append(_kind(node))
    words += [f"using {node.index}"] if node.index and node.relation else []
    words += [f"on {node.index}"] if node.index and not node.relation else []
    on = node.relation.name if node.relation else next(
        (str(node.detail[label]) for label in ("CTE Name", "Function Name") if label in node.detail), "")  # fmt: skip
    words += [f"on {on}"] if on else []
    return " ".join([*words, *([node.alias] if node.alias and node.alias != on else [])])


def _kind(node: Node) -> str:
    join = node.detail.get("Join Type")
    if join and join != "Inner":
        return f"{node.kind} ({str(join).lower()})"
    if node.kind == "ModifyTable":
        return str(node.detail.get("Operation", node.kind))
    strategy = node.detail.get("Strategy")
    if node.kind == "Aggregate" and strategy in {"Hashed", "Sorted", "Mixed"}:
        return {"Hashed": "HashAggregate", "Sorted": "GroupAggregate", "Mixed": "MixedAggregate"}[str(strategy)]
    return node.kind + (" Backward" if node.detail.get("Scan Direction") == "Backward" else "")


def _facts(node: Node) -> Iterator[tuple[str, str]]:
    for label in ("Sort Key", "Group Key"):
        keys = node.detail.get(label)
        if keys:
            yield label, ", ".join(map(str, keys)) if isinstance(keys, list) else str(keys)
    yield from ((label, node.conditions[label]) for label in SHOWN if label in node.conditions)
    loops = float(node.detail.get("Actual Loops", 0))
    removed = sum(float(node.detail.get(f"Rows Removed by {what}", 0)) for what in ("Filter", "Join Filter")) * loops
    if removed:
        yield "Rows removed", count(removed)
    if node.detail.get("Sort Method"):
        size = f", {node.detail['Sort Space Used']} kB" if "Sort Space Used" in node.detail else ""
        yield "Sort Method", f"{node.detail['Sort Method']}{size}"
