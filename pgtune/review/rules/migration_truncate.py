"""TRUNCATE of a table that was there before."""

from collections.abc import Iterator

from pgtune.plans.words import listed, rows_of
from pgtune.review.rule import Remark, Rule
from pgtune.review.step import Step, asked_of

RULE = Rule(
    code="migration.truncate",
    severity="error",
    title="TRUNCATE throws away all rows of a table that clients use",
    why="""\
All rows are gone when it commits, under ACCESS EXCLUSIVE, and CASCADE empties every table with a foreign key to it as
well, whatever its ON DELETE says.""",
    remedy="Name every table that is meant, without CASCADE; DELETE in batches where others go on reading.",
    wrong="TRUNCATE orders CASCADE;",
    right="DELETE FROM orders WHERE created_at < '2020-01-01';",
    source="documentation, TRUNCATE, Notes",
    known_as=("squawk ban-truncate-cascade", "pgrubic US029"),
)


@asked_of("TruncateStmt")
def check(step: Step) -> Iterator[Remark]:
    """Every TRUNCATE of tables that were there before; an error if they are known to have rows."""
    tables = [each.table for each in step.does.locks if step.old(each.table)]
    rows = [found.rows for each in tables if (found := step.scene.table(each)) is not None]
    if not tables or (len(rows) == len(tables) and not any(rows)):
        return
    known = sum(each for each in rows if each > 0)
    cascade = step.node.get("behavior") == "DROP_CASCADE"
    further = ", and CASCADE those of every table that refers to it" if cascade else ""
    lost = f", {rows_of(known)}" if known else ""
    yield Remark(
        "error" if known else "warning",
        f"all rows of {listed([step.shown(each) for each in tables])} are lost{lost}{further}",
        "name the tables that are meant, without CASCADE; DELETE where readers must go on",
        verified=bool(known),
    )
