"""Constraints whose validation reads a table under a strong lock."""

from collections.abc import Iterator

from pgtune.model.name import Name
from pgtune.review.columns import bare, constraints
from pgtune.review.fixes import constraint_name, not_valid
from pgtune.review.rule import Remark, Rule
from pgtune.review.step import Command, Step, asked_of
from pgtune.review.weighing import by_size
from pgtune.sqltext.raw import Node

CHECK = Rule(
    code="migration.check",
    severity="error",
    title="A new CHECK reads the whole table while everybody waits",
    why="PostgreSQL tests every row under ACCESS EXCLUSIVE: nobody reads or writes the table meanwhile.",
    remedy="""\
Add the constraint NOT VALID, which holds for new rows at once, and VALIDATE it in a transaction of its own: that takes
SHARE UPDATE EXCLUSIVE, and readers and writers go on.""",
    wrong="ALTER TABLE orders ADD CONSTRAINT orders_total_check CHECK (total >= 0);",
    right="ALTER TABLE orders ADD CONSTRAINT orders_total_check CHECK (total >= 0) NOT VALID;",
    source="documentation, ALTER TABLE, ADD table_constraint, and Notes",
    known_as=(
        "squawk constraint-missing-not-valid", "eugene E1", "strong_migrations adding a check constraint",
        "pgrubic US013",
    ),
)  # fmt: skip

FOREIGN_KEY = Rule(
    code="migration.foreign-key",
    severity="error",
    title="A new foreign key reads the whole table while writers of two tables wait",
    why="""\
PostgreSQL looks up every row under SHARE ROW EXCLUSIVE on both tables: nobody writes to either meanwhile.""",
    remedy="""\
Add the constraint NOT VALID, which holds for new rows at once, and VALIDATE it in a transaction of its own: that takes
SHARE UPDATE EXCLUSIVE on the one table and ROW SHARE on the other, and writers go on.""",
    wrong="ALTER TABLE orders ADD CONSTRAINT orders_customer_fk FOREIGN KEY (customer_id) REFERENCES customers (id);",
    right="""\
ALTER TABLE orders ADD CONSTRAINT orders_customer_fk FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;""",
    source="documentation, ALTER TABLE, ADD table_constraint, and Notes",
    known_as=(
        "squawk adding-foreign-key-constraint", "squawk constraint-missing-not-valid", "eugene E1",
        "strong_migrations adding a foreign key", "strong_migrations adding a reference", "pgrubic US012",
    ),
)  # fmt: skip

TOGETHER = Rule(
    code="migration.validate-together",
    severity="error",
    title="A constraint is validated in the transaction that adds it",
    why="""\
The lock under which the constraint was added is held until the transaction ends, so the scan of VALIDATE CONSTRAINT
keeps everybody waiting after all: NOT VALID has gained nothing.""",
    remedy="VALIDATE CONSTRAINT in a transaction of its own, in the next migration for instance.",
    wrong="""\
BEGIN;
ALTER TABLE orders ADD CONSTRAINT orders_total_check CHECK (total >= 0) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_total_check;
COMMIT;""",
    right="""\
BEGIN;
ALTER TABLE orders ADD CONSTRAINT orders_total_check CHECK (total >= 0) NOT VALID;
COMMIT;
ALTER TABLE orders VALIDATE CONSTRAINT orders_total_check;""",
    source="documentation, ALTER TABLE, Notes; 13.3.1, locks are held until the end of the transaction",
    known_as=("squawk constraint-missing-not-valid",),
)


@asked_of("AlterTableStmt")
def check(step: Step) -> Iterator[Remark]:
    """Each CHECK that is added and tested at once."""
    for command, constraint in _added(step, "CONSTR_CHECK") if step.tested else ():
        name = constraint_name(step, constraint)
        yield from by_size(
            step, step.relation,
            f"CHECK {name} is tested on all of {step.shown(step.relation)} under ACCESS EXCLUSIVE",
            "NOT VALID, then VALIDATE CONSTRAINT in a transaction of its own",
            not_valid(step, command, constraint), at=int(constraint.get("location", 0)),
        )  # fmt: skip


@asked_of("AlterTableStmt")
def foreign_key(step: Step) -> Iterator[Remark]:
    """Each foreign key that is added and looked up at once."""
    for command, constraint in _added(step, "CONSTR_FOREIGN"):
        if bare(command):
            continue
        other = step.scene.named(constraint["pktable"])
        yield from by_size(
            step, step.relation,
            f"the foreign key {constraint_name(step, constraint)} is tested on all of {step.shown(step.relation)}, "
            f"under a lock that stops all writers of it and of {step.shown(other)}",
            "NOT VALID, then VALIDATE CONSTRAINT in a transaction of its own",
            not_valid(step, command, constraint), at=int(constraint.get("location", 0)),
        )  # fmt: skip


@asked_of("AlterTableStmt")
def together(step: Step) -> Iterator[Remark]:
    """VALIDATE CONSTRAINT while the lock of its ADD is held."""
    if not step.scene.began:
        return
    for each in step.of("AT_ValidateConstraint"):
        adding = _adding(step, step.relation, each.name)
        if adding is not None:
            yield from by_size(
                step, step.relation,
                f"{each.name} is validated on all of {step.shown(step.relation)} while the lock "
                f"of line {adding.sql.line} is still held",
                "VALIDATE CONSTRAINT in a transaction of its own", at=each.at,
            )  # fmt: skip


def _added(step: Step, kind: str) -> Iterator[tuple[Command, Node]]:
    if step.commands and step.relation_scanned:
        for command in step.of("AT_AddConstraint", "AT_AddColumn"):
            for constraint in constraints(command):
                if constraint.get("contype") == kind and not constraint.get("skip_validation"):
                    yield command, constraint


def _adding(step: Step, table: Name, name: str) -> Step | None:
    """The step of the same transaction that added the constraint."""
    for each in reversed(step.before):
        if each.kind == "TransactionStmt":
            return None
        added = (command.definition.get("conname") for command in each.commands if each.relation == table)
        if name in added:
            return each
    return None


RULES = ((CHECK, check), (FOREIGN_KEY, foreign_key), (TOGETHER, together))
