"""SQLAlchemy's columns, types and constraints as PostgreSQL's dialect of it writes them."""

import ast
from collections.abc import Iterator

from pgtune.sources.python.values import Call, Unsure, called, listed, literal, text, texts, value
from pgtune.sqltext.parse import identifier

_PLAIN = {
    "Integer": "INTEGER", "INTEGER": "INTEGER", "INT": "INTEGER", "BigInteger": "BIGINT", "BIGINT": "BIGINT",
    "SmallInteger": "SMALLINT", "SMALLINT": "SMALLINT", "Text": "TEXT", "TEXT": "TEXT", "UnicodeText": "TEXT",
    "Boolean": "BOOLEAN", "BOOLEAN": "BOOLEAN", "Date": "DATE", "DATE": "DATE", "LargeBinary": "BYTEA",
    "BYTEA": "BYTEA", "JSON": "JSON", "JSONB": "JSONB", "UUID": "UUID", "Uuid": "UUID", "INET": "INET",
    "CIDR": "CIDR", "MACADDR": "MACADDR", "TSVECTOR": "TSVECTOR", "HSTORE": "HSTORE", "CITEXT": "CITEXT",
    "Double": "DOUBLE PRECISION", "DOUBLE_PRECISION": "DOUBLE PRECISION", "REAL": "REAL", "MONEY": "MONEY",
    "INT4RANGE": "INT4RANGE", "INT8RANGE": "INT8RANGE", "NUMRANGE": "NUMRANGE", "DATERANGE": "DATERANGE",
    "TSRANGE": "TSRANGE", "TSTZRANGE": "TSTZRANGE", "OID": "OID", "INTERVAL": "INTERVAL", "Interval": "INTERVAL",
}  # fmt: skip
_SIZED = {
    "String": "VARCHAR", "VARCHAR": "VARCHAR", "Unicode": "VARCHAR", "CHAR": "CHAR", "Numeric": "NUMERIC",
    "NUMERIC": "NUMERIC", "DECIMAL": "NUMERIC", "BIT": "BIT",
}  # fmt: skip
_TIMES = {"DateTime": "TIMESTAMP", "TIMESTAMP": "TIMESTAMP", "Time": "TIME", "TIME": "TIME"}
_SERIAL = {"INTEGER": "SERIAL", "BIGINT": "BIGSERIAL", "SMALLINT": "SMALLSERIAL"}
_WHEN = {"ondelete": "ON DELETE", "onupdate": "ON UPDATE", "initially": "INITIALLY"}
_ACTIONS = frozenset({"CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION", "DEFERRED", "IMMEDIATE"})
_KNOWN = (
    "nullable", "server_default", "primary_key", "unique", "autoincrement", "comment", "default", "onupdate", "index",
    "key", "info", "doc",
)  # fmt: skip


def type_of(node: ast.AST | None) -> str:
    """A type, given as a class or as a call.

    Raises:
        Unsure: it is not one that is known.
    """
    if isinstance(node, (ast.Name, ast.Attribute)):
        node = ast.Call(node, [], [])
    call = called(node)
    if call is None:
        raise Unsure("its type")
    if call.name in _PLAIN:
        return _PLAIN[call.name]
    if call.name in _SIZED:
        return _SIZED[call.name] + _size(call)
    if call.name in _TIMES:
        zone = call.arg(0, "timezone")
        return f"{_TIMES[call.name]} {'WITH' if zone is not None and value(zone) else 'WITHOUT'} TIME ZONE"
    if call.name in {"Float", "FLOAT"}:
        return f"FLOAT{_size(call)}"
    if call.name == "ARRAY":
        return f"{type_of(call.arg(0, 'item_type'))}[]"
    raise Unsure(f"the type {call.name}")


def _size(call: Call) -> str:
    numbers = [value(each) for each in (call.arg(0, "length", "precision"), call.arg(1, "scale")) if each is not None]
    if not all(each is None or isinstance(each, int) for each in numbers):
        raise Unsure(f"the size of {call.name}")
    sizes = [str(each) for each in numbers if each is not None]
    return f"({', '.join(sizes)})" if sizes else ""


def column(node: ast.AST | None, *, serial: bool = False) -> str:
    """A column as CREATE TABLE and ADD COLUMN write it; `serial`: it is the whole primary key.

    Raises:
        Unsure: something of it is not literal.
    """
    call = called(node)
    if call is None or call.name != "Column" or len(call.args) < 2:
        raise Unsure("its column")
    call.only(*_KNOWN)
    if call.flag("index"):
        raise Unsure("an index inside a column")
    parts = list(_parts(call))
    kind = type_of(call.args[1])
    counted = serial and "autoincrement" not in call.named and "server_default" not in call.named and not parts
    kind = _SERIAL.get(kind, kind) if counted else kind
    return " ".join([identifier(call.text(0)), kind, *_default(call), *parts, *_null(call)])


def _parts(call: Call) -> Iterator[str]:
    """What stands behind the type: identity, computed, foreign keys."""
    for each in call.args[2:]:
        part = called(each)
        if part is None:
            raise Unsure("its column")
        if part.name == "Identity":
            yield f"GENERATED {'ALWAYS' if part.only('always').flag('always') else 'BY DEFAULT'} AS IDENTITY"
        elif part.name == "Computed":
            yield f"GENERATED ALWAYS AS ({part.only('persisted').text(0)}) STORED"
        elif part.name == "ForeignKey":
            yield reference((part.text(0),), part)
        else:
            raise Unsure(part.name)


def _default(call: Call) -> Iterator[str]:
    if "server_default" in call.named and (said := default(call.named["server_default"])):
        yield f"DEFAULT {said}"


def _null(call: Call) -> Iterator[str]:
    primary = call.flag("primary_key")
    if primary or ("nullable" in call.named and value(call.named["nullable"]) is False):
        yield "NOT NULL"
    if primary:
        yield "PRIMARY KEY"
    if call.flag("unique"):
        yield "UNIQUE"


def default(node: ast.AST) -> str:
    """A default as SQL; empty for None, which takes one away.

    Raises:
        Unsure: it is not literal.
    """
    call = called(node)
    if call and call.dotted.endswith(("func.now", "func.current_timestamp")):
        return "now()" if call.name == "now" else "CURRENT_TIMESTAMP"
    if call and call.dotted.endswith("func.gen_random_uuid"):
        return "gen_random_uuid()"
    if call and call.name in {"true", "false"} and not call.args:
        return call.name
    if call:
        return text(node, "its default")
    said = value(node)
    if said is None or said is False:
        return ""
    if not isinstance(said, str):
        raise Unsure("its default")
    return literal(said)


def reference(targets: tuple[str, ...], call: Call) -> str:
    """`REFERENCES t (a)` of `t.a` or `schema.t.a`.

    Raises:
        Unsure: the targets are not written so.
    """
    tables = {each.rpartition(".")[0] for each in targets}
    if len(tables) != 1 or not all("." in each for each in targets):
        raise Unsure("what a foreign key refers to")
    table = ".".join(identifier(each) for each in tables.pop().split("."))
    return f"REFERENCES {table} {listed([each.rpartition('.')[2] for each in targets])}{actions(call)}"


def actions(call: Call) -> str:
    """What a foreign key does when its row goes, and when it is checked.

    Raises:
        Unsure: it is none of the words that there are for it.
    """
    said = [(word, call.text(99, name).upper()) for name, word in _WHEN.items() if name in call.named]
    if wrong := [action for _, action in said if action not in _ACTIONS]:
        raise Unsure(wrong[0])
    deferrable = " DEFERRABLE" if call.flag("deferrable") else ""
    when = {word: f" {word} {action}" for word, action in said}
    first = when.pop("INITIALLY", "")
    return "".join(when.values()) + deferrable + first


def constraint(call: Call) -> str:
    """A table's constraint.

    Raises:
        Unsure: it is of a kind that is not known, or not literal.
    """
    named = f"CONSTRAINT {identifier(call.text(99, 'name'))} " if "name" in call.named else ""
    if call.name in {"PrimaryKeyConstraint", "UniqueConstraint"}:
        call.only("name", "deferrable", "initially")
        kind = "PRIMARY KEY" if call.name.startswith("Primary") else "UNIQUE"
        return f"{named}{kind} {listed([text(each, 'a column') for each in call.args])}{actions(call)}"
    if call.name == "ForeignKeyConstraint":
        call.only("name", "ondelete", "onupdate", "deferrable", "initially", "columns", "refcolumns")
        own, other = texts(call.arg(0, "columns"), "columns"), texts(call.arg(1, "refcolumns"), "columns")
        return f"{named}FOREIGN KEY {listed(own)} {reference(other, call)}"
    if call.name == "CheckConstraint":
        return f"{named}CHECK ({call.only('name', 'sqltext').text(0, 'sqltext')})"
    raise Unsure(call.name)
