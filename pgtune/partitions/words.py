"""Why a table should be partitioned, and what that changes, in sentences."""

from collections.abc import Sequence

from pgtune.model.design import Scheme
from pgtune.model.units import human_bytes
from pgtune.partitions import obstacles
from pgtune.partitions.advice import Effect
from pgtune.partitions.candidates import Candidate, Use
from pgtune.partitions.scale import Period
from pgtune.snapshot.snapshot import Snapshot

FEW_SCANNED = 0.5  # a plan that reads at most so many of the partitions is served by the key


def percent(part: float, whole: float) -> str:
    """A part of a whole in percent."""
    return f"{100 * part / whole:.0f} %" if whole else "0 %"


def why(use: Use, candidate: Candidate, period: Period | None, scheme: Scheme, effects: Sequence[Effect]) -> str:
    """What the table is, what the workload asks of it, and what partitions do for that."""
    table, key = use.table, scheme.key[0]
    size = (table.pages + table.toast_pages) * 8192
    pruned = [each for each in effects if each.scanned <= FEW_SCANNED * len(scheme.partitions)]
    cost = sum(each.weight * each.cost_before for each in effects)
    served = sum(each.weight * each.cost_before for each in pruned)
    whole = f"{table.rows:,.0f} rows, {human_bytes(size)}"
    asked = f"{len(pruned)} of {len(effects)} statements on it, {percent(served, cost)} of their cost, name {key}"
    sentences = [f"{whole}; {asked}", _parts(scheme, period, size)]
    if candidate.asked.retention:
        sentences.append(f"{_old(candidate)} become DROP TABLE of a partition: no dead rows, no vacuum, no bloat")
    sentences.append(f"the house guide: {scheme.strategy} for {candidate.term}")
    return "; ".join(sentences)


def _old(candidate: Candidate) -> str:
    retention = candidate.asked.retention
    return (
        f"deletes of what is older than {retention.interval}"
        if retention and retention.interval
        else "deletes of old rows"
    )


def _parts(scheme: Scheme, period: Period | None, size: int) -> str:
    largest = max(part.share for part in scheme.partitions)
    each = f"one a {period}" if period and period.unit else f"of {period} each" if period else "of equal size"
    if scheme.strategy == "list":
        each = "one a value"
    return f"{len(scheme.partitions)} partitions, {each}, the largest {human_bytes(largest * size)}"


def consequences(snapshot: Snapshot, use: Use, scheme: Scheme, unknown: int = 0) -> tuple[str, ...]:
    """What somebody has to know before: keys, uniqueness, foreign keys, views, statements without the key.

    `unknown` is how many statements on the table could not be planned.
    """
    table, key = use.table, scheme.key[0]
    found = []
    if not table.primary_key:
        found.append("the table has no primary key: rows that change while it is copied are repeated one by one")
    elif key not in table.primary_key:
        columns = ", ".join(table.primary_key)
        found += [
            f"the primary key becomes ({columns}, {key}): only its sequence or the application keeps {columns} unique",
            f"ON CONFLICT ({columns}) must become ON CONFLICT ({columns}, {key})",
            f"no foreign key can point to ({columns}) any more; today none does",
        ]
    outgoing = [each.name for each in table.foreign_keys]
    if outgoing:
        found.append(f"its foreign keys are kept ({', '.join(outgoing)}), checked while others write")
    pointing = sorted({str(each.table) for each in obstacles.pointing_to(snapshot, table)})
    if pointing:
        found.append(f"the foreign keys of {', '.join(pointing)} are made anew to point to the partitioned table")
    views = [each.name for each in obstacles.views(snapshot, table)]
    if views:
        found.append(f"the views {', '.join(views)} are made anew in the moment of the swap")
    found.append(f"a statement that does not name {key} plans and reads every partition")
    if snapshot.masked and scheme.strategy != "hash":
        found.append("the snapshot is masked, so the bounds are made up: take them from one that is not")
    if unknown:
        found.append(f"{unknown} of the statements on it could not be planned: what becomes of them is unknown")
    found.append("new indexes on the live table: CONCURRENTLY on each partition, then attached")
    return tuple(found)
