"""What running clients still use is dropped or renamed."""

from collections.abc import Iterator

from pgtune.model.finding import Severity
from pgtune.plans.words import listed
from pgtune.review.rule import Remark, Rule
from pgtune.review.step import Step, asked_of
from pgtune.sqltext.raw import Node, inner, strings

DROP = Rule(
    code="migration.drop",
    severity="warning",
    title="Something that running clients may use is dropped",
    why="""\
Old and new code run side by side while a deployment goes on, and the old one still names the column, table or type.
Its data is gone for good, and a migration back brings the name only. CASCADE takes along what depends on it.""",
    remedy="""\
Expand and contract: deploy code that does not use it, see in the statistics that nobody does, then drop it, in a
migration of its own.""",
    wrong="ALTER TABLE orders DROP COLUMN note;",
    right="ALTER TABLE orders ALTER COLUMN note DROP DEFAULT;",
    source="documentation, 5.15 Dependency Tracking; ALTER TABLE, DROP COLUMN",
    known_as=(
        "squawk ban-drop-column", "squawk ban-drop-table", "squawk ban-drop-database",
        "strong_migrations removing a column", "strong_migrations creating a table with the force option",
        "pgrubic US001", "pgrubic US008", "pgrubic US009", "pgrubic US021",
    ),
)  # fmt: skip

RENAME = Rule(
    code="migration.rename",
    severity="warning",
    title="Something that running clients may use gets another name",
    why="""\
The moment it commits, every statement with the old name fails, and there is no order in which code and migration could
be deployed that avoids it.""",
    remedy="""\
A column: add the new one, write both by a trigger, move readers, then drop the old. A table: rename it and leave a
view of the old name, in one transaction. A value of an enum: add the new one, move the rows.""",
    wrong="ALTER TABLE orders RENAME COLUMN note TO remark;",
    right="""\
BEGIN;
SET LOCAL lock_timeout = '2s';
ALTER TABLE orders RENAME TO purchases;
CREATE VIEW orders AS SELECT * FROM purchases;
COMMIT;""",
    source="documentation, ALTER TABLE, RENAME; ALTER TYPE, RENAME VALUE; CREATE VIEW, Updatable Views",
    known_as=(
        "squawk renaming-column", "squawk renaming-table", "strong_migrations renaming a column",
        "strong_migrations renaming a table", "strong_migrations renaming a schema", "pgrubic US003", "pgrubic US022",
    ),
)  # fmt: skip

NULLABLE = Rule(
    code="migration.drop-not-null",
    severity="note",
    title="A column that never was null may be from now on",
    why="Code that reads the column was written for values alone, and the first null breaks it.",
    remedy="Deploy readers that take a null first.",
    wrong="ALTER TABLE orders ALTER COLUMN total DROP NOT NULL;",
    right="ALTER TABLE orders ALTER COLUMN total SET DEFAULT 0;",
    source="documentation, ALTER TABLE, DROP NOT NULL",
    known_as=("squawk ban-drop-not-null",),
    once=True,
)

# What DROP removes that code names in its statements; indexes, triggers and policies have no names there.
NAMED = {
    "OBJECT_TABLE": "table", "OBJECT_VIEW": "view", "OBJECT_MATVIEW": "materialised view", "OBJECT_SCHEMA": "schema",
    "OBJECT_TYPE": "type", "OBJECT_DOMAIN": "domain", "OBJECT_SEQUENCE": "sequence", "OBJECT_FUNCTION": "function",
    "OBJECT_PROCEDURE": "procedure", "OBJECT_FOREIGN_TABLE": "foreign table",
}  # fmt: skip
# Those that DROP and CREATE again commonly replace in one migration.
REPLACED = {"view": "ViewStmt", "materialised view": "CreateTableAsStmt", "function": "CreateFunctionStmt"}
HELP = "deploy code that does not use it first, and drop it in a later migration"


@asked_of("AlterTableStmt", "DropStmt", "DropdbStmt")
def drop(step: Step) -> Iterator[Remark]:
    """A dropped column, table, view, type, schema or database that was there before."""
    for each in step.of("AT_DropColumn"):
        yield Remark(
            "warning", f"{step.called(step.relation)}.{each.name} is dropped: code that runs may still name it", HELP,
        )  # fmt: skip
    if step.kind == "DropdbStmt":
        yield Remark("error", f"the database {step.node.get('dbname')} is dropped with all its data", HELP)
    what = NAMED.get(str(step.node.get("removeType"))) if step.kind == "DropStmt" else None
    if what is None or _made_again(step, what):
        return
    names = [strings([each]) or _of_type(each) for each in step.node.get("objects", ())]
    gone = [".".join(each) for each in names if _old(step, what, each)]
    if gone:
        rest = f", and with it {listed(step.does.cascaded)}" if step.does.cascaded else ""
        yield Remark(
            _graveness(what), f"{what} {listed(gone)} is dropped{rest}: code that runs may still name it", HELP
        )


def _graveness(what: str) -> Severity:
    return "note" if what in {"function", "procedure", "sequence"} else "warning"


def _of_type(node: Node) -> tuple[str, ...]:
    """The name under which DROP TYPE and DROP FUNCTION have it."""
    fields = inner(node)[1]
    return strings(fields.get("names") or fields.get("objname"))


def _old(step: Step, what: str, name: tuple[str, ...]) -> bool:
    if what not in {"table", "view", "materialised view"}:
        return True
    return step.old(step.scene.resolve("" if len(name) < 2 else name[-2], name[-1]))


def _made_again(step: Step, what: str) -> bool:
    """True if the migration makes such an object anew: what is dropped is replaced."""
    again = REPLACED.get(what)
    return again is not None and any(each.kind == again for each in step.later)


@asked_of("RenameStmt", "AlterEnumStmt")
def rename(step: Step) -> Iterator[Remark]:
    """A renamed column, table, type, schema or value of an enum that was there before."""
    if step.kind == "AlterEnumStmt" and step.node.get("oldVal"):
        old, new, name = step.node["oldVal"], step.node.get("newVal"), ".".join(strings(step.node["typeName"]))
        yield Remark(
            "warning", f"the value {old!r} of {name} becomes {new!r}: code that runs still says {old!r}",
            "add the new value, move the rows, let code say the new one",
        )  # fmt: skip
    if step.kind != "RenameStmt" or ("relation" in step.node and not step.old(step.relation)):
        return
    said = _renamed(step)
    if said and not _view_of_old_name(step):
        yield Remark(
            "warning", f"{said} becomes {step.node.get('newname')}: every statement with the old name fails at once",
            "expand and contract: the new name beside the old one until nobody uses that",
        )  # fmt: skip


def _renamed(step: Step) -> str:
    kind, own = step.node.get("renameType"), step.node.get("relationType")
    if kind in {"OBJECT_COLUMN", "OBJECT_ATTRIBUTE"} and own != "OBJECT_INDEX":
        return f"{step.called(step.relation)}.{step.node.get('subname')}"
    if kind in {"OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_SEQUENCE"}:
        return step.called(step.relation)
    if kind == "OBJECT_SCHEMA":
        return f"schema {step.node.get('subname')}"
    names = strings([step.node["object"]]) if "object" in step.node else ()
    return f"type {'.'.join(names)}" if kind in {"OBJECT_TYPE", "OBJECT_DOMAIN"} else ""


def _view_of_old_name(step: Step) -> bool:
    """True if the same migration makes a view of the old name, as it should."""
    return any(each.kind == "ViewStmt" and each.scene.named(each.node["view"]) == step.relation for each in step.later)


@asked_of("AlterTableStmt")
def nullable(step: Step) -> Iterator[Remark]:
    """DROP NOT NULL."""
    for each in step.of("AT_DropNotNull"):
        yield Remark(
            "note", f"{step.called(step.relation)}.{each.name} may be null from now on: readers must know",
            "deploy readers that take a null first",
        )  # fmt: skip


RULES = ((DROP, drop), (RENAME, rename), (NULLABLE, nullable))
