"""Locks that are held longer than their own statement needs."""

from collections.abc import Iterator

from pgtune.model.name import Name
from pgtune.review.amount import CHANGES, touched
from pgtune.review.rule import Remark, Rule
from pgtune.review.scene import MODES, STRONG
from pgtune.review.step import Step, asked_of

HELD = Rule(
    code="migration.lock-held",
    severity="error",
    title="A strong lock is held while something long is done to another table",
    why="""\
Locks are held until the transaction ends. A quick ALTER TABLE that is followed by a backfill, a scan or an index build
in the same transaction stops its table for all of that time.""",
    remedy="""\
Put the long work into a migration of its own, or before the lock; keep what needs ACCESS EXCLUSIVE at the end and
short.""",
    wrong="""\
BEGIN;
ALTER TABLE customers ADD COLUMN region text;
CREATE INDEX orders_customer_idx ON orders (customer_id);
COMMIT;""",
    right="""\
BEGIN;
ALTER TABLE customers ADD COLUMN region text;
COMMIT;
CREATE INDEX CONCURRENTLY orders_customer_idx ON orders (customer_id);""",
    source="documentation, 13.3.1",
    known_as=("eugene E4", "strong_migrations backfilling data"),
    once=True,
)

MERGE = Rule(
    code="migration.merge",
    severity="warning",
    title="A table is read or written anew more than once",
    why="""\
Each ALTER TABLE that rewrites or tests all rows passes over the table once, under its lock; the commands of one ALTER
TABLE share a pass.""",
    remedy="One ALTER TABLE with all the commands.",
    wrong="""\
ALTER TABLE orders ALTER COLUMN total TYPE bigint;
ALTER TABLE orders ALTER COLUMN tax TYPE bigint;""",
    right="ALTER TABLE orders ALTER COLUMN total TYPE bigint, ALTER COLUMN tax TYPE bigint;",
    source="documentation, ALTER TABLE, Description and Notes",
    known_as=("eugene W12",),
    once=True,
)


def held(step: Step) -> Iterator[Remark]:
    """Long work while a strong lock of an earlier statement of the transaction stops another table, or this one."""
    if not step.scene.began or STRONG.isdisjoint(step.scene.held.values()):
        return
    work = touched(step)
    if work is None:
        return
    own = {each.table: MODES.index(each.mode) for each in step.does.locks if not each.index}
    stopped = [
        (table, mode)
        for table, mode in step.scene.held.items()
        if mode in STRONG
        and step.old(table)
        and own.get(table, -1) < MODES.index(mode)
        and (table != step.relation or step.kind in CHANGES)  # else the rule of the statement itself says it
    ]
    if not stopped:
        return
    table, mode = max(stopped, key=lambda each: (MODES.index(each[1]), step.scene.pages(each[0]) or 0))
    line = _taken(step, table, mode)
    yield Remark(
        work.severity,
        f"{mode} on {step.called(table)}, taken in line {line}, is held while this {work.words}{step.aside}",
        "the long work in a migration of its own, before or after",
        verified=work.known,
    )


def _taken(step: Step, table: Name, mode: str) -> int:
    """The line of the last statement that took the lock."""
    for each in reversed(step.before):
        if any(lock.table == table and lock.mode == mode and not lock.index for lock in each.does.locks):
            return each.sql.line
    return step.sql.line


@asked_of("AlterTableStmt")
def merge(step: Step) -> Iterator[Remark]:
    """A second ALTER TABLE that passes over the same table under a lock."""
    if not _passes(step):
        return
    first = next((each for each in step.before if _passes(each) and each.relation == step.relation), None)
    severity = step.graveness(step.relation)
    if first is not None and severity is not None:
        yield Remark(
            "warning" if severity == "error" else "note",
            f"{step.shown(step.relation)} is passed over again, as by line {first.sql.line}{step.aside}",
            "both in one ALTER TABLE: one pass",
            verified=step.sized(step.relation),
        )


def _passes(step: Step) -> bool:
    """True if all rows are read or written under a strong lock."""
    if not step.commands or not step.old(step.relation) or not step.relation_scanned:
        return False
    return any(each.table == step.relation and each.mode in STRONG for each in step.does.locks)


RULES = ((HELD, held), (MERGE, merge))
