"""Alembic's operations as the SQL that it would send, as far as their arguments are literal."""

import ast
from collections.abc import Callable, Iterator

from pgtune.sources.python.columns import actions, column, constraint, default, type_of
from pgtune.sources.python.values import Call, Unsure, called, listed, one, qualified, text, texts, value
from pgtune.sqltext.parse import identifier

Operation = Callable[[Call], Iterator[str]]


def rendered(call: Call) -> tuple[str, ...]:
    """The statements of an operation.

    Raises:
        Unsure: it is not one that is known, or its arguments are not literal.
    """
    if call.name not in OPERATIONS:
        raise Unsure(f"op.{call.name}")
    return tuple(one(each) for each in OPERATIONS[call.name](call))


def _table(call: Call, place: int, *names: str) -> str:
    schema = call.text(99, "schema") if "schema" in call.named else ""
    return qualified(schema, call.text(place, *names))


def _create_table(call: Call) -> Iterator[str]:
    call.only("schema", "comment", "if_not_exists")
    parts = [called(each) for each in call.args[1:]]
    if any(each is None for each in parts):
        raise Unsure("its columns")
    keys = [each for part in parts if part and part.name == "PrimaryKeyConstraint" for each in part.args]
    keys += [
        key for part in parts if part and part.name == "Column" and part.flag("primary_key") and (key := part.arg(0))
    ]
    whole = text(keys[0], "its key") if len(keys) == 1 else None
    body = [
        column(node, serial=part.text(0) == whole) if part.name == "Column" else constraint(part)
        for node, part in zip(call.args[1:], parts, strict=True)
        if part is not None
    ]
    missing = "IF NOT EXISTS " if call.flag("if_not_exists") else ""
    yield f"CREATE TABLE {missing}{_table(call, 0, 'table_name')} (\n    " + ",\n    ".join(body) + "\n)"


def _drop_table(call: Call) -> Iterator[str]:
    exists = "IF EXISTS " if call.only("schema", "if_exists").flag("if_exists") else ""
    yield f"DROP TABLE {exists}{_table(call, 0, 'table_name')}"


def _rename_table(call: Call) -> Iterator[str]:
    new = identifier(call.only("schema").text(1, "new_table_name"))
    yield f"ALTER TABLE {_table(call, 0, 'old_table_name')} RENAME TO {new}"


def _add_column(call: Call) -> Iterator[str]:
    call.only("schema", "if_not_exists")
    missing = "IF NOT EXISTS " if call.flag("if_not_exists") else ""
    made = column(call.arg(1, "column"))
    yield f"ALTER TABLE {_table(call, 0, 'table_name')} ADD COLUMN {missing}{made}"


def _drop_column(call: Call) -> Iterator[str]:
    call.only("schema", "if_exists")
    exists = "IF EXISTS " if call.flag("if_exists") else ""
    name = identifier(call.text(1, "column_name"))
    yield f"ALTER TABLE {_table(call, 0, 'table_name')} DROP COLUMN {exists}{name}"


def _alter_column(call: Call) -> Iterator[str]:
    """A statement for each thing that changes, in the order in which Alembic sends them."""
    call.only(
        "schema", "nullable", "type_", "server_default", "new_column_name", "existing_type", "existing_nullable",
        "existing_server_default", "postgresql_using", "existing_comment", "autoincrement", "existing_autoincrement",
    )  # fmt: skip
    begin = f"ALTER TABLE {_table(call, 0, 'table_name')} "
    name = identifier(call.text(1, "column_name"))
    if "nullable" in call.named:
        yield f"{begin}ALTER COLUMN {name} {'DROP' if value(call.named['nullable']) else 'SET'} NOT NULL"
    if "server_default" in call.named:
        said = default(call.named["server_default"])
        yield f"{begin}ALTER COLUMN {name} {f'SET DEFAULT {said}' if said else 'DROP DEFAULT'}"
    if "type_" in call.named:
        using = f" USING {call.text(99, 'postgresql_using')}" if "postgresql_using" in call.named else ""
        yield f"{begin}ALTER COLUMN {name} TYPE {type_of(call.named['type_'])}{using}"
    if "new_column_name" in call.named:
        yield f"{begin}RENAME {name} TO {identifier(call.text(99, 'new_column_name'))}"


def _create_index(call: Call) -> Iterator[str]:
    call.only(
        "schema", "unique", "postgresql_concurrently", "postgresql_where", "postgresql_using", "if_not_exists",
        "postgresql_include",
    )  # fmt: skip
    kind = "UNIQUE INDEX" if call.flag("unique") else "INDEX"
    words = [*_words(call, CONCURRENTLY="postgresql_concurrently"), *_words(call, **{"IF NOT EXISTS": "if_not_exists"})]
    method = f" USING {identifier(call.text(99, 'postgresql_using'))}" if "postgresql_using" in call.named else ""
    include = (
        f" INCLUDE {listed(texts(call.named['postgresql_include'], 'columns'))}"
        if "postgresql_include" in call.named
        else ""
    )
    where = f" WHERE {call.text(99, 'postgresql_where')}" if "postgresql_where" in call.named else ""
    begin = " ".join(["CREATE", kind, *words, identifier(call.text(0, "index_name"))])
    yield f"{begin} ON {_table(call, 1, 'table_name')}{method} {_keys(call.arg(2, 'columns'))}{include}{where}"


def _keys(node: ast.AST | None) -> str:
    """Columns by name, expressions by sa.text()."""
    if not isinstance(node, (ast.List, ast.Tuple)):
        raise Unsure("its columns")
    keys = (
        text(each, "a column") if isinstance(each, ast.Call) else identifier(text(each, "a column"))
        for each in node.elts
    )
    return f"({', '.join(keys)})"


def _words(call: Call, **flags: str) -> Iterator[str]:
    yield from (word for word, name in flags.items() if call.flag(name))


def _drop_index(call: Call) -> Iterator[str]:
    call.only("schema", "table_name", "postgresql_concurrently", "if_exists")
    words = [*_words(call, CONCURRENTLY="postgresql_concurrently"), *_words(call, **{"IF EXISTS": "if_exists"})]
    yield " ".join(["DROP INDEX", *words, _table(call, 0, "index_name")])


def _add_constraint(call: Call, body: str) -> str:
    name = call.arg(0, "constraint_name")
    named = (
        ""
        if isinstance(name, ast.Constant) and name.value is None
        else f"CONSTRAINT {identifier(text(name, 'its name'))} "
    )
    invalid = " NOT VALID" if call.flag("postgresql_not_valid") else ""
    return f"ADD {named}{body}{invalid}"


def _unique(call: Call) -> Iterator[str]:
    call.only("schema", "deferrable", "initially")
    kind = "PRIMARY KEY" if call.name == "create_primary_key" else "UNIQUE"
    body = f"{kind} {listed(texts(call.arg(2, 'columns'), 'its columns'))}{actions(call)}"
    yield f"ALTER TABLE {_table(call, 1, 'table_name')} {_add_constraint(call, body)}"


def _foreign(call: Call) -> Iterator[str]:
    call.only(
        "ondelete", "onupdate", "deferrable", "initially", "source_schema", "referent_schema", "postgresql_not_valid",
    )  # fmt: skip
    schemas = [call.text(99, each) if each in call.named else "" for each in ("source_schema", "referent_schema")]
    own, other = texts(call.arg(3, "local_cols"), "its columns"), texts(call.arg(4, "remote_cols"), "its columns")
    target = qualified(schemas[1], call.text(2, "referent_table"))
    body = f"FOREIGN KEY {listed(own)} REFERENCES {target} {listed(other)}{actions(call)}"
    yield f"ALTER TABLE {qualified(schemas[0], call.text(1, 'source_table'))} {_add_constraint(call, body)}"


def _check(call: Call) -> Iterator[str]:
    call.only("schema", "postgresql_not_valid")
    body = f"CHECK ({call.text(2, 'condition')})"
    yield f"ALTER TABLE {_table(call, 1, 'table_name')} {_add_constraint(call, body)}"


def _drop_constraint(call: Call) -> Iterator[str]:
    call.only("schema", "type_", "if_exists")
    exists = "IF EXISTS " if call.flag("if_exists") else ""
    name = identifier(call.text(0, "constraint_name"))
    yield f"ALTER TABLE {_table(call, 1, 'table_name')} DROP CONSTRAINT {exists}{name}"


OPERATIONS: dict[str, Operation] = {
    "create_table": _create_table, "drop_table": _drop_table, "rename_table": _rename_table,
    "add_column": _add_column, "drop_column": _drop_column, "alter_column": _alter_column,
    "create_index": _create_index, "drop_index": _drop_index, "create_unique_constraint": _unique,
    "create_primary_key": _unique, "create_foreign_key": _foreign, "create_check_constraint": _check,
    "drop_constraint": _drop_constraint,
}  # fmt: skip
# The operations of batch_alter_table leave the table away: where it stands in the whole ones.
TABLE_AT = {
    "add_column": 0, "drop_column": 0, "alter_column": 0, "create_index": 1, "create_unique_constraint": 1,
    "create_primary_key": 1, "create_foreign_key": 1, "create_check_constraint": 1, "drop_constraint": 1,
}  # fmt: skip
