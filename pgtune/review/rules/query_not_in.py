"""NOT IN with a subquery that may return a NULL: then it finds nothing at all."""

from collections.abc import Iterator

from pgtune.model.finding import Severity
from pgtune.plans.words import cost
from pgtune.review.asked import Asked
from pgtune.review.rule import Remark, Rule
from pgtune.sqltext.habits import NotIn, not_in
from pgtune.sqltext.rewrites.subqueries import not_exists
from pgtune.sqltext.rewrites.tree import Rewrite

RULE = Rule(
    code="query.not-in",
    severity="warning",
    title="NOT IN with a subquery that can return NULL",
    why=(
        "x NOT IN (1, NULL) is never true, for x could be the unknown value: one row with a NULL in the subquery's "
        "table and the query returns nothing, without any error. And because of that it cannot be planned as a join."
    ),
    remedy="NOT EXISTS, which asks what was meant; or AND column IS NOT NULL in the subquery.",
    wrong="SELECT id FROM customers WHERE id NOT IN (SELECT customer_id FROM events)",
    right="SELECT id FROM customers c WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.customer_id = c.id)",
    source="PostgreSQL documentation 9.24.3 (NOT IN)",
    known_as=("slowql: NOT IN with NULL", "pgrubic: not in"),
)


def check(asked: Asked) -> Iterator[Remark]:
    """Each NOT IN whose subquery returns a column that may be null."""
    for found in not_in(asked.tree):
        if not found.column or found.guarded:
            continue
        nullable = _nullable(asked, found)
        if nullable is False or (nullable is None and asked.ground.snapshot is not None):
            continue
        where = f"{found.table}.{found.column}" if found.table else found.column
        what = (
            f"{where} may be null: then this NOT IN finds nothing"
            if nullable
            else f"if {where} is ever null, this NOT IN finds nothing"
        )
        rewrite = not_exists(asked.text, asked.holder_of)
        what += _gain(asked, rewrite)
        severity: Severity = "warning" if nullable else "note"
        yield Remark(
            severity,
            what,
            RULE.instead,
            asked.spelled(rewrite) if rewrite else "",
            asked.place(found.at),
            verified=bool(nullable),
        )


def _gain(asked: Asked, rewrite: Rewrite | None) -> str:
    """What NOT EXISTS costs, where production's sizes are known and it is less."""
    after = asked.planned(rewrite.text) if rewrite and asked.sized else None
    if after is None or asked.plan is None or after.cost >= asked.plan.cost:
        return ""
    return f"; it costs {cost(asked.plan.cost)}, NOT EXISTS {cost(after.cost)}"


def _nullable(asked: Asked, found: NotIn) -> bool | None:
    """Whether the column may be null; None if nobody knows the column."""
    catalog = asked.ground.catalog
    name = catalog.resolve(found.schema, found.table) if catalog and found.table else None
    table = asked.facts.tables.get(name) if name else None
    columns = {column.name: column for column in table.columns} if table else {}
    return not columns[found.column].not_null if found.column in columns else None
