"""What a change's migrations do to the queries that production is asked: planned before and after, and compared."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pgtune.model.name import Name
from pgtune.model.trace import Effect, Trace
from pgtune.plans.plan import Plan
from pgtune.plans.rules.scans import BIG_PAGES, SOME_PAGES
from pgtune.plans.words import cost, times
from pgtune.review.rule import Remark, Rule
from pgtune.sources.project import Migration, Sql
from pgtune.workload.statement import Statement

# The planner reckons a page read at random as 1.1 to 4 pages in sequence (random_page_cost, the guide's and the
# default): a plan that is dearer by less than that spread may be no worse at all.
DEARER = 4.0
FAR_DEARER = 10.0  # beyond what any setting of the planner explains
QUOTED = 70  # characters of a query in a message

REGRESSION = Rule(
    code="migration.regression",
    severity="error",
    title="A migration makes queries that production is asked dearer",
    why="An index that falls, or a type that no longer fits one, turns lookups into scans of whole tables; the first "
    "to notice are the users.",
    remedy="Keep the index until nothing uses it, or make the one that takes its place first.",
    wrong="DROP INDEX orders_customer_id_idx;",
    right="CREATE INDEX CONCURRENTLY orders_customer_id_created_idx ON orders (customer_id, created_at);\n"
    "DROP INDEX CONCURRENTLY orders_customer_id_idx;",
    source="the planner on the twin: EXPLAIN before and after the change",
)
BREAKS = Rule(
    code="migration.breaks-query",
    severity="error",
    title="A migration breaks queries that production is asked",
    why="Until the last instance of the old code is gone, its queries fail.",
    remedy="Deploy the code that does without it first, and drop it in a later change.",
    wrong="ALTER TABLE orders DROP COLUMN total;",
    right="ALTER TABLE orders ADD COLUMN total_new numeric(12, 2);",
    source="the planner on the twin: EXPLAIN before and after the change",
)
RULES = (REGRESSION, BREAKS)


@dataclass(frozen=True, slots=True)
class Compared:
    """A query of the known workload with its plans; `after` None: it cannot be planned any more, `why` says why.

    `text` is the query as it may be shown.
    """

    statement: Statement
    text: str
    before: Plan
    after: Plan | None
    why: str = ""

    @property
    def factor(self) -> float:
        """How many times dearer it became; 0 if it broke."""
        return self.after.cost / max(self.before.cost, 0.01) if self.after else 0.0  # 0.01: the least that is shown

    @property
    def worse(self) -> bool:
        """True if it broke, or became dearer by more than the planner's own doubt and by enough to be felt."""
        if self.after is None:
            return True
        return self.factor >= DEARER and self.after.cost - self.before.cost >= SOME_PAGES


def worse(compared: Sequence[Compared]) -> tuple[Compared, ...]:
    """Those that broke or became dearer, the worst first."""
    found = [each for each in compared if each.worse]
    return tuple(sorted(found, key=lambda each: (each.after is not None, -each.factor, each.text)))


def findings(
    compared: Sequence[Compared], migrations: Sequence[Migration], traces: Sequence[Trace | None]
) -> Iterator[tuple[Sql, Rule, Remark]]:
    """One finding for each statement of the migrations that makes queries worse."""
    blamed: dict[tuple[Sql, bool], list[Compared]] = {}
    for each in worse(compared):
        sql = _cause(each, migrations, traces)
        if sql is not None:
            blamed.setdefault((sql, each.after is None), []).append(each)
    for (sql, broken), queries in blamed.items():
        yield (sql, BREAKS, _breaks(queries)) if broken else (sql, REGRESSION, _dearer(queries))


def _cause(compared: Compared, migrations: Sequence[Migration], traces: Sequence[Trace | None]) -> Sql | None:
    """The statement that took an index that the plan used, else the last that touched one of its tables."""
    touched: Sql | None = None
    tables = {node.relation for node in compared.before.root.walk() if node.relation}
    for migration, trace in zip(migrations, traces, strict=False):
        for sql, effect in zip(migration.statements, trace.effects if trace else (), strict=False):
            if any(each.name in compared.before.indexes for each in effect.dropped):
                return sql
            touched = sql if _touches(effect, tables) else touched
    return touched


def _touches(effect: Effect, tables: set[Name]) -> bool:
    locked = (each.table for each in effect.locks)
    return not tables.isdisjoint((*effect.rewritten, *effect.dropped, *locked))


def _breaks(queries: Sequence[Compared]) -> Remark:
    first = queries[0]
    message = f"{_many(queries)} fail{'s' if len(queries) == 1 else ''} after it: {_short(first.text)}: {first.why}"
    return Remark("error", message, _help(BREAKS))


def _dearer(queries: Sequence[Compared]) -> Remark:
    first = queries[0]
    after = first.after.cost if first.after else 0.0
    grave = first.factor >= FAR_DEARER and after >= BIG_PAGES
    message = (
        f"{_many(queries)} become{'s' if len(queries) == 1 else ''} up to {times(first.factor)} dearer, "
        f"cost {cost(first.before.cost)} → {cost(after)}: {_short(first.text)}"
    )
    return Remark("error" if grave else "warning", message, _help(REGRESSION))


def _many(queries: Sequence[Compared]) -> str:
    return "1 query that production is asked" if len(queries) == 1 else f"{len(queries)} known queries"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= QUOTED else f"{line[: QUOTED - 4].rstrip()} ..."


def _help(rule: Rule) -> str:
    return rule.remedy[:1].lower() + rule.remedy[1:].rstrip(".")
