"""SET NOT NULL that reads the table under ACCESS EXCLUSIVE."""

from collections.abc import Iterator

from pgtune.model.name import LONGEST_NAME
from pgtune.review.rule import Remark, Rule
from pgtune.review.scenes import not_null_check
from pgtune.review.step import Step, asked_of
from pgtune.review.weighing import by_size
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
    if not step.tested:
        return
    for each in step.of("AT_SetNotNull", "AT_AddConstraint"):
        column = each.name or not_null_check(each.definition)
        if each.kind and each.definition.get("contype") != "CONSTR_NOTNULL":
            continue
        if not each.definition.get("skip_validation") and not _already(step, column):
            yield from by_size(
                step, step.relation,
                f"{column} NOT NULL reads {step.shown(step.relation)} under ACCESS EXCLUSIVE",
                "a CHECK that is added NOT VALID and validated in a transaction of its own, then SET NOT NULL",
                _fix(step, column), at=each.at,
            )  # fmt: skip


def _already(step: Step, column: str) -> bool:
    """True if the column is known to be NOT NULL, or proven to be by a check."""
    table = step.scene.table(step.relation)
    known = any(each.name == column and each.not_null for each in table.columns) if table else False
    return known or (step.relation, column) in step.scene.proven


def _fix(step: Step, name: str) -> str:
    table, column = step.written(step.relation), identifier(name)
    long = f"{step.relation.name}_{name}_not_null".encode()[:LONGEST_NAME].decode(errors="ignore")
    check = identifier(long)
    return (
        f"ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID;\n"
        "-- in a transaction of its own:\n"
        f"ALTER TABLE {table} VALIDATE CONSTRAINT {check};\n"
        f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;\n"
        f"ALTER TABLE {table} DROP CONSTRAINT {check};"
    )
