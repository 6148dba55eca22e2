"""Statistics that the planner lacks: tables to analyze, and columns whose values go together."""

from collections.abc import Iterator, Mapping, Sequence

from pgtune.indexes.advice import IndexRecommendation, StatisticsAdvice
from pgtune.indexes.facts import Facts, TableFacts
from pgtune.indexes.items import Planned
from pgtune.model.design import Name, quoted
from pgtune.snapshot.snapshot import Recorded

DEFAULT_THRESHOLD = 50.0  # autovacuum_analyze_threshold and
DEFAULT_FACTOR = 0.1  # autovacuum_analyze_scale_factor as PostgreSQL ships them
LATE = 2.0  # times what should have made autovacuum analyze
UNDERESTIMATED = 10.0  # times more rows than planned


def advise(
    facts: Facts, planned: Planned, recommendations: Sequence[IndexRecommendation]
) -> tuple[StatisticsAdvice, ...]:
    """What to analyze now, what to analyze once an index is there, and extended statistics."""
    asked = dict.fromkeys(access.table for item in planned.items for access in item.accesses)
    tables = [table for name in asked if (table := facts.table(name)) is not None]
    found = [advice for table in tables if (advice := _stale(facts, table))]
    found += _expressions(recommendations)
    found += _dependent(facts, planned)
    return tuple(found)


def _stale(facts: Facts, table: TableFacts) -> StatisticsAdvice | None:
    name, usage = table.table.name, table.table.usage
    ddl = f"ANALYZE {name.sql}"
    if not table.table.statistics_readable or table.table.kind == "f":
        return None
    if table.table.rows < 0 or (table.rows and not any(column.stats for column in table.table.columns)):
        why = "It was never analyzed: the planner guesses."
        return StatisticsAdvice(name, "analyze", (), ddl, why, "high")
    due = _setting(facts, "autovacuum_analyze_threshold", DEFAULT_THRESHOLD)
    due += _setting(facts, "autovacuum_analyze_scale_factor", DEFAULT_FACTOR) * table.rows
    if usage is not None and usage.modified > LATE * due:
        why = f"{usage.modified} rows changed since it was analyzed; autovacuum should have come at {due:.0f}."
        return StatisticsAdvice(name, "analyze", (), ddl, why, "medium")
    return None


def _setting(facts: Facts, name: str, default: float) -> float:
    try:
        return float(facts.snapshot.settings.get(name, default))
    except ValueError:
        return default


def _expressions(recommendations: Sequence[IndexRecommendation]) -> Iterator[StatisticsAdvice]:
    """An index on an expression brings statistics of it, but only ANALYZE fills them."""
    for each in recommendations:
        texts = tuple(key.expression for key in each.index.keys if key.expression)
        if texts and each.index.method == "btree":
            why = f"Once {each.index.name} is there: before, the planner knows nothing of {', '.join(texts)}."
            yield StatisticsAdvice(each.table, "expression", texts, f"ANALYZE {each.table.sql}", why, "high")


def _dependent(facts: Facts, planned: Planned) -> Iterator[StatisticsAdvice]:
    """Columns compared together in a statement that returned far more rows than the planner expects.

    The rows that pg_stat_statements counted are the evidence; where there are none nothing is said.
    """
    recorded: Mapping[str, Recorded] = {each.text: each for each in facts.snapshot.workload}
    have = {(each.table, each.columns) for each in facts.snapshot.extended}
    seen: set[tuple[Name, tuple[str, ...]]] = set()
    for item, plan in zip(planned.items, planned.plans, strict=True):
        counted = recorded.get(planned.statements[item.statement].text)
        if counted is None or not counted.calls or len(item.accesses) != 1:
            continue
        (access,) = item.accesses
        names = tuple(sorted(term.column for term in access.tested("equal") if term.column))
        actual, expected = counted.rows / counted.calls, max(plan.root.rows, 1.0)
        plain = not access.group and not access.limited and not access.extremes
        if len(names) < 2 or not plain or actual < UNDERESTIMATED * expected or (access.table, names) in have | seen:
            continue
        seen.add((access.table, names))
        yield _together(access.table, names, actual, expected)


def _together(table: Name, names: tuple[str, ...], actual: float, expected: float) -> StatisticsAdvice:
    name = quoted("_".join((table.name, *names))[:58] + "_stat")
    ddl = f"CREATE STATISTICS {name} (dependencies, ndistinct, mcv) ON {', '.join(map(quoted, names))} FROM {table.sql}"
    why = (
        f"A statement that compares {' and '.join(names)} returned {actual:.0f} rows a call where {expected:.0f} are "
        "expected: their values seem to go together. ANALYZE after it."
    )
    return StatisticsAdvice(table, "extended", names, ddl, why, "medium")
