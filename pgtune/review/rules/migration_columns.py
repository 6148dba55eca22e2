"""New columns that rewrite the table, or that cannot be added at all."""

from collections.abc import Iterator

from pgtune.review.columns import column_constraints, rewrites_for, serial, unknown_call
from pgtune.review.fixes import column_first
from pgtune.review.rule import Remark, Rule
from pgtune.review.step import Command, Step, asked_of
from pgtune.review.weighing import by_size

DEFAULT = Rule(
    code="migration.column-default",
    severity="error",
    title="A new column with a value of its own for each row rewrites the table",
    why="""\
A constant or stable default (now()) is kept in the catalog once. A volatile one (random(), gen_random_uuid()), serial,
an identity and a stored generated column are computed for each row: the table is written anew under ACCESS
EXCLUSIVE.""",
    remedy="""\
Add the column without the default, set the default for new rows, then fill the old rows in batches. A generated column
can be VIRTUAL from 18 on.""",
    wrong="ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid();",
    right="ALTER TABLE orders ADD COLUMN token uuid;",
    source="documentation, ALTER TABLE, Notes",
    known_as=(
        "squawk adding-field-with-default", "squawk adding-serial-primary-key-field", "eugene E10", "eugene E11",
        "strong_migrations adding a column with a default value",
        "strong_migrations adding an auto-incrementing column",
        "strong_migrations adding a stored generated column",
        "pgrubic US004", "pgrubic US005", "pgrubic US006", "pgrubic US011", "pgrubic US031",
    ),
)  # fmt: skip

REQUIRED = Rule(
    code="migration.required-column",
    severity="error",
    title="A required column without a default cannot be added to a table with rows",
    why="""\
Its rows would have a null in a column that forbids it: the statement fails, and with it the deployment. On an empty
test database it succeeds.""",
    remedy="""\
Give it a constant default, or add it nullable, fill it, and set NOT NULL by way of a validated check.""",
    wrong="ALTER TABLE orders ADD COLUMN channel text NOT NULL;",
    right="ALTER TABLE orders ADD COLUMN channel text NOT NULL DEFAULT 'web';",
    source="documentation, ALTER TABLE, ADD COLUMN",
    known_as=("squawk adding-required-field",),
)


@asked_of("AlterTableStmt")
def default(step: Step) -> Iterator[Remark]:
    """Each new column for which the table is rewritten."""
    for each in step.of("AT_AddColumn"):
        reason = rewrites_for(each) or _seen(step, each)
        if reason and (not step.traced or step.relation in step.does.rewritten):
            yield from by_size(
                step, step.relation,
                f"{_column(each)} rewrites {step.shown(step.relation)} under ACCESS EXCLUSIVE: {reason}",
                "the bare column first, its default for new rows next, old rows in batches",
                column_first(step, each), at=each.at,
            )  # fmt: skip


def _seen(step: Step, command: Command) -> str:
    """A function that the text does not tell to be volatile, but the rewrite that was seen does."""
    if not step.traced or step.relation not in step.does.rewritten:
        return ""
    for each in column_constraints(command.definition):
        if each.get("contype") == "CONSTR_DEFAULT" and (called := unknown_call(each.get("raw_expr", {}))):
            return f"{called}() is volatile"
    return ""


@asked_of("AlterTableStmt")
def required(step: Step) -> Iterator[Remark]:
    """Each NOT NULL column without a value for the rows that are there."""
    for each in step.of("AT_AddColumn"):
        kinds = {constraint.get("contype") for constraint in column_constraints(each.definition)}
        filled = {"CONSTR_DEFAULT", "CONSTR_IDENTITY", "CONSTR_GENERATED"}
        if not kinds & {"CONSTR_NOTNULL", "CONSTR_PRIMARY"} or kinds & filled or serial(each.definition):
            continue
        rows = getattr(step.scene.table(step.relation), "rows", None)
        if rows == 0:
            continue
        known = rows is not None and rows > 0
        yield Remark(
            "error" if known else "warning",
            f"{_column(each)} is NOT NULL and has no default: this fails "
            f"{'on the rows of' if known else 'if there is a row in'} {step.shown(step.relation)}",
            "a constant default, or nullable first, filled, then NOT NULL",
            at=step.place(each.at), verified=known,
        )  # fmt: skip


def _column(command: Command) -> str:
    return str(command.definition.get("colname", "the column"))


RULES = ((DEFAULT, default), (REQUIRED, required))
