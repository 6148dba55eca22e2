"""Memory: sorts, hashes and other work that does not fit and goes to disk."""

from collections.abc import Iterator

from pgtune.model.units import KB, MB, human_bytes
from pgtune.plans.insight import Insight
from pgtune.plans.spot import Spot
from pgtune.plans.words import count, rows_of

WORK_MEM = 4 * MB  # PostgreSQL's default, for a plan of which no settings are known
HASH_MULTIPLIER = "2"  # hash_mem_multiplier's default since 15
# Per row beside its width: a tuple header of 24 bytes, and in a hash table its chain and bucket (nodeHash.c).
ROW, HASHED_ROW = 24, 24 + 16 + 8
PASSING = ("Gather Merge", "Result")  # they hand a limit down to the sort below (ExecSetTupleBound)
MANY_SORTED = 10_000  # rows; dryrun and pgReviewer report sorts from there on


def sort_on_disk(spot: Spot) -> Iterator[Insight]:
    """A sort that did not fit in work_mem, or will not by the planner's estimate."""
    if "Sort" not in spot.node.kind:
        return
    if "external" in str(spot.node.detail.get("Sort Method", "")):
        size = spot.number_of("Sort Space Used") * KB
        yield _sort(spot, f"sorted on disk, {human_bytes(size)}", measured=True)
    elif not spot.run and spot.node.kind == "Sort" and not _cut_short(spot):
        size = spot.node.rows * (spot.node.width + ROW)
        if size > spot.facts.bytes("work_mem", WORK_MEM):
            yield _sort(spot, f"is expected to sort {human_bytes(size)}, more than work_mem, on disk", measured=False)


def _sort(spot: Spot, what: str, *, measured: bool) -> Insight:
    keys = ", ".join(str(key) for key in spot.node.detail.get("Sort Key", ()))
    helps = f"an index that gives the order ({keys})" if keys else "an index that gives the order"
    return Insight(
        "memory.sort", "medium", spot.number, what,
        f"{helps}, fewer rows or columns to sort, or more work_mem for this query", measured=measured,
    )  # fmt: skip


def _cut_short(spot: Spot) -> bool:
    """Under a LIMIT only the best rows are kept in memory, by each worker of its own."""
    above = [each.kind for each in spot.above if each.kind not in PASSING]
    return above[:1] == ["Limit"]


def hash_on_disk(spot: Spot) -> Iterator[Insight]:
    """A hash table that did not fit in work_mem times hash_mem_multiplier, and went to disk in batches."""
    batches = spot.number_of("Hash Batches") or spot.number_of("HashAgg Batches") or spot.number_of("Batches")
    if batches > 1:
        what = f"its hash table went to disk in {count(batches)} batches"
        yield _hash(spot, what, measured=True)
    elif not spot.run and _hashes(spot):
        size = spot.node.rows * (spot.node.width + HASHED_ROW)
        if size > _room(spot):
            yield _hash(spot, f"its hash table is expected to take {human_bytes(size)} and go to disk", measured=False)


def _hashes(spot: Spot) -> bool:
    return spot.node.kind == "Hash" or spot.node.detail.get("Strategy") == "Hashed" or spot.node.kind == "HashAggregate"


def _room(spot: Spot) -> float:
    multiplier = float(spot.facts.settings.get("hash_mem_multiplier", HASH_MULTIPLIER))
    return spot.facts.bytes("work_mem", WORK_MEM) * multiplier


def _hash(spot: Spot, what: str, *, measured: bool) -> Insight:
    helps = "more work_mem or hash_mem_multiplier for this query, or fewer rows and columns below it"
    return Insight("memory.hash", "medium", spot.number, what, helps, measured=measured)


def sort_without_index(spot: Spot) -> Iterator[Insight]:
    """Many rows of one table are sorted to return the first few."""
    if spot.node.kind != "Sort" or not _cut_short(spot) or not spot.node.children:
        return
    below = spot.node.children[0]
    whole = below.rows if spot.above[0].kind == "Limit" else spot.above[0].rows  # of all workers together
    rows = float(below.detail.get("Actual Rows", 0)) if spot.run else whole
    if below.relation is None or rows < MANY_SORTED:
        return
    keys = ", ".join(str(key) for key in spot.node.detail.get("Sort Key", ()))
    yield Insight(
        "memory.sort-for-limit", "medium", spot.number,
        f"sorts {rows_of(rows)} of {below.relation.name} to return the first of them",
        f"an index with the filter's equality columns, then ({keys})" if keys else "an index in the order asked for",
        measured=spot.run,
    )  # fmt: skip


RULES = (sort_on_disk, hash_on_disk, sort_without_index)
