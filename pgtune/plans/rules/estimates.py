"""Estimates: where the planner was wrong, and on what its guesses rest."""

from collections.abc import Iterator

from pgtune.plans.insight import Insight
from pgtune.plans.plan import Node
from pgtune.plans.spot import Spot
from pgtune.plans.words import count, listed, rows_of, times

# pev2 and depesz colour estimates that are 10, 100 and 1,000 times off.
OFF, FAR_OFF = 10, 100
FEW = 100  # rows; being wrong about fewer changes no plan


def misestimate(spot: Spot) -> Iterator[Insight]:
    """Far more or far fewer rows than expected, where the error begins: what is below was right."""
    if not spot.run or spot.number_of("Actual Loops") < 1:
        return
    factor, real, expected = _off(spot.node)
    # a node that was not read to its end (under a LIMIT, or in a merge join) has fewer rows than it could have
    if factor < OFF or max(real, expected) < FEW or (real < expected and _cut_short(spot)):
        return
    if any(_off(child)[0] >= OFF for child in spot.node.children):
        return
    which = "more" if real > expected else "fewer"
    yield Insight(
        "estimate.rows", "high" if factor >= FAR_OFF else "medium", spot.number,
        f"{times(factor)} {which} rows than expected: {count(real)} for {count(expected)}",
        _better(spot), measured=True,
    )  # fmt: skip


def _off(node: Node) -> tuple[float, float, float]:
    real = max(1.0, float(node.detail.get("Actual Rows", 0)))
    expected = max(1.0, node.rows)
    if not node.detail.get("Actual Loops"):
        return 1.0, real, expected
    return max(real / expected, expected / real), real, expected


def _cut_short(spot: Spot) -> bool:
    return any(each.kind in {"Limit", "Merge Join", "Nested Loop"} for each in spot.above)


def _better(spot: Spot) -> str:
    if spot.node.relation is None:
        return "ANALYZE the tables below; CREATE STATISTICS on columns that are joined or grouped together"
    found = [each for label in ("Filter", "Index Cond", "Recheck Cond") for each in spot.predicates(label)]
    columns = list(dict.fromkeys(each.term.sql for each in found))
    plain = [each.term.column for each in found if each.term.column]
    if len(set(plain)) > 1:
        names = ", ".join(dict.fromkeys(plain))
        return f"ANALYZE {spot.name}; then CREATE STATISTICS ON {names} FROM {spot.name}: they may depend on each other"
    target = f"a higher statistics target for {columns[0]}" if plain else f"CREATE STATISTICS ON ({listed(columns)})"
    return f"ANALYZE {spot.name}; then {target}" if columns else f"ANALYZE {spot.name}"


def never_analysed(spot: Spot) -> Iterator[Insight]:
    """The planner guesses at a table of which it has no statistics."""
    table = spot.table
    if table is None or not table.statistics_readable or table.pages < 2 or table.kind not in {"r", "m"}:
        return
    if table.rows < 0 or not any(column.stats for column in table.columns):
        yield Insight(
            "estimate.no-statistics", "high", spot.number, f"{spot.name} has no statistics: every estimate is a guess",
            f"ANALYZE {spot.name}",
        )  # fmt: skip


def stale(spot: Spot) -> Iterator[Insight]:
    """A table changed more since its last ANALYZE than autovacuum is set to bear."""
    usage = spot.table.usage if spot.table else None
    if spot.table is None or usage is None or spot.table.rows < FEW:
        return
    # PostgreSQL's defaults: a tenth of the table and 50 rows
    allowed = float(spot.facts.settings.get("autovacuum_analyze_scale_factor", "0.1")) * spot.table.rows
    allowed += float(spot.facts.settings.get("autovacuum_analyze_threshold", "50"))
    if usage.modified > 2 * allowed:
        yield Insight(
            "estimate.stale", "low", spot.number,
            f"{rows_of(usage.modified)} of {spot.name} changed since its last ANALYZE, of {count(spot.table.rows)}",
            f"ANALYZE {spot.name}, and see why autovacuum does not get to it",
        )  # fmt: skip


RULES = (misestimate, never_analysed, stale)
