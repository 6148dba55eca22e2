"""Values of all types taken apart into what a mask replaces, and put together again."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from pgtune.snapshot import arrays, types
from pgtune.snapshot.scales import STAMP

Visit = Callable[[str, str, str], str]
"""visit(family, type, value): what stands in place of a value that cannot be taken apart."""

BOUND = re.compile(r'([\[(])(?:"((?:[^"\\]|\\.|"")*)"|([^,"\])]*)),(?:"((?:[^"\\]|\\.|"")*)"|([^,"\])]*))([\])])')
QUOTED = re.compile(r'(?<![.\w])"((?:[^"\\]|\\.)*)"')
WORD = re.compile(r"'((?:[^']|'')*)'")
# Shapes of constants whose type nothing says, as in the bounds of partitions.
SHAPES = (
    ("time", STAMP),
    ("uuid", re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)),
    ("number", re.compile(r"-?\d+(\.\d+)?")),
    ("json", re.compile(r"[\[{].*[\]}]", re.DOTALL)),
)
SEGMENTS = {
    "like": re.compile(r"[^%_\\]+"),
    "regex": re.compile(r"[^\\^$.|?*+()\[\]{}\s]+"),
    "search": re.compile(r"\w+"),
}


class Values:
    """Walks through values; `own` are the types that the schema declares."""

    def __init__(self, own: Mapping[str, tuple[str, str]], visit: Visit) -> None:
        self._own, self._visit = own, visit
        self._ways: dict[str, Callable[[str], str | None]] = {}

    def of(self, name: str, value: str) -> str | None:
        """What stands in place of a value of this type; None if nothing is known of the type."""
        if name not in self._ways:
            self._ways[name] = self._way(name)
        return self._ways[name](value)

    def _way(self, name: str) -> Callable[[str], str | None]:
        """How to take values of a type apart."""
        if name.endswith("[]"):
            return lambda value: self.column(name[:-2], value)
        family, base = types.family(name, self._own)
        ways: dict[str, Callable[[str], str | None]] = {
            "domain": lambda value: self.of(base, value),
            "range": lambda value: BOUND.sub(lambda found: self._range(base, found), value),
            "unknown": lambda _: None,
            "json": self._json,
            "path": self._path,
            "lexemes": self._lexemes,
        }
        return ways.get(family, lambda value: self._visit(family, name, value))

    def untyped(self, value: str) -> str:
        """What stands in place of a constant of which only its looks tell the type."""
        for family, shape in SHAPES:
            if shape.fullmatch(value):
                return self._shaped(family, value)
        return self._visit("text", "text", value)

    def _shaped(self, family: str, value: str) -> str:
        if family == "json":
            try:
                return self._json(value)
            except ValueError:
                return (
                    self.of("text[]", value) or value if value.startswith("{") else self._visit("text", "text", value)
                )
        kind = {"number": "decimal" if "." in value else "integer"}.get(family, family)
        return self._visit(kind, {"integer": "bigint", "decimal": "numeric"}.get(kind, kind), value)

    def pattern(self, form: str, value: str) -> str:
        """What LIKE, a regular expression or a search looks for: its words are replaced, its marks stay."""
        if form == "search":
            return SEGMENTS[form].sub(lambda found: self._visit("lexeme", "tsquery", found[0].lower()), value)
        return SEGMENTS[form].sub(lambda found: self._visit("text", "text", found[0]), value)

    def column(self, name: str, text: str | None) -> str | None:
        """An array whose elements are of a type; None if nothing is known of it."""
        if text is None:
            return None
        values = arrays.elements(text)
        found = [each if each is None else self.of(name, each) for each in values]
        known = all(new is not None for new, old in zip(found, values, strict=True) if old is not None)
        return arrays.array(found) if known else None

    def elements(self, name: str, text: str | None) -> str | None:
        """Elements that a column's arrays or word lists hold."""
        if text is None:
            return None
        if name.endswith("[]"):
            return self.column(name[:-2], text)
        family, base = types.family(name, self._own)
        if family == "domain":
            return self.elements(base, text)
        words = arrays.elements(text)
        return arrays.array([each and self._visit("lexeme", name, each) for each in words])

    def _range(self, base: str, found: re.Match[str]) -> str:
        opening, low_quoted, low, high_quoted, high, closing = found.groups()
        ends = (low_quoted if low is None else low, high_quoted if high is None else high)
        new = [end and (self.of(base, end.replace('""', '"')) or "") for end in ends]
        return f"{opening}{_end(new[0])},{_end(new[1])}{closing}"

    def _json(self, value: str) -> str:
        return JSON_OUT.encode(self._scalars(JSON_IN.decode(value)))

    def _scalars(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._scalars(held) for key, held in value.items()}
        if isinstance(value, list):
            return [self._scalars(each) for each in value]
        if isinstance(value, _Raw):
            whole = value.lstrip("-").isdigit()
            return json.loads(self._visit("integer" if whole else "decimal", "jsonb", str(value)))
        return self._visit("text", "text", value) if isinstance(value, str) else value

    def _path(self, value: str) -> str:
        return QUOTED.sub(lambda found: json.dumps(self._visit("text", "text", found[1]), ensure_ascii=False), value)

    def _lexemes(self, value: str) -> str:
        return WORD.sub(
            lambda found: f"'{self._visit('lexeme', 'tsvector', found[1].replace(chr(39) * 2, chr(39)))}'", value
        )


class _Raw(str):
    """A number of JSON as it is written."""

    __slots__ = ()


# Made once: json.loads() and json.dumps() would make one a value.
JSON_IN, JSON_OUT = json.JSONDecoder(parse_float=_Raw, parse_int=_Raw), json.JSONEncoder(ensure_ascii=False)


def _end(value: str | None) -> str:
    """A bound of a range; what is not plain goes between quotes."""
    if not value or re.fullmatch(r"[\w.+:-]+", value):
        return value or ""
    escaped = re.sub(r'(["\\])', r"\\\1", value)
    return f'"{escaped}"'
