"""Where no index is the answer: partitions that the query can do without, or statistics that the planner lacks."""

from collections.abc import Iterator

from pgtune.partitions.advice import Limits, Partitioning
from pgtune.plans.spot import PAGE
from pgtune.plans.words import cost, times
from pgtune.review.asked import Asked
from pgtune.review.rule import Remark, Rule

PARTITION = Rule(
    code="partition.missing",
    severity="note",
    title="Partitions would spare the query most of a big table",
    why=(
        "The query asks for a part of the table that is too big for an index to pay, and reads all of it. Planned on "
        "the twin with the table partitioned by that column it reads one partition or a few. One query is no reason to "
        "partition a table, but a hint: `pgtune advise` weighs all that is known to be asked."
    ),
    remedy="Partition the table by that column, if the rest of the workload gains from it too: `pgtune advise`.",
    wrong="SELECT id, value, pad FROM readings WHERE at >= '2026-03-01' AND at < '2026-04-01'",
    right="SELECT id, value, pad FROM readings WHERE id = $1",
    source="PostgreSQL documentation 5.12.1 (from which size partitions pay), 5.12.4 (pruning); the twin's costs",
)
STATISTICS = Rule(
    code="statistics.missing",
    severity="note",
    title="Columns that are compared together go together, and the planner does not know",
    why=(
        "The planner multiplies the shares of the conditions as if they had nothing to do with each other. Production "
        "returned ten times as many rows a call as that makes, by pg_stat_statements."
    ),
    remedy="CREATE STATISTICS on the columns together, and ANALYZE.",
    wrong="SELECT id FROM orders WHERE city = $1 AND country = $2",
    right="SELECT id FROM orders WHERE city = $1",
    source="PostgreSQL documentation 14.2.2 (Extended Statistics); pg_stat_statements.rows and calls",
    known_as=("pganalyze: extended statistics",),
)


def partition(asked: Asked) -> Iterator[Remark]:
    """A table that is big enough for partitions is read whole, and no index that was tried helps."""
    least = Limits().least_bytes / PAGE
    if not asked.sized or asked.plan is None or asked.shape.kind != "select":
        return
    whole = [name for name in asked.shape.tables if asked.scanned(name) and (asked.pages(name) or 0) >= least]
    if not whole or not any(each.predicates for each in asked.shape.blocks) or _indexed(asked):
        return
    found = asked.divide()
    if found is not None and found.table in whole:
        yield _partitioned(asked, found)


def _indexed(asked: Asked) -> bool:
    proof = asked.prove()
    return proof is not None and proof.clear


def _partitioned(asked: Asked, found: Partitioning) -> Remark:
    by = f"{found.scheme.strategy} of {', '.join(found.scheme.key)}{f' ({found.period})' if found.period else ''}"
    gain = f"costs {cost(found.cost_before)}, partitioned {cost(found.cost_after)}"
    what = (
        f"reads all of {asked.shown(found.table)}; with {len(found.scheme.partitions)} partitions by {by} it {gain}, "
        f"{times(found.cost_before / max(found.cost_after, 0.01))} less"
    )
    return Remark("note", what, PARTITION.instead, about=(found.table,))


def statistics(asked: Asked) -> Iterator[Remark]:
    """The very query is known to return far more rows than its plan expects."""
    snapshot = asked.ground.snapshot
    if not asked.sized or snapshot is None or all(each.text != asked.text for each in snapshot.workload):
        return
    proof = asked.prove()
    for each in proof.statistics if proof else ():
        if each.kind == "extended":
            fix = f"{each.ddl};\nANALYZE {each.table.sql};"
            yield Remark("note", each.why.rstrip("."), STATISTICS.instead, fix, about=(each.table,))
