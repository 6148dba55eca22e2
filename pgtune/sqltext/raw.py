"""A statement as PostgreSQL's parser writes it in JSON: ten times cheaper than its tree of objects, enough for DDL."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pglast import parser

from pgtune.sqltext.parse import guarded

# The parser's names of types that have others: as format_type() writes them.
SPOKEN = {
    "int2": "smallint", "int4": "integer", "int8": "bigint", "float4": "real", "float8": "double precision",
    "bool": "boolean", "varchar": "character varying", "bpchar": "character",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone", "time": "time without time zone", "timetz": "time with time zone",
    "varbit": "bit varying", "decimal": "numeric",
}  # fmt: skip
# `int` is a word of the grammar, `int4` is a name like any other: both mean the same type.
SPLIT = {"timestamp without time zone": "timestamp", "timestamp with time zone": "timestamp"}

Node = Mapping[str, Any]


class Statement(NamedTuple):
    """The parser's name of the statement (`AlterTableStmt`) and its fields; both empty for what is none."""

    kind: str
    node: Node


NOTHING = Statement("", {})


def statement(text: str) -> Statement:
    """The text's first statement.

    Raises:
        NotSql: it does not parse.
    """
    found = guarded(lambda whole: json.loads(parser.parse_sql_json(whole)), text).get("stmts", [])
    if not found or "stmt" not in found[0]:
        return NOTHING
    ((kind, node),) = found[0]["stmt"].items()
    return Statement(kind, node)


def place(text: str, byte: int) -> int:
    """The character at a byte of the text: places in the JSON count bytes."""
    return byte if text.isascii() else len(text.encode()[:byte].decode(errors="ignore"))


def inner(node: Node) -> tuple[str, Node]:
    """`{"ColumnDef": {...}}` as its name and its fields."""
    return next(iter(node.items()), ("", {}))


def strings(nodes: Iterable[Node] | None) -> tuple[str, ...]:
    """The values of a list of String nodes; of a List node that stands for one name too."""
    found = []
    for node in nodes or ():
        if "String" in node:
            found.append(str(node["String"].get("sval", "")))
        else:
            found += strings(inner(node)[1].get("items"))
    return tuple(found)


def walk(node: Any) -> Iterator[tuple[str, Node]]:
    """Every node below, by its name, in the order of the text."""
    stack: list[tuple[str, Any]] = [("", node)]
    while stack:
        key, value = stack.pop()
        if isinstance(value, dict):
            if key:
                yield key, value
            stack.extend(reversed(value.items()))
        elif isinstance(value, list):
            stack.extend(("", each) for each in reversed(value))


def type_name(node: Node) -> str:
    """A TypeName as format_type() writes it: `character varying(20)`, `integer[]`, `public.mood`."""
    names = [name for name in strings(node.get("names")) if name != "pg_catalog"]
    base = SPOKEN.get(names[0], names[0]) if len(names) == 1 else ".".join(names)
    if "typmods" not in node and "arrayBounds" not in node:
        return base
    modifiers = [str(value) for each in node.get("typmods", ()) if (value := constant(each)) is not None]
    if names == ["bpchar"] and modifiers == ["1"]:
        return "character(1)"
    brackets = "[]" * len(node.get("arrayBounds", ()))
    if not modifiers or base == "interval":
        return base + brackets
    short = SPLIT.get(base, base)
    return f"{short}({','.join(modifiers)}){base.removeprefix(short)}{brackets}"


def constant(node: Node) -> Any:
    """The value of an A_Const, None for anything else and for NULL."""
    fields = node.get("A_Const")
    if fields is None:
        return None
    for kind in ("ival", "sval", "fval", "boolval"):
        if kind in fields:
            value = fields[kind].get(kind)
            return {"ival": 0, "boolval": False}.get(kind, "") if value is None else value
    return None
