"""The JSON schemas of answers that are dataclasses written field by field, made from the dataclasses themselves.

`python -m pgtune.report.schemas FOLDER` writes them, which `./run docs` does; a test holds the written ones true.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pgtune.maintenance.record import History, Run
from pgtune.maintenance.work import Plan

SCALARS: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null"}
DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


def of(kind: type) -> Schema:
    """The schema of a dataclass's JSON form; the classes that it holds are its `$defs`.

    Raises:
        TypeError: a field's type has no JSON form.
    """
    defs: dict[str, Schema] = {}
    whole = _object(kind, defs)
    return {"$schema": DIALECT, "title": _first_line(kind), **whole, "$defs": dict(sorted(defs.items()))}


def _object(kind: Any, defs: dict[str, Schema]) -> Schema:
    hints = get_type_hints(kind)
    properties = {field.name: _of(hints[field.name], defs) for field in fields(kind)}
    constant = next(
        (field.default for field in fields(kind) if field.name == "schema" and "/" in str(field.default)), 0
    )
    if constant:
        properties["schema"] = {"const": constant}
    return {"type": "object", "additionalProperties": False, "required": list(properties), "properties": properties}


def _of(kind: Any, defs: dict[str, Schema]) -> Schema:
    """The schema of one type; a dataclass is put into `defs` and referred to."""
    if kind in SCALARS:
        return {"type": SCALARS[kind]}
    if is_dataclass(kind) and isinstance(kind, type):
        if kind.__name__ not in defs:
            defs[kind.__name__] = {}  # so that a class that holds itself ends
            defs[kind.__name__] = {"description": _first_line(kind), **_object(kind, defs)}
        return {"$ref": f"#/$defs/{kind.__name__}"}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"enum": [str(each) for each in kind]}
    return _of_several(kind, defs)


def _of_several(kind: Any, defs: dict[str, Schema]) -> Schema:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return {"enum": list(inner)}
    if origin in {Union, UnionType}:
        return {"anyOf": [_of(each, defs) for each in inner]}
    if origin is tuple and inner[1:] == (Ellipsis,):
        return {"type": "array", "items": _of(inner[0], defs)}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _of(inner[1], defs)}
    raise TypeError(f"{kind} has no JSON form")


def _first_line(kind: type) -> str:
    return (kind.__doc__ or kind.__name__).strip().splitlines()[0]


def written() -> dict[str, str]:
    """File name and text of each schema that is made here."""
    made = {
        "pgtune.maintain.plan.1.json": of(Plan),
        "pgtune.maintain.run.1.json": of(Run),
        "pgtune.maintain.history.1.json": of(History),
    }
    return {name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in made.items()}


if __name__ == "__main__":
    for name, text in written().items():
        (Path(sys.argv[1]) / name).write_text(text, encoding="utf-8")
