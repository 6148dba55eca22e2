"""Migrations that change many rows at once."""

from collections.abc import Iterator

from pgtune.review.amount import changed
from pgtune.review.rule import Remark, Rule
from pgtune.review.step import Step, asked_of

WHOLE = Rule(
    code="migration.no-where",
    severity="error",
    title="UPDATE or DELETE without WHERE changes every row",
    why="""\
Every row is locked until the transaction ends and written anew: writers of those rows wait, the table grows by its own
size, and each standby replays it all. A DELETE without WHERE loses all rows.""",
    remedy="A WHERE that says what is meant; batches of some thousand rows, each committed, where all rows are meant.",
    wrong="UPDATE orders SET status = 'open';",
    right="UPDATE orders SET status = 'open' WHERE id = 42;",
    source="documentation, 24.1.2 Recovering Disk Space; 13.3.2 Row-Level Locks",
    known_as=("strong_migrations backfilling data", "pgrubic GN022", "pgrubic GN023"),
)

BACKFILL = Rule(
    code="migration.backfill",
    severity="error",
    title="Many rows are changed in one transaction",
    why="""\
The rows are locked until the transaction ends, VACUUM can remove nothing that died since it began, and the old
versions of the rows stay in the table as dead ones.""",
    remedy="Batches of some thousand rows by ranges of the primary key, each committed, outside the migration.",
    wrong="UPDATE orders SET status = 'open' WHERE status IS NULL;",
    right="UPDATE orders SET status = 'open' WHERE id = 42;",
    source="documentation, 24.1.2 Recovering Disk Space; the rows are the planner's estimate on the twin",
    known_as=("strong_migrations backfilling data",),
)
HELP = "batches of some thousand rows by ranges of the primary key, each committed"


@asked_of("UpdateStmt", "DeleteStmt")
def whole(step: Step) -> Iterator[Remark]:
    """UPDATE or DELETE without WHERE of a table that was there before."""
    if "whereClause" in step.node or _joined(step):
        return
    work = changed(step)
    if work is None:
        return
    deletes = step.kind == "DeleteStmt"
    yield Remark(
        work.severity, f"no WHERE: this {work.words} in one transaction{'; all rows are lost' if deletes else ''}",
        "a WHERE that says what is meant" if deletes else HELP, verified=work.known,
    )  # fmt: skip


def _joined(step: Step) -> bool:
    """UPDATE ... FROM and DELETE ... USING say by their join which rows are meant."""
    return "fromClause" in step.node or "usingClause" in step.node


@asked_of("UpdateStmt", "DeleteStmt", "MergeStmt")
def backfill(step: Step) -> Iterator[Remark]:
    """A change of many rows by the plan, or by its text one that gives a value to all rows that have none."""
    if "whereClause" not in step.node and not _joined(step) and step.kind != "MergeStmt":
        return
    work = changed(step)
    if work is not None:
        yield Remark(work.severity, f"this {work.words} in one transaction", HELP, verified=work.known)
    elif step.does.rows is None and _fills(step) and step.old(step.relation) and step.graveness(step.relation):
        yield Remark(
            "note", f"this gives a value to every row of {step.shown(step.relation)} that has none, in one transaction"
            f"{step.aside}", HELP, verified=False,
        )  # fmt: skip


def _fills(step: Step) -> bool:
    """UPDATE ... WHERE column IS NULL, which is how a new column is filled."""
    test = step.node.get("whereClause", {}).get("NullTest", {})
    return step.kind == "UpdateStmt" and test.get("nulltesttype") == "IS_NULL"


RULES = ((WHOLE, whole), (BACKFILL, backfill))
