"""A changed column type that gives the table a new file."""

from collections.abc import Iterator

from pgtune.review.retype import Retyped, retyped
from pgtune.review.rule import Remark, Rule
from pgtune.review.step import Command, Step, asked_of

RULE = Rule(
    code="migration.type-change",
    severity="error",
    title="A changed column type rewrites the table",
    why="""\
If the new type's values are not the old one's bytes, every row is written anew and every index built again, under
ACCESS EXCLUSIVE: nobody reads or writes the table until that is done. A longer varchar, varchar to text, or more
digits of numeric at the same scale change the catalog alone, and are not reported.""",
    remedy="""\
Add a column of the new type, fill it in batches while a trigger keeps it up to date, and exchange the two by name in
one short transaction.""",
    wrong="ALTER TABLE orders ALTER COLUMN total TYPE bigint;",
    right="ALTER TABLE orders ADD COLUMN total_new bigint;",
    source="documentation, ALTER TABLE, Notes; benchmarks/review/type_changes.py",
    known_as=(
        "squawk changing-column-type", "eugene E5", "eugene E10", "strong_migrations changing the type of a column",
        "pgrubic US002",
    ),
)  # fmt: skip


@asked_of("AlterTableStmt")
def check(step: Step) -> Iterator[Remark]:
    """Each changed type that rewrites the table, or that rewrites it if it was what nobody knows."""
    for each in step.of("AT_AlterColumnType"):
        change = retyped(each, step.relation, step.scene)
        if step.traced:
            touched = step.relation in step.does.rewritten and change.rewrites is not False
            if touched or _only(step, each, change):
                yield from _said(step, each, change)
        elif change.rewrites is not False:
            yield from _said(step, each, change)


def _only(step: Step, command: Command, change: Retyped) -> bool:
    """True if the table was rewritten and nothing but this command, which looked harmless, can have done it."""
    return (
        step.relation in step.does.rewritten and len(step.commands) == 1 and command in step.commands and bool(change)
    )


def _said(step: Step, command: Command, change: Retyped) -> Iterator[Remark]:
    severity = step.graveness(step.relation)
    if severity is None:
        return
    sure = step.traced or change.rewrites is True
    known = sure and step.sized(step.relation)
    of = f"from {change.old} to {change.new}" if change.old else f"to {change.new}"
    what = "rewrites" if sure else "may rewrite"
    yield Remark(
        severity if sure else "note",
        f"{command.name} {of} {what} {step.shown(step.relation)} under ACCESS EXCLUSIVE{step.aside}",
        "a new column of the new type, filled in batches, exchanged by name",
        at=step.place(command.at),
        verified=known,
    )
