"""Indexes that may not be worth their upkeep: unused, duplicate, redundant. They are reported, never dropped."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from pgtune.maintenance.policy import Policy
from pgtune.maintenance.reindex import BTREE, INDEX
from pgtune.maintenance.rows import Index
from pgtune.maintenance.work import Spare, Surplus

DAY = 86400.0


def spares(of_table: Sequence[Index], policy: Policy, database: str, block: int, counted: float) -> Iterator[Spare]:
    """The spare indexes of one table; `counted` is for how many seconds scans have been counted."""
    usable = [index for index in of_table if _reportable(index)]
    found: set[int] = set()
    rivals = usable if _share_a_beginning(usable) else []
    for spare in (*_duplicates(rivals, database, block), *_redundant(rivals, database, block)):
        if spare.index.oid not in found:
            found.add(spare.index.oid)
            yield spare
    for index in usable:
        if index.oid not in found and _unused(index, policy, block, counted):
            yield _spare(Surplus.UNUSED, database, index, block, f"no scan in {counted / DAY:.0f} days on this server")


def _reportable(index: Index) -> bool:
    return index.valid and index.kind == INDEX and not (index.system or index.temporary or index.attached)


def _share_a_beginning(indexes: Sequence[Index]) -> bool:
    """Whether any two begin with the same column; else no two can stand in for each other. Cheap, for sifting."""
    return len({index.columns.partition(" ")[0] for index in indexes}) < len(indexes)


def _needed(index: Index) -> bool:
    """Whether the index does more than serve queries."""
    return index.is_unique or index.exclusion or index.identity or index.constraint_name is not None


def _duplicates(indexes: Sequence[Index], database: str, block: int) -> Iterator[Spare]:
    alike: dict[tuple[object, ...], list[Index]] = defaultdict(list)
    for index in indexes:
        alike[index.definition].append(index)
    for group in alike.values():
        kept, *others = sorted(group, key=_worth)
        for other in others:
            if not _needed(other):
                yield _spare(Surplus.DUPLICATE, database, other, block, f"the same as {kept.name}", kept)


def _worth(index: Index) -> tuple[bool, bool, int, int]:
    """The one to keep comes first: what rests on it, unique, most scanned, oldest."""
    return index.constraint_name is None and not index.identity, not index.is_unique, -index.scans, index.oid


def _redundant(indexes: Sequence[Index], database: str, block: int) -> Iterator[Spare]:
    btrees = [index for index in indexes if index.method == BTREE and index.expressions is None]
    for index in btrees:
        wider = next((other for other in btrees if _begins(index, other)), None)
        if wider is not None and not _needed(index):
            yield _spare(Surplus.REDUNDANT, database, index, block, f"its columns begin those of {wider.name}", wider)


def _begins(index: Index, other: Index) -> bool:
    """Whether `other` serves every search that `index` serves: its first keys are the index's, in the same order."""
    columns, wider = index.columns.split(), other.columns.split()
    keys = index.keys
    if index.oid == other.oid or index.predicate != other.predicate or keys >= other.keys:
        return False
    if columns[:keys] != wider[:keys] or not set(columns[keys:]) <= set(wider):
        return False
    vectors = ((index.classes, other.classes), (index.collations, other.collations), (index.orders, other.orders))
    return all(own.split()[:keys] == others.split()[:keys] for own, others in vectors)


def _unused(index: Index, policy: Policy, block: int, counted: float) -> bool:
    enough = counted >= policy.unused_seconds and index.pages * block >= policy.unused_bytes
    return enough and index.scans == 0 and not _needed(index)


def _spare(surplus: Surplus, database: str, index: Index, block: int, why: str, instead: Index | None = None) -> Spare:
    kept = instead.relation if instead else None
    return Spare(surplus, database, index.relation, index.table, why, index.pages * block, kept)
