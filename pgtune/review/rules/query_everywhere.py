"""UPDATE and DELETE without WHERE in code."""

from collections.abc import Iterator

from pgtune.model.finding import Severity
from pgtune.plans.rules.scans import HUGE_PAGES, SOME_PAGES
from pgtune.plans.words import rows_of
from pgtune.review.asked import Asked
from pgtune.review.rule import Remark, Rule
from pgtune.sqltext.habits import everywhere

RULE = Rule(
    code="query.no-where",
    severity="error",
    title="UPDATE or DELETE of all rows",
    why=(
        "Without WHERE every row is written anew or removed: mostly a condition that was forgotten. On a big table it "
        "is hours of work in one transaction, every row locked until its end, and the table left twice its size."
    ),
    remedy="The condition that was meant; to empty a table TRUNCATE; to change all rows, batches by key.",
    wrong="UPDATE orders SET note = NULL",
    right="UPDATE orders SET note = NULL WHERE id = $1",
    source="PostgreSQL documentation UPDATE, DELETE, 25.1.2 (Recovering Disk Space)",
    known_as=("pgrubic: GN022, GN023", "slowql: update without where"),
)


def check(asked: Asked) -> Iterator[Remark]:
    """A statement of all rows of a table that is known, or of which nothing is known."""
    if asked.sql.role == "migration" or not everywhere(asked.tree) or asked.shape.target is None:
        return
    target, verb = asked.shape.target, asked.shape.kind.upper()
    if asked.ground.snapshot is not None and target.table is None:
        return  # a temporary table, or a view
    pages, rows = asked.pages(target.table), asked.rows(target.table)
    if pages is None:
        yield Remark("warning", f"{verb} of every row of {target.name}", RULE.instead, verified=not asked.sized)
    elif pages >= SOME_PAGES and target.table:
        severity: Severity = "error" if pages >= HUGE_PAGES else "warning"
        what = f"{verb} of every row of {asked.shown(target.table)}"
        many = f", {rows_of(rows)}" if rows is not None else ""
        yield Remark(severity, what + many, RULE.instead, about=(target.table,))
