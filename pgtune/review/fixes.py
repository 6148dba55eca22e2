"""SQL that does without harm what a statement does with it, made from the statement's own tree."""

from typing import Any

from pglast import enums

from pgtune.model.errors import NotSql
from pgtune.model.name import LONGEST_NAME
from pgtune.review.columns import column_constraints
from pgtune.review.step import Command, Step
from pgtune.sqltext.parse import deparsed, identifier, tree
from pgtune.sqltext.raw import Node, strings, walk

APART = "-- in a transaction of its own:"


def constraint_name(step: Step, constraint: Node) -> str:
    """The constraint's name, else the one that PostgreSQL makes up (ChooseConstraintName in pg_constraint.c)."""
    if constraint.get("conname"):
        return str(constraint["conname"])
    suffix = {"CONSTR_FOREIGN": "fkey", "CONSTR_UNIQUE": "key", "CONSTR_PRIMARY": "pkey", "CONSTR_EXCLUSION": "excl"}
    columns = () if constraint.get("contype") == "CONSTR_PRIMARY" else columns_of(constraint)
    last = suffix.get(str(constraint.get("contype")), "check")
    words = [step.relation.name, *(columns if last != "check" or len(columns) == 1 else ()), last]
    return "_".join(words).encode()[:LONGEST_NAME].decode(errors="ignore")


def columns_of(constraint: Node) -> tuple[str, ...]:
    """The columns that a constraint names; those of a check's condition, each once."""
    for key in ("fk_attrs", "keys"):
        if constraint.get(key):
            return strings(constraint[key])
    found = (node for kind, node in walk(constraint.get("raw_expr", {})) if kind == "ColumnRef")
    return tuple(dict.fromkeys(name for each in found for name in strings(each.get("fields"))[-1:]))


def not_valid(step: Step, command: Command, constraint: Node) -> str:
    """The constraint added NOT VALID, and its validation; "" where that cannot be written."""
    name = constraint_name(step, constraint)
    if command.subtype != "AT_AddConstraint":
        return ""
    added = _alone(step, command, name)
    table = step.written(step.relation)
    return added and f"{added};\n{APART}\nALTER TABLE {table} VALIDATE CONSTRAINT {identifier(name)};"


def _alone(step: Step, command: Command, name: str) -> str:
    """ALTER TABLE with this one constraint, NOT VALID: as it is written where it is alone, else printed anew."""
    if len(step.commands) == 1 and "--" not in step.sql.text:  # behind a comment nothing counts
        at, text = step.place(command.at), step.sql.text.rstrip("; \n")
        named = "" if command.definition.get("conname") else f"CONSTRAINT {identifier(name)} "
        return f"{text[:at]}{named}{text[at:]} NOT VALID"
    try:
        statement: Any = tree(step.sql.text)
        chosen = statement.cmds[step.commands.index(command)]
        chosen.def_.conname, chosen.def_.skip_validation, chosen.def_.initially_valid = name, True, False
        statement.cmds = [chosen]
        return deparsed(statement)
    except (NotSql, ValueError, AttributeError):
        return ""


def using_index(step: Step, constraint: Node) -> str:
    """A unique index built concurrently and made the constraint; "" where that cannot be written."""
    columns = columns_of(constraint)
    if not columns:
        return ""
    name, table = identifier(constraint_name(step, constraint)), step.written(step.relation)
    kind = "PRIMARY KEY" if constraint.get("contype") == "CONSTR_PRIMARY" else "UNIQUE"
    listed = ", ".join(map(identifier, columns))
    included = strings(constraint.get("including"))
    include = f" INCLUDE ({', '.join(map(identifier, included))})" if included else ""
    nulls = " NULLS NOT DISTINCT" if constraint.get("nulls_not_distinct") else ""
    return (
        f"-- outside a transaction:\nCREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({listed}){include}{nulls};\n"
        f"ALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {name};"
    )


def column_first(step: Step, command: Command) -> str:
    """The column added bare, its default set for new rows; "" where that cannot be written."""
    value = _default(step, command)
    first = min((int(each.get("location", 0)) for each in column_constraints(command.definition)), default=0)
    if not value or not first:
        return ""
    table, column = step.written(step.relation), identifier(str(command.definition.get("colname", "")))
    added = step.sql.text[step.place(command.at) : step.place(first)].strip()
    return (
        f"ALTER TABLE {table} ADD COLUMN {added};\nALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {value};\n"
        f"-- then in batches, each committed:\nUPDATE {table} SET {column} = DEFAULT WHERE {column} IS NULL AND ...;"
    )


def _default(step: Step, command: Command) -> str:
    """The default's expression as it is written, "" where its end is not known for sure."""
    kept = [each for each in column_constraints(command.definition) if each.get("contype") == "CONSTR_DEFAULT"]
    if not kept:
        return ""
    begins = int(kept[0].get("location", 0))
    ends = [int(each.get("location", 0)) for each in column_constraints(command.definition)]
    if (len(step.commands) > 1 and max(ends) == begins) or "--" in step.sql.text:
        return _printed(step, command)
    behind = min((each for each in ends if each > begins), default=len(step.sql.text.encode()))
    text = step.sql.text[step.place(begins) : step.place(behind)]
    return text.rstrip("; \n")[len("DEFAULT") :].strip()


def _printed(step: Step, command: Command) -> str:
    try:
        chosen: Any = tree(step.sql.text)
        made = chosen.cmds[step.commands.index(command)].def_.constraints
        return deparsed(next(each for each in made if each.contype == enums.ConstrType.CONSTR_DEFAULT).raw_expr)
    except (NotSql, StopIteration, AttributeError):
        return ""
