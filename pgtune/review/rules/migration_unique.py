"""Constraints that build their index while everybody waits."""

from collections.abc import Iterator

from pgtune.review.columns import constraints
from pgtune.review.fixes import constraint_name, using_index
from pgtune.review.rule import Remark, Rule
from pgtune.review.step import Step, asked_of
from pgtune.review.weighing import by_size

UNIQUE = Rule(
    code="migration.unique",
    severity="error",
    title="A unique constraint or primary key builds its index while everybody waits",
    why="""\
The index is built under ACCESS EXCLUSIVE: nobody reads or writes the table until it is read and sorted. A primary key
on columns that allow nulls reads the table once more, even USING INDEX.""",
    remedy="""\
Build a unique index CONCURRENTLY, outside a transaction, and make it the constraint with USING INDEX, which is
instant. For a primary key make the columns NOT NULL first, by way of a validated check.""",
    wrong="ALTER TABLE orders ADD CONSTRAINT orders_number_key UNIQUE (number);",
    right="ALTER TABLE orders ADD CONSTRAINT orders_number_key UNIQUE USING INDEX orders_number_key;",
    source="documentation, ALTER TABLE, ADD table_constraint_using_index",
    known_as=(
        "squawk disallowed-unique-constraint", "squawk adding-serial-primary-key-field", "eugene E7", "eugene W14",
        "strong_migrations adding a unique constraint", "pgrubic US014", "pgrubic US015",
    ),
)  # fmt: skip

EXCLUDE = Rule(
    code="migration.exclude",
    severity="error",
    title="An exclusion constraint builds its index while everybody waits",
    why="""\
The index is built and every row compared under ACCESS EXCLUSIVE, and there is no NOT VALID and no CONCURRENTLY for
it.""",
    remedy="""\
A window for it, or a new table that has the constraint from the start, filled behind a trigger and exchanged by
name.""",
    wrong="ALTER TABLE bookings ADD CONSTRAINT bookings_no_overlap EXCLUDE USING gist (during WITH &&);",
    right="CREATE TABLE bookings_new (during tstzrange, EXCLUDE USING gist (during WITH &&));",
    source="documentation, ALTER TABLE, ADD table_constraint; CREATE TABLE, EXCLUDE",
    known_as=("eugene E8", "strong_migrations adding an exclusion constraint"),
)

KINDS = {"CONSTR_UNIQUE": "UNIQUE", "CONSTR_PRIMARY": "PRIMARY KEY"}


@asked_of("AlterTableStmt")
def unique(step: Step) -> Iterator[Remark]:
    """Each UNIQUE and PRIMARY KEY that builds an index, or that was seen to read the table for nulls."""
    for command in step.of("AT_AddConstraint", "AT_AddColumn"):
        for each in constraints(command):
            kind = KINDS.get(str(each.get("contype")))
            if kind is None or (each.get("indexname") and not _nulls(step, kind)):
                continue
            name, table = constraint_name(step, each), step.shown(step.relation)
            said = f"reads all of {table} for nulls" if each.get("indexname") else f"builds its index on {table}"
            yield from by_size(
                step, step.relation, f"{kind} {name} {said} under ACCESS EXCLUSIVE",
                "NOT NULL first, by way of a validated check" if each.get("indexname")
                else f"a unique index built CONCURRENTLY{step.way_out}, then USING INDEX",
                "" if each.get("indexname") else using_index(step, each), at=int(each.get("location", 0)),
            )  # fmt: skip


def _nulls(step: Step, kind: str) -> bool:
    """True if a primary key USING INDEX was seen to read the table."""
    return step.traced and kind == "PRIMARY KEY" and step.relation in step.does.scanned


@asked_of("AlterTableStmt")
def exclude(step: Step) -> Iterator[Remark]:
    """Each EXCLUDE."""
    for command in step.of("AT_AddConstraint"):
        if command.definition.get("contype") == "CONSTR_EXCLUSION":
            yield from by_size(
                step, step.relation,
                f"EXCLUDE builds its index on {step.shown(step.relation)} under ACCESS EXCLUSIVE",
                "there is no form that lets others go on: a window, or a new table exchanged by name", at=command.at,
            )  # fmt: skip


RULES = ((UNIQUE, unique), (EXCLUDE, exclude))
