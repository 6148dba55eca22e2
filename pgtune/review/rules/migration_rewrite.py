"""Statements that give a table a new file."""

from collections.abc import Iterator

from pgtune.review.rule import Remark, Rule
from pgtune.review.step import Step
from pgtune.review.weighing import by_size

RULE = Rule(
    code="migration.rewrite",
    severity="error",
    title="A table is written anew while everybody waits",
    why="""\
VACUUM FULL, CLUSTER, SET LOGGED, SET UNLOGGED, SET TABLESPACE and SET ACCESS METHOD copy the whole table and its
indexes under ACCESS EXCLUSIVE: nobody reads or writes it, and the disk holds it twice meanwhile.""",
    remedy="""\
pg_repack or pg_squeeze rewrite beside the running traffic; a plain VACUUM gives back what matters in most cases. Where
neither will do, a window.""",
    wrong="VACUUM FULL orders;",
    right="VACUUM orders;",
    source="documentation, VACUUM; CLUSTER; ALTER TABLE, SET TABLESPACE; 24.1.2",
    known_as=(
        "squawk prefer-repack", "eugene E10", "pgrubic US017", "pgrubic US018", "pgrubic US023", "pgrubic US024",
        "pgrubic US025", "pgrubic US026",
    ),
)  # fmt: skip

WORDS = {
    "AT_SetLogged": "SET LOGGED", "AT_SetUnLogged": "SET UNLOGGED", "AT_SetTableSpace": "SET TABLESPACE",
    "AT_SetAccessMethod": "SET ACCESS METHOD",
}  # fmt: skip
KINDS = {"ClusterStmt": "CLUSTER", "VacuumStmt": "VACUUM FULL"}
HELP = "pg_repack or pg_squeeze beside the traffic, a plain VACUUM, or a window"


def check(step: Step) -> Iterator[Remark]:
    """Each table that gets a new file for another reason than a column's type or default."""
    if many := _many(step):
        yield Remark("warning", f"{many} under ACCESS EXCLUSIVE", HELP, verified=False)
    if not step.does.rewritten or step.kind in {"TruncateStmt", "RefreshMatViewStmt"} or _of_a_column(step):
        return
    words = [WORDS[each.subtype] for each in step.commands if each.subtype in WORDS]
    what = KINDS.get(step.kind) or ", ".join(words) or "the statement"
    for table in filter(step.old, step.does.rewritten):
        yield from by_size(step, table, f"{what} rewrites {step.shown(table)} under ACCESS EXCLUSIVE", HELP)


def _many(step: Step) -> str:
    """What is rewritten, in words, where the statement names no table."""
    if step.kind == "AlterTableMoveAllStmt":
        return f"ALL IN TABLESPACE moves everything in {step.node.get('orig_tablespacename')}, one after the other,"
    if step.kind == "ClusterStmt" and "relation" not in step.node:
        return "CLUSTER rewrites every table that was clustered before"
    full = step.kind == "VacuumStmt" and "full" in {each["DefElem"]["defname"] for each in step.node.get("options", ())}
    if full and "rels" not in step.node:
        return "VACUUM FULL rewrites every table"
    moved = any(each["AlterTableCmd"]["subtype"] == "AT_SetTableSpace" for each in step.node.get("cmds", ()))
    if moved and step.node.get("objtype") == "OBJECT_INDEX":
        return f"SET TABLESPACE copies the index {step.relation.name}"
    return ""


def _of_a_column(step: Step) -> bool:
    """True if a rule for columns speaks of it."""
    found = {each.subtype for each in step.commands}
    return bool(found & {"AT_AddColumn", "AT_AlterColumnType"}) and not found & WORDS.keys()
