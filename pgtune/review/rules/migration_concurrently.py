"""Statements that have a CONCURRENTLY and do not use it, or use it where it cannot work."""

import re
from collections.abc import Iterator

from pgtune.model.name import Name
from pgtune.review.rule import Remark, Rule
from pgtune.review.step import Step, asked_of
from pgtune.review.weighing import by_size
from pgtune.sqltext.raw import strings

INSIDE = Rule(
    code="migration.in-transaction",
    severity="error",
    title="A statement that cannot run in a transaction stands in one",
    why="""\
CONCURRENTLY commits in between and waits for other transactions; PostgreSQL refuses it, and VACUUM and a few others,
inside a transaction: the migration fails.""",
    remedy="A migration of its own, whose tool is told not to open a transaction.",
    wrong="""\
BEGIN;
CREATE INDEX CONCURRENTLY orders_customer_idx ON orders (customer_id);
COMMIT;""",
    right="CREATE INDEX CONCURRENTLY orders_customer_idx ON orders (customer_id);",
    source="documentation, CREATE INDEX, Building Indexes Concurrently; VACUUM, Notes",
    known_as=("squawk ban-concurrent-index-creation-in-transaction",),
)

PARTITIONED = Rule(
    code="migration.concurrently-partitioned",
    severity="error",
    title="An index is made concurrently on a partitioned table",
    why="PostgreSQL makes no index of a partitioned table concurrently, ON ONLY neither: the migration fails.",
    remedy="""\
CREATE INDEX ON ONLY the partitioned table, which is quick and leaves it invalid; CREATE INDEX CONCURRENTLY on each
partition; ALTER INDEX ... ATTACH PARTITION for each, and the last makes it valid. On a new table no CONCURRENTLY.""",
    wrong="""\
CREATE TABLE events (id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE INDEX CONCURRENTLY events_at_idx ON events (at);""",
    right="""\
CREATE TABLE events (id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE INDEX events_at_idx ON events (at);""",
    source="documentation, CREATE INDEX, Building Indexes Concurrently",
)

DROP = Rule(
    code="migration.drop-index",
    severity="warning",
    title="An index is dropped under ACCESS EXCLUSIVE on its table",
    why="""\
DROP INDEX is quick itself, but it waits for every running query of the table, and everybody who comes later waits
behind it.""",
    remedy="DROP INDEX CONCURRENTLY, outside a transaction.",
    wrong="DROP INDEX orders_old_idx;",
    right="DROP INDEX CONCURRENTLY orders_old_idx;",
    source="documentation, DROP INDEX",
    known_as=("squawk require-concurrent-index-deletion", "strong_migrations removing an index", "pgrubic US019"),
)

REINDEX = Rule(
    code="migration.reindex",
    severity="error",
    title="An index is rebuilt while writers wait",
    why="""\
REINDEX holds SHARE on the table and ACCESS EXCLUSIVE on the index: writers wait, and so does every query whose
planning looks at that index, which is nearly every query of the table.""",
    remedy="REINDEX ... CONCURRENTLY, outside a transaction; `pgtune maintain` does it in a window and cleans up.",
    wrong="REINDEX TABLE orders;",
    right="REINDEX TABLE CONCURRENTLY orders;",
    source="documentation, REINDEX, Notes and Rebuilding Indexes Concurrently",
    known_as=("squawk require-concurrent-reindex", "pgrubic US020"),
)

DETACH = Rule(
    code="migration.detach",
    severity="warning",
    title="A partition is detached under ACCESS EXCLUSIVE on the whole partitioned table",
    why="It waits for every running query of any partition, and everybody who comes later waits behind it.",
    remedy="DETACH PARTITION ... CONCURRENTLY, outside a transaction; not while there is a DEFAULT partition.",
    wrong="ALTER TABLE events DETACH PARTITION events_2020;",
    right="ALTER TABLE events DETACH PARTITION events_2020 CONCURRENTLY;",
    source="documentation, ALTER TABLE, DETACH PARTITION",
    known_as=("squawk require-concurrent-partition-detach", "pgrubic US027"),
)

REFRESH = Rule(
    code="migration.refresh",
    severity="error",
    title="A materialised view is refreshed while its readers wait",
    why="REFRESH holds ACCESS EXCLUSIVE on the view for as long as its query takes.",
    remedy="REFRESH MATERIALIZED VIEW CONCURRENTLY, for which the view needs a unique index on plain columns.",
    wrong="REFRESH MATERIALIZED VIEW sales_by_day;",
    right="REFRESH MATERIALIZED VIEW CONCURRENTLY sales_by_day;",
    source="documentation, REFRESH MATERIALIZED VIEW",
    known_as=("pgrubic US028",),
)

_INDEX = re.compile(r"(\bdrop\s+index)\b", re.IGNORECASE)
_VIEW = re.compile(r"(\bmaterialized\s+view)\b", re.IGNORECASE)
_TARGET = re.compile(r"(\breindex\s+(?:\([^)]*\)\s*)?(?:index|table|schema|database|system))\b", re.IGNORECASE)
# Statements that PreventInTransactionBlock() refuses, besides those with CONCURRENTLY.
ALONE = {
    "CreatedbStmt": "CREATE DATABASE", "DropdbStmt": "DROP DATABASE", "AlterSystemStmt": "ALTER SYSTEM",
    "CreateTableSpaceStmt": "CREATE TABLESPACE", "DropTableSpaceStmt": "DROP TABLESPACE",
}  # fmt: skip


def inside(step: Step) -> Iterator[Remark]:
    """A statement that PostgreSQL refuses in a transaction, in one."""
    what = _refused(step)
    if what and step.scene.began:
        opened = "its tool runs it in one" if step.scene.began == "tool" else "BEGIN stands before it"
        yield Remark(
            "error",
            f"{what} cannot run in a transaction, and {opened}: the migration fails",
            f"a migration of its own outside a transaction{step.way_out}",
        )


@asked_of("IndexStmt")
def partitioned(step: Step) -> Iterator[Remark]:
    """CREATE INDEX CONCURRENTLY on a table that is partitioned in production, or made so before in this migration."""
    if not step.node.get("concurrent"):
        return
    table = step.scene.table(step.relation)
    made = (each for each in step.before if each.kind == "CreateStmt" and each.relation == step.relation)
    if (table and table.kind == "p") or any("partspec" in each.node for each in made):
        yield Remark(
            "error",
            f"{step.relation.name} is partitioned: PostgreSQL makes no index of it concurrently, the migration fails",
            "ON ONLY the parent, CONCURRENTLY on each partition, then ALTER INDEX ... ATTACH PARTITION",
        )


def _refused(step: Step) -> str:
    if step.kind in ALONE:
        return ALONE[step.kind]
    if step.kind == "VacuumStmt" and step.node.get("is_vacuumcmd"):
        return "VACUUM"
    detach = any(each.definition.get("concurrent") for each in step.commands if each.subtype == "AT_DetachPartition")
    named = {"IndexStmt": "CREATE INDEX", "DropStmt": "DROP INDEX"}
    if detach or (step.kind in named and step.node.get("concurrent")):
        return f"{named.get(step.kind, 'DETACH PARTITION')} CONCURRENTLY"
    return "REINDEX CONCURRENTLY" if step.kind == "ReindexStmt" and _concurrent(step) else ""


def _concurrent(step: Step) -> bool:
    return any(each["DefElem"].get("defname") == "concurrently" for each in step.node.get("params", ()))


@asked_of("DropStmt")
def drop_index(step: Step) -> Iterator[Remark]:
    """DROP INDEX of a table that was there before."""
    if step.node.get("removeType") != "OBJECT_INDEX" or step.node.get("concurrent"):
        return
    names = [strings([each]) for each in step.node.get("objects", ())]
    tables = [step.scene.of_index("" if len(each) < 2 else each[-2], each[-1]) for each in names]
    if all(table is not None and not step.old(table) for table in tables):
        return
    known = [each for each in tables if each is not None and step.old(each)]
    table = max(known, key=lambda each: step.scene.pages(each) or 0, default=Name("", ""))
    on = step.shown(table) if known else f"the table of {names[0][-1]}"
    yield from by_size(
        step, table, f"DROP INDEX waits for every query of {on}, and everybody else behind it",
        f"DROP INDEX CONCURRENTLY, outside a transaction{step.way_out}",
        _written(step, _INDEX) if len(names) == 1 else "", most="warning" if step.sized(table) else "note",
    )  # fmt: skip


@asked_of("ReindexStmt")
def reindex(step: Step) -> Iterator[Remark]:
    """REINDEX without CONCURRENTLY."""
    if _concurrent(step):
        return
    for table in step.does.scanned or (Name("", ""),):
        on = step.shown(table) if table.name else "the tables of its indexes"
        yield from by_size(
            step, table, f"REINDEX stops all writers of {on} until it is done",
            f"REINDEX ... CONCURRENTLY, outside a transaction{step.way_out}", _written(step, _TARGET),
        )  # fmt: skip


@asked_of("AlterTableStmt")
def detach(step: Step) -> Iterator[Remark]:
    """DETACH PARTITION without CONCURRENTLY."""
    for each in step.of("AT_DetachPartition"):
        if not each.definition.get("concurrent"):
            yield from by_size(
                step, step.relation, f"DETACH takes ACCESS EXCLUSIVE on all of {step.shown(step.relation)}",
                f"DETACH PARTITION ... CONCURRENTLY, outside a transaction{step.way_out}",
                f"{step.sql.text.rstrip('; ')} CONCURRENTLY;" if len(step.commands) == 1 and "--" not in step.sql.text
                else "", most="warning",
            )  # fmt: skip


@asked_of("RefreshMatViewStmt")
def refresh(step: Step) -> Iterator[Remark]:
    """REFRESH MATERIALIZED VIEW without CONCURRENTLY."""
    if not step.old(step.relation):
        return
    if not step.node.get("concurrent") and not step.node.get("skipData"):
        yield from by_size(
            step, step.relation, f"REFRESH keeps readers of {step.shown(step.relation)} waiting until it is done",
            "REFRESH MATERIALIZED VIEW CONCURRENTLY, with a unique index on the view", _written(step, _VIEW),
        )  # fmt: skip


def _written(step: Step, words: re.Pattern[str]) -> str:
    """The statement with CONCURRENTLY behind these words."""
    return words.sub(r"\1 CONCURRENTLY", step.sql.text, count=1).rstrip("; \n") + ";"


RULES = (
    (INSIDE, inside), (PARTITIONED, partitioned), (DROP, drop_index), (REINDEX, reindex), (DETACH, detach),
    (REFRESH, refresh),
)  # fmt: skip
