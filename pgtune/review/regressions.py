"""What a change's migrations do to the queries that production is asked: planned before and after, and compared."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pgtune.model.errors import NotSql
from pgtune.model.name import Name
from pgtune.model.trace import Effect, Trace
from pgtune.plans.plan import Plan
from pgtune.plans.rules.scans import BIG_PAGES, SOME_PAGES
from pgtune.plans.words import cost, times
from pgtune.review.rule import Remark, Rule
from pgtune.review.step import commands
from pgtune.sources.project import Migration, Sql
from pgtune.sqltext.raw import NOTHING, statement
from pgtune.workload.statement import Statement

# The planner reckons a page read at random as 1.1 to 4 pages in sequence (random_page_cost, the guide's and the
# default): a plan that is dearer by less than that spread may be no worse at all.
DEARER = 4.0
FAR_DEARER = 10.0  # beyond what any setting of the planner explains
QUOTED = 70  # characters of a query in a message
# What code that is there already may no longer find: the parser's names of statements and of ALTER TABLE's commands.
TAKES = frozenset({"DropStmt", "RenameStmt", "AlterObjectSchemaStmt", "AT_DropColumn", "AT_AlterColumnType"})
NO_TABLE: dict[str, str] = {}
PLACES = 3  # files and lines in a message

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

    `text` is the query as it may be shown; `where` its file and line, if it stands in the project's own code.
    """

    statement: Statement
    text: str
    before: Plan
    after: Plan | None
    why: str = ""
    where: str = ""

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
    found = worse(compared)
    done = tuple(_done(migrations, traces)) if found else ()
    for each in found:
        sql = _cause(each, done)
        if sql is not None:
            blamed.setdefault((sql, each.after is None), []).append(each)
    for (sql, broken), queries in blamed.items():
        yield (sql, BREAKS, _breaks(queries)) if broken else (sql, REGRESSION, _dearer(queries))


@dataclass(frozen=True, slots=True)
class _Done:
    """A statement of the migrations, what it did, the table that it names, whether it takes something from it."""

    sql: Sql
    effect: Effect
    table: str
    takes: bool

    def touches(self, tables: set[Name]) -> bool:
        """A lock that its transaction held already is not in its effect: then its text tells."""
        locked = (each.table for each in self.effect.locks)
        known = not tables.isdisjoint((*self.effect.rewritten, *self.effect.dropped, *locked))
        return known or any(each.name == self.table for each in tables)


def _done(migrations: Sequence[Migration], traces: Sequence[Trace | None]) -> Iterator[_Done]:
    for migration, trace in zip(migrations, traces, strict=False):
        for sql, effect in zip(migration.statements, trace.effects if trace else (), strict=False):
            try:
                read = statement(sql.text)
            except NotSql:
                read = NOTHING
            takes = read.kind in TAKES or any(each.subtype in TAKES for each in commands(read))
            yield _Done(sql, effect, str(read.node.get("relation", NO_TABLE).get("relname", "")), takes)


def _cause(compared: Compared, done: Sequence[_Done]) -> Sql | None:
    """What took an index of the plan, else the last that touched its tables; if the query broke, that took from one."""
    tables = {node.relation for node in compared.before.root.walk() if node.relation}
    for each in done:
        if any(name.name in compared.before.indexes for name in each.effect.dropped):
            return each.sql
    touching = [each for each in done if each.touches(tables)]
    taking = [each for each in touching if each.takes and compared.after is None]
    return next((each.sql for each in reversed(taking or touching)), None)


def _breaks(queries: Sequence[Compared]) -> Remark:
    first = queries[0]
    message = f"{_many(queries)} fail{'s' if len(queries) == 1 else ''} after it: {_quoted(queries)}: {first.why}"
    return Remark("error", message, _help(BREAKS))


def _dearer(queries: Sequence[Compared]) -> Remark:
    first = queries[0]
    after = first.after.cost if first.after else 0.0
    grave = first.factor >= FAR_DEARER and after >= BIG_PAGES
    message = (
        f"{_many(queries)} become{'s' if len(queries) == 1 else ''} up to {times(first.factor)} dearer, "
        f"cost {cost(first.before.cost)} → {cost(after)}: {_quoted(queries)}"
    )
    return Remark("error" if grave else "warning", message, _help(REGRESSION))


def _many(queries: Sequence[Compared]) -> str:
    if queries[0].where:
        return "1 query of the code" if len(queries) == 1 else f"{len(queries)} queries of the code"
    return "1 query that production is asked" if len(queries) == 1 else f"{len(queries)} known queries"


def _quoted(queries: Sequence[Compared]) -> str:
    """The worst of them, and where they stand in the code."""
    places = [each.where for each in queries if each.where]
    more = f" and {len(places) - PLACES} more" if len(places) > PLACES else ""
    return _short(queries[0].text) + (f" ({', '.join(places[:PLACES])}{more})" if places else "")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= QUOTED else f"{line[: QUOTED - 4].rstrip()} ..."


def _help(rule: Rule) -> str:
    return rule.remedy[:1].lower() + rule.remedy[1:].rstrip(".")
