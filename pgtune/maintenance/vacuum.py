"""Which tables need VACUUM: dead rows, rows inserted, pages that are not all-visible, the age of the oldest ids."""

from collections.abc import Iterator
from typing import NamedTuple

from pgtune.maintenance.need import Need, number, percent
from pgtune.maintenance.policy import Policy
from pgtune.maintenance.rows import Table
from pgtune.maintenance.thresholds import Thresholds
from pgtune.maintenance.work import Urgency


class _Part(NamedTuple):
    """The table's heap or its TOAST: one set of counters, `called` as the reasons name it."""

    called: str
    pages: int
    rows: float
    visible: int
    frozen: int
    live: int
    dead: int
    inserted: int
    xid_age: int
    mxid_age: int
    thresholds: Thresholds

    @property
    def hidden(self) -> int:
        """Pages that an index-only scan has to visit."""
        return max(self.pages - self.visible, 0)


class Floor(NamedTuple):
    """What a table without storage parameters has to reach to be looked at at all: most of them never do."""

    dead: float
    inserted: float
    hidden: float
    xid_age: float
    mxid_age: float

    def under(self, table: Table) -> bool:
        """Whether the table and its TOAST table are quiet: nothing of theirs reaches anything."""
        return (
            table.dead < self.dead and table.inserted < self.inserted and table.pages - table.visible < self.hidden
            and table.xid_age < self.xid_age and table.mxid_age < self.mxid_age and not table.options
            and (table.toast is None or self._under_toast(table))
        )  # fmt: skip

    def _under_toast(self, table: Table) -> bool:
        return (
            (table.toast_dead or 0) < self.dead and (table.toast_inserted or 0) < self.inserted
            and (table.toast_pages or 0) - (table.toast_visible or 0) < self.hidden
            and (table.toast_xid_age or 0) < self.xid_age and (table.toast_mxid_age or 0) < self.mxid_age
            and not table.toast_options
        )  # fmt: skip


def floor(policy: Policy, thresholds: Thresholds, block: int) -> Floor:
    """The least of everything, by the server's settings."""
    share = policy.xid_age_share
    return Floor(
        min(policy.dead_rows, thresholds.dead(0)), thresholds.inserted(0), policy.not_visible_bytes / block,
        share * thresholds.xids, share * thresholds.mxids,
    )  # fmt: skip


def need(table: Table, policy: Policy, thresholds: Thresholds, block: int) -> Need | None:
    """What the table needs, None if nothing; `block` is the server's page size in bytes.

    A VACUUM of the table passes over its TOAST table too, so the needs of both are one.
    """
    parts = list(_parts(table, thresholds))
    reasons = [reason for part in parts for reason in _reasons(part, policy, block)]
    old = [part for part in parts if _old(part, policy)]
    if not reasons and not old:
        return None
    return Need(
        table,
        (*(_age(part) for part in old), *reasons),
        dead=sum(part.dead for part in parts),
        hidden=sum(part.hidden for part in parts),
        freeze=bool(old),
        urgency=_urgency(old, policy),
    )


def _parts(table: Table, settings: Thresholds) -> Iterator[_Part]:
    yield _Part(
        "", table.pages, table.rows, table.visible, table.frozen, table.live, table.dead, table.inserted,
        table.xid_age, table.mxid_age, settings.of(table.options) if table.options else settings,
    )  # fmt: skip
    if table.toast is not None:
        own = settings.of(table.toast_options, table.options) if table.toast_options or table.options else settings
        yield _Part(
            " of its TOAST", table.toast_pages or 0, table.toast_rows or 0, table.toast_visible or 0,
            table.toast_frozen or 0, table.toast_live or 0, table.toast_dead or 0, table.toast_inserted or 0,
            table.toast_xid_age or 0, table.toast_mxid_age or 0, own,
        )  # fmt: skip


def _reasons(part: _Part, policy: Policy, block: int) -> Iterator[str]:
    dead = _dead(part, policy)
    if dead:
        yield dead
    if part.inserted >= (limit := _insert_limit(part)):
        yield f"{number(part.inserted)} rows{part.called} inserted since its last VACUUM, autovacuum's {number(limit)}"
    if part.hidden * block >= max(policy.not_visible_bytes, part.pages * block * policy.not_visible_share):
        share = percent(part.hidden / part.pages)
        yield f"{share} of {number(part.pages)} pages{part.called} not all-visible, which index-only scans visit"


def _insert_limit(part: _Part) -> float:
    """Autovacuum's threshold for inserts; from 18 on it counts only pages not frozen yet (documentation, 24.1.6)."""
    unfrozen = 1 - part.frozen / part.pages if part.pages else 1.0
    return part.thresholds.inserted(part.rows * min(max(unfrozen, 0.0), 1.0))


def _dead(part: _Part, policy: Policy) -> str | None:
    """The ratio of the guide or autovacuum's own threshold, whichever is reached first."""
    if part.dead < policy.dead_rows and part.dead < part.thresholds.dead(part.rows):
        return None
    ratio = part.dead / max(part.live, 1)
    if part.dead >= policy.dead_rows and ratio >= policy.dead_row_ratio:
        return f"{number(part.dead)} dead rows{part.called} to {number(part.live)} live ones"
    limit = part.thresholds.dead(part.rows)
    if part.dead and part.dead >= limit:
        return f"{number(part.dead)} dead rows{part.called}, autovacuum's threshold is {number(limit)}"
    return None


def _old(part: _Part, policy: Policy) -> bool:
    share = policy.xid_age_share
    return part.xid_age >= share * part.thresholds.xids or part.mxid_age >= share * part.thresholds.mxids


def _age(part: _Part) -> str:
    if part.xid_age / part.thresholds.xids >= part.mxid_age / part.thresholds.mxids:
        what, age, limit = "transaction id", part.xid_age, part.thresholds.xids
    else:
        what, age, limit = "multixact", part.mxid_age, part.thresholds.mxids
    return f"oldest {what}{part.called} is {number(age)} back, autovacuum freezes at {number(limit)}"


def _urgency(old: list[_Part], policy: Policy) -> Urgency:
    """Past the alarm a person should look too; past autovacuum's own age freezing goes before better-paid work."""
    if any(max(part.xid_age, part.mxid_age) >= policy.xid_age_alarm for part in old):
        return Urgency.ALARM
    if any(part.xid_age >= part.thresholds.xids or part.mxid_age >= part.thresholds.mxids for part in old):
        return Urgency.AGE
    return Urgency.ORDINARY
