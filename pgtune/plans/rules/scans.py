"""Scans: rows and pages read for nothing."""

from collections.abc import Iterator, Sequence

from pgtune.model.units import human_bytes
from pgtune.plans.insight import Insight, Severity
from pgtune.plans.sizes import BIG_PAGES, HUGE_PAGES, PAGE, SOME_PAGES
from pgtune.plans.spot import Spot
from pgtune.plans.words import count, listed, rows_of, share
from pgtune.sqltext.shape import Predicate

__all__ = ["BIG_PAGES", "HUGE_PAGES", "MANY_REMOVED", "MOSTLY", "RULES", "SOME_PAGES"]

# Where an index begins to pay: at more than about a tenth of the rows a sequential scan is as cheap.
SELECTIVE = 0.1
MANY_REMOVED = 1_000  # rows; fewer are thrown away in microseconds
# pev2 marks a filter that removes more than half and more than nine tenths of the rows.
MOSTLY = 0.9


def selective_scan(spot: Spot) -> Iterator[Insight]:
    """A whole table is read, and its filter keeps few of its rows."""
    if spot.node.kind != "Seq Scan" or "Filter" not in spot.node.conditions or not _worth(spot) or _in_loop(spot):
        return
    rows, known = spot.table_rows, spot.rows / spot.scans
    kept = known / rows if rows else None
    if kept is not None and kept > SELECTIVE:
        return
    figures = "" if kept is None else f", {share(kept)} of {count(rows)}"
    yield Insight(
        "scan.selective", _severity(spot), spot.number,
        f"reads all of {spot.name}{_size(spot)} to keep {rows_of(known)}{figures}",
        _index_help(spot), measured=spot.run, verified=spot.pages is not None or spot.run,
    )  # fmt: skip


def _in_loop(spot: Spot) -> bool:
    """The inner side of a nested loop, of which the rules for joins speak."""
    above = spot.above[0] if spot.above else None
    return above is not None and above.kind == "Nested Loop" and above.children[-1] is spot.node


def _worth(spot: Spot) -> bool:
    """Big enough; a plan of which no size is known is worth it if it costs as much as reading such a table."""
    if spot.pages is not None:
        return spot.pages >= SOME_PAGES
    if spot.run:
        return spot.removed >= MANY_REMOVED
    return spot.node.total_cost >= SOME_PAGES


def _severity(spot: Spot) -> Severity:
    pages = spot.pages
    if pages is None:
        return "medium" if spot.run else "low"
    if pages >= HUGE_PAGES or spot.repeated:
        return "high"
    return "medium" if pages >= BIG_PAGES else "low"


def _size(spot: Spot) -> str:
    return "" if spot.pages is None else f" ({human_bytes(spot.pages * PAGE)})"


def _index_help(spot: Spot) -> str:
    """Which columns an index should have, equality before ranges; or why none can serve."""
    found = [each for each in spot.predicates() if not each.negated and each.arm is None]
    exact = [each for each in found if each.test in {"equal", "in", "null"}]
    ranges = [each for each in found if each.test in {"range", "prefix"}]
    contained = [each for each in found if each.test == "contains"]
    infix = [each for each in found if each.test == "infix"]
    if exact or ranges:
        keys = list(dict.fromkeys(each.term.sql for each in (*exact, *ranges[:1])))
        return f"an index on {spot.name} ({', '.join(keys)}){_caveat((*exact, *ranges))}"
    if contained:
        return f"a GIN index on {spot.name} ({contained[0].term.sql})"
    if infix:
        return f"a trigram index (pg_trgm) on {spot.name} ({infix[0].term.sql}): a pattern that begins with % needs one"
    if any(each.arm for each in spot.predicates()):
        return "an index for each arm of the OR, which a bitmap scan then combines; or a UNION of both"
    return "an index whose expression is the filter's, if its functions are immutable; or a condition on a bare column"


def _caveat(found: Sequence[Predicate]) -> str:
    cast = [each.term.sql for each in found if each.term.sql.startswith("CAST(")]
    return f"; or compare without the cast of {listed(cast)}, which hides the column from its index" if cast else ""


def index_removes(spot: Spot) -> Iterator[Insight]:
    """An index finds rows of which a filter throws most away."""
    if (
        spot.node.kind not in {"Index Scan", "Index Only Scan", "Bitmap Heap Scan"}
        or "Filter" not in spot.node.conditions
    ):
        return
    removed, found = _removed_behind_index(spot)
    if removed < MANY_REMOVED or removed < MOSTLY * found:
        return
    keys = list(dict.fromkeys(each.term.sql for each in spot.predicates() if not each.negated and each.arm is None))
    columns = listed(keys) or "the filter's columns"
    yield Insight(
        "scan.index-filter", "medium", spot.number,
        f"an index of {spot.name} finds {rows_of(found)}, the filter throws {share(removed / found)} of them away",
        f"{columns} as further keys of the index, or as the predicate of a partial one", measured=spot.run,
    )  # fmt: skip


def _removed_behind_index(spot: Spot) -> tuple[float, float]:
    """Rows removed and rows found: measured, or for a bitmap expected."""
    if spot.run:
        return spot.removed, spot.removed + spot.rows
    below = [child for child in spot.node.children if child.kind == "Bitmap Index Scan"]
    found = below[0].rows if below else 0.0
    return max(0.0, found - spot.node.rows), found


def walks_index_for_order(spot: Spot) -> Iterator[Insight]:
    """Under a LIMIT an index is walked in order until enough rows pass a filter: it may have to go far."""
    node = spot.node
    bare = node.kind in {"Index Scan", "Index Only Scan"} and "Index Cond" not in node.conditions
    if not bare or "Filter" not in node.conditions or not any(each.kind == "Limit" for each in spot.above):
        return
    if spot.run and spot.removed < MANY_REMOVED:
        return
    if not _worth(spot) or (not spot.run and _soon(spot)):
        return
    seen = f", and threw {rows_of(spot.removed)} away" if spot.run else ""
    yield Insight(
        "scan.order-walk", "medium", spot.number,
        f"walks {node.index} for its order and hopes that rows which pass the filter come soon{seen}",
        f"{_index_help(spot)} followed by the columns of ORDER BY", measured=spot.run,
    )  # fmt: skip


def _soon(spot: Spot) -> bool:
    """True if so many rows pass the filter that the few which are wanted are expected after a short walk."""
    limit = next(each for each in spot.above if each.kind == "Limit")
    return spot.table_rows is not None and limit.rows * spot.table_rows < MANY_REMOVED * max(1.0, spot.node.rows)


def heap_fetches(spot: Spot) -> Iterator[Insight]:
    """An index-only scan goes to the table after all, because the visibility map is behind."""
    if spot.node.kind != "Index Only Scan":
        return
    fetched, rows = spot.number_of("Heap Fetches") * max(1.0, spot.loops), max(1.0, spot.rows)
    table = spot.table
    hidden = 1 - table.all_visible / table.relpages if table and table.relpages else 0.0
    # pev2 marks fetches from 40 % of the rows on; as much of a table not all-visible means the same before it is run
    if spot.run and (fetched < 0.4 * rows or fetched < MANY_REMOVED):
        return
    if not spot.run and (hidden < 0.4 or not _worth(spot)):
        return
    seen = f"{count(fetched)} of {rows_of(rows)}" if spot.run else f"{share(hidden)} of its pages"
    yield Insight(
        "scan.heap-fetches", "low", spot.number,
        f"reads {spot.name} beside its index for {seen}: they are not known to be visible to all",
        f"VACUUM {spot.name}, and autovacuum more often on it", measured=spot.run,
    )  # fmt: skip


def lossy_bitmap(spot: Spot) -> Iterator[Insight]:
    """A bitmap that did not fit in memory knows pages only, whose every row is checked again."""
    lossy, exact = spot.number_of("Lossy Heap Blocks"), spot.number_of("Exact Heap Blocks")
    if lossy:
        yield Insight(
            "scan.lossy-bitmap", "medium", spot.number,
            f"its bitmap did not fit in work_mem: {count(lossy)} of {count(lossy + exact)} pages are read row by row",
            "more work_mem for this query, or an index that finds fewer rows", measured=True,
        )  # fmt: skip


def all_partitions(spot: Spot) -> Iterator[Insight]:
    """Every partition of a table is read, though there is a filter."""
    if spot.node.kind not in {"Append", "Merge Append"} or spot.number_of("Subplans Removed"):
        return
    scans = [each for child in spot.node.children for each in child.walk() if each.relation][: len(spot.node.children)]
    parents = {parent for each in scans if (table := spot.facts.table(each.relation)) for parent in table.parents}
    if len(parents) != 1 or not all(each.conditions for each in scans):
        return
    parent = parents.pop()
    parts = [table for table in spot.facts.tables.values() if parent in table.parents]
    key = getattr(spot.facts.table(parent), "partition_key", None)
    if key and len(parts) > 1 and len(scans) >= len(parts):
        yield Insight(
            "scan.all-partitions", "medium", spot.number,
            f"reads all {len(parts)} partitions of {parent}: no condition tells them apart",
            f"a condition on the partition key, {key}, with a constant or a parameter",
        )  # fmt: skip


RULES = (selective_scan, index_removes, walks_index_for_order, heap_fetches, lossy_bitmap, all_partitions)
