"""Migrations of Django, read and never run, with the models as the migrations before have left them."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from pgtune.model.finding import Skipped
from pgtune.sources.project import Sql
from pgtune.sources.python.alembic import assigned
from pgtune.sources.python.fields import Model, column, definition, indexes
from pgtune.sources.python.syntax import Source, said
from pgtune.sources.python.values import Call, Unsure, called, one, text, texts, value
from pgtune.sources.statements import Found, joined, statements
from pgtune.sqltext.parse import identifier

RENDER = "what it does is known only when it runs: review the SQL that `manage.py sqlmigrate` writes"
# What changes what Django knows, and nothing in the database.
_NOTHING = frozenset({"AlterModelOptions", "AlterModelManagers", "AlterModelTableComment"})


@dataclass(frozen=True, slots=True)
class Steps:
    """A migration: what it follows, its operations, and whether all of them are one transaction."""

    after: tuple[tuple[str, str], ...]
    operations: tuple[ast.expr, ...]
    atomic: bool = True


def steps(source: Source) -> Steps | None:
    """The migration that a module is, None if it is none."""
    for node in source.tree.body:
        if isinstance(node, ast.ClassDef) and node.name == "Migration":
            said_ = dict(pair for each in node.body for pair in assigned(each))
            operations = said_.get("operations")
            if isinstance(operations, ast.List):
                atomic = said_.get("atomic")
                off = isinstance(atomic, ast.Constant) and atomic.value is False
                return Steps(tuple(_after(said_.get("dependencies"))), tuple(operations.elts), not off)
    return None


def _after(node: ast.expr | None) -> Iterator[tuple[str, str]]:
    for each in getattr(node, "elts", ()):
        try:
            app, name = value(each)
        except (Unsure, TypeError, ValueError):
            continue
        yield str(app), str(name)


@dataclass(slots=True)
class History:
    """The models so far, by application and small name; migrations are read in the order of their dependencies."""

    models: dict[tuple[str, str], Model] = field(default_factory=dict)

    def read(self, source: Source, path: str, app: str, made: Steps) -> Found:
        """What a migration does to the database, and what of it nobody can tell."""
        found = [self._operation(node, _Place(source, path, app)) for node in made.operations]
        return joined(found)

    def _operation(self, node: ast.expr, place: "_Place") -> Found:
        try:
            return self._called(called(node), node, place)
        except (Unsure, TypeError, ValueError) as why:
            return Found((), (Skipped(place.path, node.lineno, f"{why}: {RENDER}"),))

    def _called(self, call: Call | None, node: ast.expr, place: "_Place") -> Found:
        if call is not None and call.name == "SeparateDatabaseAndState":
            return self._separate(call, place)
        if call is not None and call.name == "RunSQL":
            return place.run(call)
        if call is not None and call.name in _NOTHING:
            return Found()
        if call is None or call.name not in _OPERATIONS:
            raise Unsure(call.name if call else "an operation")
        return Found(tuple(place.sql(one(each), node) for each in _OPERATIONS[call.name](self, call, place.app)))

    def _separate(self, call: Call, place: "_Place") -> Found:
        """What is for the database is done; what is for the state changes only what is known of the models."""
        parts = {
            name: getattr(call.named.get(name), "elts", ()) for name in ("database_operations", "state_operations")
        }
        found = [self._operation(each, place) for each in parts["database_operations"]]
        for each in parts["state_operations"]:
            self._operation(each, place)
        return joined(found)

    def model(self, app: str, call: Call, *names: str) -> Model:
        """The model that an operation names.

        Raises:
            Unsure: no migration that was read makes it.
        """
        name = call.text(0, *names).lower()
        if (app, name) not in self.models:
            raise Unsure(f"the table of {app}.{name}")
        return self.models[app, name]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where operations stand."""

    source: Source
    path: str
    app: str

    def sql(self, text_: str, node: ast.expr) -> Sql:
        return Sql(text_, self.path, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1, "migration")

    def run(self, call: Call) -> Found:
        """RunSQL of a literal, or of a list of them."""
        node = call.arg(0, "sql")
        nodes = node.elts if isinstance(node, (ast.List, ast.Tuple)) else [node]
        found = [self._read(each) for each in nodes if each is not None]
        return joined(found)

    def _read(self, node: ast.expr) -> Found:
        if isinstance(node, ast.Attribute) and node.attr == "noop":
            return Found()
        text(node, "its SQL")
        read = statements(said(self.source, node), self.path, "migration", native=True)
        first = node.lineno - 1
        return Found(
            tuple(each._replace(line=first + each.line) for each in read.statements),
            tuple(replace(each, line=first + each.line) for each in read.skipped),
        )


def _create_model(history: History, call: Call, app: str) -> Iterator[str]:
    name = call.text(0, "name")
    options = _options(call)
    model = Model(str(options.get("db_table") or f"{app}_{name.lower()}"))
    history.models[app, name.lower()] = model
    fields = getattr(call.arg(1, "fields"), "elts", ())
    for each in fields:
        field_name, node = getattr(each, "elts", (None, None))
        key = text(field_name, "a field")
        model.columns[key] = column(key, node, app, history.models)
    if options.get("managed") is False or options.get("proxy"):
        return
    if options.get("unique_together") or options.get("index_together") or options.get("unknown"):
        raise Unsure("what its options make")
    body = ",\n    ".join(definition(each) for each in model.columns.values())
    yield f"CREATE TABLE {identifier(model.table)} (\n    {body}\n)"
    for made in model.columns.values():
        yield from indexes(model.table, made)


def _options(call: Call) -> dict[str, object]:
    """The options that are literal; `unknown` if one that makes something is not."""
    node = call.arg(2, "options")
    found: dict[str, object] = {}
    for key, each in zip(getattr(node, "keys", ()), getattr(node, "values", ()), strict=True):
        name = str(value(key))
        try:
            found[name] = value(each)
        except Unsure:
            found["unknown"] = name in {"indexes", "constraints", "unique_together", "db_table"}
    return found


def _delete_model(history: History, call: Call, app: str) -> Iterator[str]:
    yield f"DROP TABLE {identifier(history.model(app, call, 'name').table)} CASCADE"


def _add_field(history: History, call: Call, app: str) -> Iterator[str]:
    """A default is there while existing rows are filled, and goes then."""
    model = history.model(app, call, "model_name")
    name = call.text(1, "name")
    model.columns[name] = made = column(name, call.arg(2, "field"), app, history.models)
    begin = f"ALTER TABLE {identifier(model.table)}"
    yield f"{begin} ADD COLUMN {definition(made)}"
    if made.default:
        yield f"{begin} ALTER COLUMN {identifier(made.name)} DROP DEFAULT"
    yield from indexes(model.table, made)


def _remove_field(history: History, call: Call, app: str) -> Iterator[str]:
    model = history.model(app, call, "model_name")
    name = call.text(1, "name")
    if name not in model.columns:
        raise Unsure(f"the column of {name}")
    yield f"ALTER TABLE {identifier(model.table)} DROP COLUMN {identifier(model.columns.pop(name).name)} CASCADE"


def _alter_field(history: History, call: Call, app: str) -> Iterator[str]:
    model = history.model(app, call, "model_name")
    name = call.text(1, "name")
    old, new = model.columns.get(name), column(name, call.arg(2, "field"), app, history.models)
    if old is None:
        raise Unsure(f"the column of {name}")
    model.columns[name] = new
    if replace(old, type=new.type, null=new.null, default=new.default) != new:
        raise Unsure(f"more than the type of {name}")
    begin, own = f"ALTER TABLE {identifier(model.table)} ALTER COLUMN {identifier(new.name)}", identifier(new.name)
    if old.type != new.type:
        yield f"{begin} TYPE {new.type} USING {own}::{new.type}"
    if old.null and not new.null and new.default:
        yield f"UPDATE {identifier(model.table)} SET {own} = {new.default} WHERE {own} IS NULL"  # noqa: S608  (reviewed, never run)
    if old.null != new.null:
        yield f"{begin} {'DROP' if new.null else 'SET'} NOT NULL"


def _rename_field(history: History, call: Call, app: str) -> Iterator[str]:
    model = history.model(app, call, "model_name")
    old, new = call.text(1, "old_name"), call.text(2, "new_name")
    if old not in model.columns:
        raise Unsure(f"the column of {old}")
    before = model.columns.pop(old)
    after = replace(
        before, name=f"{new}_id" if before.name == f"{old}_id" else new if before.name == old else before.name
    )
    model.columns[new] = after
    if before.name != after.name:
        names = f"{identifier(before.name)} TO {identifier(after.name)}"
        yield f"ALTER TABLE {identifier(model.table)} RENAME COLUMN {names}"


def _add_index(history: History, call: Call, app: str) -> Iterator[str]:
    """Its fields by name; `-` before one is descending."""
    model = history.model(app, call, "model_name")
    index = called(call.arg(1, "index"))
    methods = {
        "Index": "",
        "GinIndex": " USING gin",
        "GistIndex": " USING gist",
        "BrinIndex": " USING brin",
        "HashIndex": " USING hash",
    }
    if index is None or index.name not in methods or index.args:
        raise Unsure("its index")
    index.only("fields", "name")
    keys = []
    for each in texts(index.named.get("fields"), "its fields"):
        made = model.columns.get(each.lstrip("-"))
        if made is None:
            raise Unsure(f"the column of {each.lstrip('-')}")
        keys.append(identifier(made.name) + (" DESC" if each.startswith("-") else ""))
    word = "INDEX CONCURRENTLY" if call.name.endswith("Concurrently") else "INDEX"
    name = identifier(index.text(99, "name"))
    yield f"CREATE {word} {name} ON {identifier(model.table)}{methods[index.name]} ({', '.join(keys)})"


def _remove_index(_history: History, call: Call, _app: str) -> Iterator[str]:
    word = "INDEX CONCURRENTLY" if call.name.endswith("Concurrently") else "INDEX"
    yield f"DROP {word} IF EXISTS {identifier(call.text(1, 'name'))}"


def _add_constraint(history: History, call: Call, app: str) -> Iterator[str]:
    """Unique ones of fields; what others check stands in expressions."""
    model = history.model(app, call, "model_name")
    made = called(call.arg(1, "constraint"))
    if made is None or made.name != "UniqueConstraint" or made.args:
        raise Unsure("its constraint")
    made.only("fields", "name", "violation_error_message", "violation_error_code")
    names = texts(made.named.get("fields"), "its fields")
    if unknown := [each for each in names if each not in model.columns]:
        raise Unsure(f"the column of {unknown[0]}")
    keys = ", ".join(identifier(model.columns[each].name) for each in names)
    yield f"ALTER TABLE {identifier(model.table)} ADD CONSTRAINT {identifier(made.text(99, 'name'))} UNIQUE ({keys})"


_OPERATIONS: dict[str, Callable[[History, Call, str], Iterator[str]]] = {
    "CreateModel": _create_model, "DeleteModel": _delete_model, "AddField": _add_field, "RemoveField": _remove_field,
    "AlterField": _alter_field, "RenameField": _rename_field, "AddIndex": _add_index,
    "AddIndexConcurrently": _add_index, "RemoveIndex": _remove_index, "RemoveIndexConcurrently": _remove_index,
    "AddConstraint": _add_constraint,
}  # fmt: skip
