"""Transactions that are opened twice, ended too early, or never ended."""

from collections.abc import Iterator

from pgtune.review.rule import Remark, Rule
from pgtune.review.scenes import ENDS
from pgtune.review.step import Step, asked_of

NESTED = Rule(
    code="migration.nested-transaction",
    severity="warning",
    title="BEGIN or COMMIT inside a transaction that is not the text's own",
    why="""\
PostgreSQL has no nested transactions: a second BEGIN is but a warning, and the COMMIT that follows ends the outer one.
What stands behind it runs unprotected, and the tool records a migration that may be half done.""",
    remedy="Leave BEGIN and COMMIT to the tool, or tell it to open none.",
    wrong="""\
BEGIN;
BEGIN;
ALTER TABLE orders ADD COLUMN note text;
COMMIT;""",
    right="""\
BEGIN;
ALTER TABLE orders ADD COLUMN note text;
COMMIT;""",
    source="documentation, BEGIN, Notes",
    known_as=("squawk transaction-nesting",),
)

OPEN = Rule(
    code="migration.uncommitted",
    severity="error",
    title="A transaction is begun and never committed",
    why="When the session ends, everything since BEGIN is undone, and until then its locks are held.",
    remedy="COMMIT at the end.",
    wrong="""\
BEGIN;
ALTER TABLE orders ADD COLUMN note text;""",
    right="""\
BEGIN;
ALTER TABLE orders ADD COLUMN note text;
COMMIT;""",
    source="documentation, BEGIN; COMMIT",
    known_as=("squawk ban-uncommitted-transaction",),
)
BEGINS = {"TRANS_STMT_BEGIN", "TRANS_STMT_START"}


@asked_of("TransactionStmt")
def nested(step: Step) -> Iterator[Remark]:
    """BEGIN where a transaction is open, and COMMIT of one that the tool has opened."""
    if not step.scene.began or step.sql.by_tool:
        return
    kind = step.node.get("kind")
    if kind in BEGINS:
        whose = f"by {step.migration.tool}" if step.scene.began == "tool" else "by an earlier BEGIN"
        yield Remark(
            "warning", f"a transaction is open already, {whose}: this BEGIN does nothing, and its COMMIT ends that one",
            f"no BEGIN and no COMMIT here{step.way_out and ', or none of the tool'}{step.way_out}",
        )  # fmt: skip
    elif kind in ENDS and step.scene.began == "tool" and not any(_begins(each) for each in step.before):
        yield Remark(
            "warning", f"this ends the transaction of {step.migration.tool}: what follows runs unprotected",
            f"leave the end to the tool{step.way_out and ', or let it open none'}{step.way_out}",
        )  # fmt: skip


def _begins(step: Step) -> bool:
    return step.kind == "TransactionStmt" and step.node.get("kind") in BEGINS


@asked_of("TransactionStmt")
def uncommitted(step: Step) -> Iterator[Remark]:
    """BEGIN with no end behind it."""
    if step.node.get("kind") not in BEGINS or step.scene.began or step.sql.by_tool:
        return
    if not any(each.kind == "TransactionStmt" and each.node.get("kind") in ENDS for each in step.later):
        yield Remark("error", "this transaction is never committed: all of it is undone when the session ends",
                     "COMMIT at the end", "COMMIT;")  # fmt: skip


RULES = ((NESTED, nested), (OPEN, uncommitted))
