"""Which indexes to rebuild: bloated B-trees, invalid ones, those whose collation changed; never blindly all."""

from collections.abc import Sequence
from dataclasses import dataclass

from pgtune.maintenance import bloat
from pgtune.maintenance.bloat import Estimate
from pgtune.maintenance.need import percent
from pgtune.maintenance.policy import Policy
from pgtune.maintenance.rows import Collation, Column, Density, Index
from pgtune.maintenance.work import Urgency
from pgtune.model.units import human_bytes

BTREE = "btree"
INDEX, PARTITIONED = "i", "I"  # pg_class.relkind


@dataclass(frozen=True, slots=True)
class Rebuild:
    """An index to rebuild. `estimate` is None where its bloat is not the reason; `how` says where it comes from.

    `stale`: the estimate rests on statistics too old to trust, and an ANALYZE has to come first.
    """

    index: Index
    why: str
    estimate: Estimate | None = None
    how: str = ""
    urgency: Urgency = Urgency.ORDINARY
    stale: bool = False


def refusal(index: Index) -> str | None:
    """Why PostgreSQL will not rebuild this index concurrently, None if it will."""
    if index.system:
        return "indexes of system catalogs cannot be rebuilt concurrently"
    if index.exclusion:
        return "an exclusion constraint's index cannot be rebuilt concurrently"
    if index.kind == PARTITIONED:
        return "a partitioned index has no storage; its leaves are rebuilt one by one"
    return None


def may_be_bloated(index: Index, policy: Policy, block: int) -> bool:
    """Sift without a statistic: large enough, and not so full of rows that nothing could be won."""
    size = index.pages * block
    if index.method != BTREE or index.kind != INDEX or not index.valid or size < policy.bloat_bytes:
        return False
    return Estimate(size, bloat.least(index, block)).share >= policy.bloat_share


def bloated(index: Index, columns: Sequence[Column], size: int | None, policy: Policy, block: int) -> Rebuild | None:
    """The rebuild of a bloated index by estimate, None if it is not worth it or its columns' widths are not known.

    `size` is the index's size now, None if it was not asked for; pages and rows were counted at the same moment.
    """
    target = bloat.rebuilt(index, columns, block)
    if target is None:
        return None
    estimate = Estimate(index.pages * block, target)
    now = estimate.bytes if size is None else size
    if not worth(estimate, policy):
        return None
    stale = index.modified > index.table_rows * policy.stale_size or abs(now - estimate.bytes) > policy.stale_size * now
    return Rebuild(index, _why(estimate, "estimated"), estimate, "estimated", stale=stale)


def measured(index: Index, density: Density, block: int) -> Rebuild:
    """The same by what pgstatindex found, worth it or not."""
    estimate = bloat.measured(density, index, block)
    return Rebuild(index, _why(estimate, "measured"), estimate, "measured")


def worth(estimate: Estimate, policy: Policy) -> bool:
    """Whether a rebuild brings enough."""
    return estimate.share >= policy.bloat_share and estimate.wasted >= policy.bloat_bytes


def invalid(index: Index) -> Rebuild:
    """An index that a failed CREATE INDEX CONCURRENTLY left: no query uses it and every write maintains it."""
    more = "; should duplicate keys be the cause, it fails again and says so" if index.is_unique else ""
    return Rebuild(index, f"invalid: no query uses it, every write maintains it{more}", urgency=Urgency.DEBRIS)


def everything(index: Index) -> Rebuild:
    """The rebuild of an index because all were asked for."""
    return Rebuild(index, "all indexes were asked for")


def misordered(index: Index, collation: Collation) -> Rebuild:
    """An index whose order was made by another version of its collation: it may miss rows."""
    versions = f"{collation.recorded or 'none'} to {collation.actual or 'none'}"
    return Rebuild(index, f"collation {collation.name} changed from version {versions}: wrong answers are possible",
                   urgency=Urgency.ALARM)  # fmt: skip


def _why(estimate: Estimate, how: str) -> str:
    return f"{percent(estimate.share)} of {human_bytes(estimate.bytes)} is bloat, {how}"
