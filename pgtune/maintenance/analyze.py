"""Which tables need ANALYZE: never analyzed, changed since, counters lost in a crash, partitioned parents."""

from pgtune.maintenance.need import Need, number
from pgtune.maintenance.policy import Policy
from pgtune.maintenance.rows import Parent, Table
from pgtune.maintenance.thresholds import Thresholds

UNKNOWN_ROWS = -1  # pg_class.reltuples of a table that was neither vacuumed nor analyzed


def need(table: Table, thresholds: Thresholds) -> Need | None:
    """What the table needs, None if nothing. The counters of a table that was never written to since are all zero."""
    if table.analyzed is None:
        return _never(table)
    own = thresholds.of(table.options) if table.options else thresholds
    limit = own.modified(table.rows)
    if table.modified < max(limit, 1):
        return None
    reason = f"{number(table.modified)} rows changed since its last ANALYZE, autovacuum's threshold is {number(limit)}"
    return Need(table, (reason,), changed=min(table.modified / max(table.live, 1), 1.0))


def _never(table: Table) -> Need | None:
    """No ANALYZE on record: either there was none, or the record was lost (a crash resets all counters)."""
    if table.rows > 0:
        lost = f"no ANALYZE on record, though {number(table.rows)} rows were counted once: a crash or a reset lost it"
        return Need(table, (lost,), changed=1.0)
    if table.rows == 0 and table.live == 0:
        return None
    return Need(table, ("never analyzed",), changed=1.0, unsure=table.live == 0)


def parent_need(parent: Parent, thresholds: Thresholds, policy: Policy) -> tuple[str, float] | None:
    """Why a partitioned table needs ANALYZE, and the share of its rows that changed; None if it does not.

    Only the topmost table's statistics are kept up by itself: those of inner tables come with it up to 17, and queries
    seldom name them. Leaves that autovacuum analyzed since had changed by its scale factor each.
    """
    if parent.rows < policy.dead_rows or parent.inner_node:
        return None
    if parent.analyzed is None:
        return f"partitioned into {number(parent.leaves)} leaves, never analyzed; autovacuum never does it", 1.0
    limit = thresholds.modified(parent.rows)
    changed = parent.modified + parent.analyzed_rows * (thresholds.modified(1) - thresholds.modified(0))
    if changed < limit:
        return None
    return f"about {number(changed)} rows of its leaves changed since its last ANALYZE", min(changed / parent.rows, 1.0)
