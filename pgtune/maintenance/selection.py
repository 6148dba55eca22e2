"""The grammar that selects databases and tables, known from Ola Hallengren's maintenance solution.

A list separated by commas. Each item is a name, a name with `%` for any letters, or a group; a minus before it takes
away what it matches, wherever it stands. A list of minuses alone begins with everything. Letters count as they are;
a name with a comma, a blank at its end, a percent sign or a minus at its beginning stands in double quotes, a quote in
it is doubled. `USER_DATABASES, -db1, app_%` is every user's database but db1 (the third item adds nothing then).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pgtune.model.errors import BadInput

Test = Callable[[str], bool]

SYSTEM = frozenset({"postgres", "template0", "template1"})
DATABASE_GROUPS: Mapping[str, Test] = {
    "ALL_DATABASES": lambda _name: True,
    "SYSTEM_DATABASES": SYSTEM.__contains__,
    "USER_DATABASES": lambda name: name not in SYSTEM,
}
TABLE_GROUPS: Mapping[str, Test] = {"ALL_TABLES": lambda _name: True}

_PIECE = re.compile(r'"((?:[^"]|"")*)"|([^",.]+)|(\.)')
_ITEM = re.compile(r'(?:"(?:[^"]|"")*"|[^",])+')
_GROUP = re.compile(r"[A-Z]+_[A-Z]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Selection:
    """A parsed list; `text` is as it was given."""

    text: str
    wanted: tuple[Test, ...]
    unwanted: tuple[Test, ...]

    def takes(self, name: str) -> bool:
        """Whether the list selects this name."""
        chosen = not self.wanted or any(test(name) for test in self.wanted)
        return chosen and not any(test(name) for test in self.unwanted)


@dataclass(frozen=True, slots=True)
class TableSelection:
    """A parsed list of tables, each item `schema.table`, or a table of any schema."""

    text: str
    wanted: tuple[tuple[Test, Test], ...]
    unwanted: tuple[tuple[Test, Test], ...]

    def takes(self, schema: str, table: str) -> bool:
        """Whether the list selects this table."""
        chosen = not self.wanted or _any(self.wanted, schema, table)
        return chosen and not _any(self.unwanted, schema, table)


def databases(text: str) -> Selection:
    """A list of databases.

    Raises:
        BadInput: the list is empty or an item of it is.
    """
    wanted, unwanted = _sides(text, "--databases")
    test = [_database(item, text) for item in wanted], [_database(item, text) for item in unwanted]
    return Selection(text, tuple(test[0]), tuple(test[1]))


def tables(text: str) -> TableSelection:
    """A list of tables.

    Raises:
        BadInput: the list is empty, or an item is no `table` or `schema.table`.
    """
    wanted, unwanted = _sides(text, "--tables")
    test = [_table(item, text) for item in wanted], [_table(item, text) for item in unwanted]
    return TableSelection(text, tuple(test[0]), tuple(test[1]))


def of_schemas(text: str) -> str:
    """A list of schemas as a list of tables: all tables of each.

    Raises:
        BadInput: the list is empty or an item of it is.
    """
    return ", ".join(f"{item}.%" for item in _items(text, "--schemas"))


def _any(pairs: tuple[tuple[Test, Test], ...], schema: str, table: str) -> bool:
    return any(of_schema(schema) and of_table(table) for of_schema, of_table in pairs)


def _sides(text: str, option: str) -> tuple[list[str], list[str]]:
    """The items with and without a minus, the minus taken off."""
    items = _items(text, option)
    unwanted = [item[1:].strip() for item in items if item.startswith("-")]
    wanted = [item for item in items if not item.startswith("-")]
    if not all(unwanted):
        raise BadInput(f"{option} {text!r}: a minus stands before nothing")
    return wanted, unwanted


def _items(text: str, option: str) -> list[str]:
    items, at = [], 0
    while (match := _ITEM.match(text, at)) and match[0].strip():
        items.append(match[0].strip())
        if match.end() == len(text):
            return items
        if text[match.end()] != ",":  # a quote without its pair
            break
        at = match.end() + 1
    raise BadInput(f"{option} {text!r}: names separated by commas, as in 'app_%, -app_old'; quotes in pairs")


def _database(item: str, text: str) -> Test:
    parts = _parts(item)
    if len(parts) != 1 and '"' in item:
        raise BadInput(f"--databases {text!r}: {item!r} is not one name")
    if len(parts) != 1:  # a dot is a letter in the name of a database
        return _like(item)
    return _test(parts[0], DATABASE_GROUPS, item, text)


def _table(item: str, text: str) -> tuple[Test, Test]:
    parts = _parts(item)
    if len(parts) == 1:
        return (lambda _name: True), _test(parts[0], TABLE_GROUPS, item, text)
    if len(parts) != 2:
        raise BadInput(f"--tables {text!r}: {item!r} is neither a table nor schema.table; a dot in a name needs quotes")
    return _test(parts[0], {}, item, text), _test(parts[1], {}, item, text)


@dataclass(frozen=True, slots=True)
class _Name:
    text: str
    exact: bool


def _parts(item: str) -> list[_Name]:
    """The names of an item, between its dots."""
    parts: list[_Name | None] = [None]
    for match in _PIECE.finditer(item):
        if match[3]:
            parts.append(None)
        else:
            before = parts[-1]
            piece = _Name(match[1].replace('""', '"'), True) if match[1] is not None else _Name(match[2], False)
            parts[-1] = piece if before is None else _Name(before.text + piece.text, before.exact or piece.exact)
    if any(part is None for part in parts):
        raise BadInput(f"{item!r}: a name is missing beside a dot")
    return [part for part in parts if part is not None]


def _test(name: _Name, groups: Mapping[str, Test], item: str, text: str) -> Test:
    if name.exact:
        return name.text.__eq__
    if name.text in groups:
        return groups[name.text]
    if _GROUP.fullmatch(name.text) and groups and name.text.endswith(("_DATABASES", "_TABLES")):
        raise BadInput(f"{text!r}: there is no group {item}; there are {', '.join(groups)}")
    return _like(name.text)


def _like(pattern: str) -> Test:
    """A test for a pattern in which `%` stands for any letters and everything else, `_` too, for itself."""
    if "%" not in pattern:
        return pattern.__eq__
    compiled = re.compile(".*".join(map(re.escape, pattern.split("%"))), re.DOTALL)
    return lambda name: compiled.fullmatch(name) is not None
