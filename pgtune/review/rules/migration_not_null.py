"""SET NOT NULL that reads the table under ACCESS EXCLUSIVE."""

from collections.abc import Iterator

from pgtune.review.rule import Remark, Rule
from pgtune.review.step import Command, Step, asked_of
from pgtune.sqltext.parse import identifier

RULE = Rule(
    code="migration.not-null",
    severity="error",
    title="SET NOT NULL reads the whole table while everybody waits",
    why="""\
PostgreSQL reads every row for a null, under ACCESS EXCLUSIVE: nobody reads or writes the table meanwhile.""",
    remedy="""\
Add CHECK (column IS NOT NULL) NOT VALID, validate it in a transaction of its own (readers and writers go on
meanwhile), then SET NOT NULL: it trusts the valid check and reads nothing. Drop the check afterwards.""",
    wrong="ALTER TABLE orders ALTER COLUMN customer_id SET NOT NULL;",
    right="ALTER TABLE orders ADD CONSTRAINT orders_customer_id_not_null CHECK (customer_id IS NOT NULL) NOT VALID;",
    source="documentation, ALTER TABLE, SET NOT NULL",
    known_as=(
        "squawk adding-not-nullable-field", "eugene E2", "strong_migrations setting NOT NULL on an existing column",
        "pgrubic US010",
    ),
)  # fmt: skip


@asked_of("AlterTableStmt")
def check(step: Step) -> Iterator[Remark]:
    """Each SET NOT NULL, if the table was seen to be read, or if no valid check is known that makes it unnecessary."""
    if step.tested:
        for each in step.of("AT_SetNotNull"):
            severity = step.graveness(step.relation)
            if severity is not None and not _already(step, each):
                yield Remark(
                    severity,
                    f"{each.name} SET NOT NULL reads {step.shown(step.relation)} under ACCESS EXCLUSIVE{step.aside}",
                    "a CHECK that is added NOT VALID and validated in a transaction of its own, then SET NOT NULL",
                    _fix(step, each),
                    verified=step.sized(step.relation),
                )


def _already(step: Step, command: Command) -> bool:
    """True if the column is known to be NOT NULL, or proven to be by a check."""
    table = step.scene.table(step.relation)
    known = any(each.name == command.name and each.not_null for each in table.columns) if table else False
    return known or (step.relation, command.name) in step.scene.proven


def _fix(step: Step, command: Command) -> str:
    table, column = step.written(step.relation), identifier(command.name)
    name = identifier(f"{step.relation.name}_{command.name}_not_null"[:63])
    return (
        f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID;\n"
        "-- in a transaction of its own:\n"
        f"ALTER TABLE {table} VALIDATE CONSTRAINT {name};\n"
        f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;\n"
        f"ALTER TABLE {table} DROP CONSTRAINT {name};"
    )
