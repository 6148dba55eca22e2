"""Work that a query makes without need: rows skipped, CTEs computed whole, workers that never came."""

from collections.abc import Iterator

from pgtune.plans.insight import Insight
from pgtune.plans.rules.scans import MANY_REMOVED
from pgtune.plans.spot import Spot
from pgtune.plans.words import count, rows_of


def large_offset(spot: Spot) -> Iterator[Insight]:
    """Rows are produced only to be skipped."""
    if spot.node.kind != "Limit" or not spot.node.children:
        return
    skipped, kept = _skipped(spot)
    if skipped >= MANY_REMOVED and skipped >= 10 * kept:
        yield Insight(
            "work.offset", "medium", spot.number,
            f"produces {rows_of(skipped)} to skip them, and returns {count(kept)}",
            "a cursor instead of OFFSET: WHERE (sort columns) > (those of the last row seen), with an index on them",
            measured=spot.run,
        )  # fmt: skip


def _skipped(spot: Spot) -> tuple[float, float]:
    """Rows skipped and rows returned; unexecuted, the start-up cost says how far into its input the limit begins."""
    below = spot.node.children[0]
    if spot.run:
        kept = spot.number_of("Actual Rows")
        return float(below.detail.get("Actual Rows", 0)) - kept, kept
    whole = below.total_cost - below.startup_cost
    before = spot.node.startup_cost - below.startup_cost
    return (below.rows * before / whole if whole > 0 else 0.0), spot.node.rows


def filtered_cte(spot: Spot) -> Iterator[Insight]:
    """A CTE is computed whole, and most of it filtered away afterwards."""
    if spot.node.kind != "CTE Scan" or "Filter" not in spot.node.conditions:
        return
    name = spot.node.detail.get("CTE Name", spot.node.alias)
    whole = next((each.rows for each in spot.plan.root.walk() if _is_cte(each.detail.get("Subplan Name"), name)), 0.0)
    if max(whole, spot.removed) >= MANY_REMOVED:
        yield Insight(
            "work.cte", "medium", spot.number,
            f"the CTE {name} is computed whole ({rows_of(whole)}) before it is filtered",
            f"WITH {name} AS NOT MATERIALIZED (...), or the condition inside of it", measured=spot.run,
        )  # fmt: skip


def _is_cte(subplan: object, name: object) -> bool:
    return subplan == f"CTE {name}"


def missing_workers(spot: Spot) -> Iterator[Insight]:
    """Fewer workers came than were planned: only an execution can tell."""
    planned, launched = spot.number_of("Workers Planned"), spot.node.detail.get("Workers Launched")
    if spot.run and isinstance(launched, int) and launched < planned:
        yield Insight(
            "work.workers", "low", spot.number, f"{launched} of {count(planned)} planned workers came",
            "more max_parallel_workers (and max_worker_processes), or fewer a query", measured=True,
        )  # fmt: skip


def temporary_files(spot: Spot) -> Iterator[Insight]:
    """The query wrote temporary files that no sort or hash of it owns up to (counted with BUFFERS)."""
    blocks = spot.number_of("Temp Written Blocks")
    own = blocks - sum(float(child.detail.get("Temp Written Blocks", 0)) for child in spot.node.children)
    known = any(label in spot.node.detail for label in ("Sort Method", "Hash Batches", "HashAgg Batches"))
    if own >= MANY_REMOVED and not known and "Hash" not in spot.node.kind:
        yield Insight(
            "work.temporary-files", "low", spot.number, f"wrote {count(own)} pages to temporary files",
            "more work_mem for this query", measured=True,
        )  # fmt: skip


RULES = (large_offset, filtered_cte, missing_workers, temporary_files)
