"""Arrays as PostgreSQL writes them: `{1,"a b",NULL}`."""

import re
from collections.abc import Sequence

ELEMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,{}"]+)', re.DOTALL)
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
PLAIN = re.compile(r"[A-Za-z0-9_.+:-]+")


def elements(text: str) -> list[str | None]:
    """The elements of an array of one dimension; an element that is an array itself stays text."""
    found = ELEMENT.findall(text[text.find("{") + 1 : text.rfind("}")])
    return [_element(quoted, plain) for quoted, plain in found]


def _element(quoted: str, plain: str) -> str | None:
    if plain == "NULL":
        return None
    text = plain or quoted
    if "\\" not in text:
        return text
    return ESCAPED.sub(r"\1", text) if "\\\\" in text else text.replace("\\", "")


def array(values: Sequence[str | None]) -> str:
    """An array of these elements."""
    return "{" + ",".join(map(_written, values)) + "}"


def _written(value: str | None) -> str:
    if value is None:
        return "NULL"
    if PLAIN.fullmatch(value) and value.upper() != "NULL":
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
