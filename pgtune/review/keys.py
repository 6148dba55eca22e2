"""Indexes that a change makes, by their columns, and what a foreign key needs of one."""

from collections.abc import Iterator, Sequence

from pgtune.model.name import Name
from pgtune.review.columns import column_constraints, constraints
from pgtune.review.scene import Scene
from pgtune.review.step import Step
from pgtune.sqltext.raw import Node, inner, strings

KEYS = {"CONSTR_UNIQUE", "CONSTR_PRIMARY"}


def made(step: Step) -> Iterator[tuple[Name, tuple[str, ...]]]:
    """Each index that the statement makes, a constraint's too: its table and the columns that it begins with."""
    if step.kind == "IndexStmt":
        if "whereClause" not in step.node:
            names = (str(each["IndexElem"].get("name", "")) for each in step.node.get("indexParams", ()))
            yield step.relation, tuple(names)
    elif step.kind == "CreateStmt":
        yield from ((step.relation, columns) for columns in _in_table(step.node))
    for command in step.commands:
        for each in constraints(command):
            if each.get("contype") in KEYS:
                yield step.relation, strings(each.get("keys")) or (str(command.definition.get("colname", "")),)


def _in_table(node: Node) -> Iterator[tuple[str, ...]]:
    for element in node.get("tableElts", ()):
        kind, fields = inner(element)
        if kind == "Constraint" and fields.get("contype") in KEYS:
            yield strings(fields.get("keys"))
        elif kind == "ColumnDef" and any(each.get("contype") in KEYS for each in column_constraints(fields)):
            yield (str(fields.get("colname", "")),)


def served(columns: Sequence[str], table: Name, scene: Scene, new: Sequence[Sequence[str]]) -> bool:
    """True if an index of the table begins with these columns, in whatever order."""
    known = scene.table(table)
    old = [each.keys for each in known.indexes if each.predicate is None and each.valid] if known else []
    wanted = set(columns)
    return any(set(_bare(keys[: len(columns)])) == wanted for keys in (*old, *new))


def _bare(keys: Sequence[str]) -> Iterator[str]:
    return (each[1:-1].replace('""', '"') if each.startswith('"') else each for each in keys)


def foreign(step: Step) -> Iterator[tuple[tuple[str, ...], Node, int]]:
    """Each foreign key that the statement adds: its columns, the RangeVar that it refers to, the byte it stands at."""
    for column, each in _constraints(step):
        if each.get("contype") == "CONSTR_FOREIGN" and "pktable" in each:
            yield strings(each.get("fk_attrs")) or (column,), each["pktable"], int(each.get("location", 0))


def _constraints(step: Step) -> Iterator[tuple[str, Node]]:
    for command in step.commands:
        yield from ((str(command.definition.get("colname", "")), each) for each in constraints(command))
    for element in step.node.get("tableElts", ()) if step.kind == "CreateStmt" else ():
        kind, fields = inner(element)
        if kind == "Constraint":
            yield "", fields
        elif kind == "ColumnDef":
            yield from ((str(fields.get("colname", "")), each) for each in column_constraints(fields))
