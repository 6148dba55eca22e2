"""Joins: relations read again and again, and rows joined for nothing."""

import re
from collections.abc import Iterator

from pgtune.model.units import human_bytes
from pgtune.plans.insight import Insight
from pgtune.plans.plan import Node
from pgtune.plans.rules.scans import BIG_PAGES, HUGE_PAGES, MANY_REMOVED, MOSTLY
from pgtune.plans.spot import PAGE, Spot
from pgtune.plans.words import count, rows_of, share, times

JOINS = frozenset({"Nested Loop", "Hash Join", "Merge Join"})
# pganalyze and pgplan report a loop from a thousand rounds on, and estimates from ten times off.
MANY_LOOPS, OFF = 1_000, 10
NOT_IN = re.compile(r"NOT \((?:hashed )?(?:ANY|SubPlan)|<> ALL")
FEW_ROWS = 100  # rows of an inner table, below which reading it whole is no loss (dryrun)


def scan_in_loop(spot: Spot) -> Iterator[Insight]:
    """The inner side of a nested loop reads a whole table for each outer row."""
    if spot.node.kind != "Nested Loop" or len(spot.node.children) != 2:
        return
    outer, inner = spot.node.children
    scan = _scanned(inner)
    rounds = float(outer.detail.get("Actual Rows", 0)) if spot.run else outer.rows
    if scan is None or scan.relation is None or rounds < 2:
        return
    table = spot.facts.table(scan.relation)
    rows = table.rows if table and table.rows >= 0 else scan.rows
    columns = _join_columns(spot.node, scan)
    if not columns or rows * rounds < FEW_ROWS * MANY_LOOPS or (table and table.pages < 2):
        return
    kept = "from memory " if inner.kind == "Materialize" else ""
    yield Insight(
        "join.scan-in-loop", "high" if table and table.pages >= BIG_PAGES else "medium", spot.number,
        f"reads {scan.relation.name} whole {kept}for each of {rows_of(rounds)}",
        f"an index on {scan.relation.name} ({columns})", measured=spot.run,
    )  # fmt: skip


def scan_for_few(spot: Spot) -> Iterator[Insight]:
    """A hash or merge join reads a whole table of which the other side wants few rows."""
    if spot.node.kind not in {"Hash Join", "Merge Join"} or len(spot.node.children) != 2:
        return
    one, two = spot.node.children
    for scan, other in ((one, two), (two, one)):
        found = _scanned(scan)
        table = spot.facts.table(found.relation) if found else None
        if found is None or table is None or table.pages < BIG_PAGES or table.rows <= 0 or "Filter" in found.conditions:
            continue
        wanted = max(spot.node.rows, other.rows)
        # a lookup costs some 8 units, a row of a scan some 0.02: far below the thousandth an index is worth it
        if wanted * MANY_LOOPS <= table.rows:
            size = human_bytes(table.pages * PAGE)
            yield Insight(
                "join.scan-for-few", "high" if table.pages >= HUGE_PAGES else "medium", spot.number,
                f"reads all of {table.name} ({size}) for {rows_of(other.rows)} to join with",
                f"an index on {table.name} ({_join_columns(spot.node, found) or 'its join columns'})", measured=False,
            )  # fmt: skip


def _scanned(inner: Node) -> Node | None:
    """The sequential scan that the inner side is, if it keeps its rows for a join condition."""
    while inner.kind in {"Materialize", "Memoize", "Hash", "Sort"} and inner.children:
        inner = inner.children[0]
    return inner if inner.kind == "Seq Scan" else None


def _join_columns(join: Node, scan: Node) -> str:
    """The scan's columns that the join compares, empty where nothing is compared."""
    labels = ("Join Filter", "Hash Cond", "Merge Cond")
    text = " ".join((*(join.conditions.get(label, "") for label in labels), scan.conditions.get("Filter", "")))
    alias = re.escape(scan.alias or (scan.relation.name if scan.relation else ""))
    columns = dict.fromkeys(re.findall(rf'(?<![\w."]){alias}\.("[^"]+"|\w+)', text))
    return ", ".join(columns)


def underestimated_loop(spot: Spot) -> Iterator[Insight]:
    """A nested loop went round far more often than was expected, which another join would have borne better."""
    if spot.node.kind != "Nested Loop" or not spot.run or not spot.node.children:
        return
    outer = spot.node.children[0]
    real, expected = float(outer.detail.get("Actual Rows", 0)), max(1.0, outer.rows)
    if real >= MANY_LOOPS and real >= OFF * expected:
        yield Insight(
            "join.underestimated-loop", "high", spot.number,
            f"went round {count(real)} times where {count(expected)} were expected ({times(real / expected)})",
            "ANALYZE the outer tables, or CREATE STATISTICS on columns that depend on each other", measured=True,
        )  # fmt: skip


def or_across_tables(spot: Spot) -> Iterator[Insight]:
    """An OR between conditions on two tables can be checked only once they are joined."""
    condition = spot.node.conditions.get("Join Filter", "")
    if spot.node.kind not in JOINS or " OR " not in condition:
        return
    aliases = set(re.findall(r'(?<![\w."])("[^"]+"|[a-z_]\w*)\.', condition))
    if len(aliases) > 1 and (spot.rows >= MANY_REMOVED or spot.share > MOSTLY):
        yield Insight(
            "join.or", "medium", spot.number, "an OR over two tables is checked for every pair of rows, by no index",
            "a UNION of two queries, one for each arm of the OR", measured=spot.run,
        )  # fmt: skip


def removed_after_join(spot: Spot) -> Iterator[Insight]:
    """Rows are joined first and thrown away then."""
    removed = spot.number_of("Rows Removed by Join Filter") * spot.loops
    if removed >= MANY_REMOVED and removed >= MOSTLY * (removed + spot.rows):
        yield Insight(
            "join.removed", "medium", spot.number,
            f"throws {share(removed / (removed + spot.rows))} of the pairs it makes away ({rows_of(removed)})",
            "an equality between the tables to join on, and an index for it", measured=True,
        )  # fmt: skip


def cartesian(spot: Spot) -> Iterator[Insight]:
    """Two relations are joined without any condition between them."""
    if spot.node.kind != "Nested Loop" or "Join Filter" in spot.node.conditions or len(spot.node.children) != 2:
        return
    outer, inner = spot.node.children
    if min(outer.rows, inner.rows) < 2 or spot.node.rows < MANY_REMOVED or spot.node.detail.get("Join Type") != "Inner":
        return
    if not _speaks_of(inner, {name for each in outer.walk() for name in (each.alias,) if name}):
        yield Insight(
            "join.cartesian", "high", spot.number,
            f"joins every row with every other one: {count(outer.rows)} times {rows_of(inner.rows)}",
            "the join condition that is missing between the two sides", measured=False,
        )  # fmt: skip


def _speaks_of(inner: Node, aliases: set[str]) -> bool:
    """True if a condition or an output of the inner side names a relation of the outer one.

    What it takes from the outer side is printed as the column that it is; `$1` is a parameter of the whole query.
    """
    labels = ("Cache Key", "Function Call", "Output")
    texts = [text for each in inner.walk() for text in each.conditions.values()]
    texts += [str(each.detail.get(label, "")) for each in inner.walk() for label in labels]
    return any(f"{alias}." in text for alias in aliases for text in texts)


def correlated_subplan(spot: Spot) -> Iterator[Insight]:
    """A subquery is run again for each row."""
    if spot.node.detail.get("Parent Relationship") != "SubPlan" or not spot.above:
        return
    name = str(spot.node.detail.get("Subplan Name", "a subquery"))
    parent = spot.above[0]
    if any(f"hashed {name}" in text or NOT_IN.search(text) for text in _texts(parent)):
        return
    rounds = spot.loops if spot.run else _rows_into(parent, spot)
    if rounds >= MANY_LOOPS and rounds * spot.node.total_cost > spot.plan.cost / 10:
        yield Insight(
            "join.subplan", "medium", spot.number, f"{name} is run for each of {rows_of(rounds)}",
            "a join, or a LATERAL subquery, in its place; at least an index for its condition", measured=spot.run,
        )  # fmt: skip


def _rows_into(parent: Node, spot: Spot) -> float:
    """The rows that a node looks at: those of its input, or of its table, where a filter needs the subquery."""
    table = spot.facts.table(parent.relation)
    if table and any("SubPlan" in text for text in parent.conditions.values()):
        return max(parent.rows, table.rows)
    inputs = (
        each.rows for each in parent.children if each.detail.get("Parent Relationship") in {"Outer", "Inner", None}
    )
    return max([parent.rows, *inputs])


def not_in(spot: Spot) -> Iterator[Insight]:
    """NOT IN (SELECT ...) cannot be a join, and is never true once the subquery returns a NULL."""
    found = [text for text in _texts(spot.node) if NOT_IN.search(text)]
    if any("SubPlan" in text for text in found) and spot.node.total_cost >= BIG_PAGES:
        yield Insight(
            "join.not-in", "medium", spot.number, "a NOT IN with a subquery is checked row by row, not joined",
            "NOT EXISTS, which can be an anti join and takes no harm from NULLs", measured=False,
        )  # fmt: skip


def _texts(node: Node) -> list[str]:
    return [*node.conditions.values(), *(str(each) for each in node.detail.get("Output", ()))]


RULES = (
    scan_in_loop, scan_for_few, underestimated_loop, or_across_tables, removed_after_join, cartesian,
    correlated_subplan, not_in,
)  # fmt: skip
