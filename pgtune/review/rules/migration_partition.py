"""Partitions that are attached or made."""

from collections.abc import Iterator

from pgtune.model.name import Name
from pgtune.review.rule import Remark, Rule
from pgtune.review.step import Step, asked_of
from pgtune.review.weighing import by_size

ATTACH = Rule(
    code="migration.attach",
    severity="error",
    title="ATTACH PARTITION reads the whole table under ACCESS EXCLUSIVE",
    why="""\
PostgreSQL tests every row of the new partition against its bound, unless a valid CHECK says the same; nobody reads or
writes the table meanwhile. A DEFAULT partition is read too, for rows that would belong to the new one.""",
    remedy="""\
Add a CHECK that implies the bound, NOT VALID, and validate it in a transaction of its own; then ATTACH, and drop the
check. With a DEFAULT partition, a CHECK there that excludes the bound.""",
    wrong="ALTER TABLE events ATTACH PARTITION events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');",
    right="""\
ALTER TABLE events_2026
    ADD CONSTRAINT bound CHECK (at >= '2026-01-01' AND at < '2027-01-01' AND at IS NOT NULL) NOT VALID;
ALTER TABLE events_2026 VALIDATE CONSTRAINT bound;
ALTER TABLE events ATTACH PARTITION events_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');""",
    source="documentation, 5.12.2.2 and ALTER TABLE, ATTACH PARTITION",
)

MADE = Rule(
    code="migration.partition-of",
    severity="note",
    title="CREATE TABLE ... PARTITION OF takes ACCESS EXCLUSIVE on the partitioned table",
    why="""\
It waits for every running query of any partition, and everybody who comes later waits behind it; with a DEFAULT
partition it reads that as well.""",
    remedy="""\
CREATE TABLE (LIKE parent INCLUDING ALL), then ATTACH PARTITION, which takes SHARE UPDATE EXCLUSIVE on the parent; or
set lock_timeout and try again.""",
    wrong="CREATE TABLE events_2027 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');",
    right="""\
CREATE TABLE events_2027 (LIKE events INCLUDING ALL);
ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');""",
    source="documentation, 5.12.2.2 Partition Maintenance",
    once=True,
)


@asked_of("AlterTableStmt")
def attach(step: Step) -> Iterator[Remark]:
    """ATTACH of a table that was there before, if it was seen to be read or has no check that could prevent it."""
    for each in step.commands:
        if each.subtype != "AT_AttachPartition":
            continue
        table = step.scene.named(each.definition.get("name", {}))
        if step.old(table) and table in step.does.scanned and (step.traced or not _checked(step, table)):
            yield from by_size(
                step, table, f"ATTACH reads all of {step.shown(table)} under ACCESS EXCLUSIVE to test its bound",
                "a CHECK that implies the bound first, NOT VALID and then validated", at=each.at,
            )  # fmt: skip


def _checked(step: Step, table: Name) -> bool:
    """True if the migration has added a CHECK to the table: what it says is for the trace to find out."""
    return any(
        command.definition.get("contype") == "CONSTR_CHECK"
        for each in step.before if each.commands and each.relation == table
        for command in each.commands
    )  # fmt: skip


@asked_of("CreateStmt")
def made(step: Step) -> Iterator[Remark]:
    """A partition made directly, of a partitioned table that was there before, with no lock_timeout."""
    if "partbound" not in step.node or step.scene.timeouts:
        return
    for each in step.node.get("inhRelations", ()):
        parent = step.scene.named(each.get("RangeVar", {}))
        if step.old(parent):
            yield from by_size(
                step, parent, f"PARTITION OF takes ACCESS EXCLUSIVE on all of {step.shown(parent)}",
                "CREATE TABLE (LIKE ... INCLUDING ALL), then ATTACH PARTITION; or set lock_timeout", most="note",
            )  # fmt: skip


RULES = ((ATTACH, attach), (MADE, made))
