"""An .sql file: a migration by its tool's convention, a script with DDL, or queries, which may have names."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from pgtune.model.finding import Skipped
from pgtune.sources.comments import comments
from pgtune.sources.conventions import File, recognised
from pgtune.sources.part import Order, Part, in_transaction
from pgtune.sources.project import Comment, Migration, Sql
from pgtune.sources.routines import routine
from pgtune.sources.statements import Found, statements
from pgtune.sqltext.psql import marks

_DDL = re.compile(r"(?:create|alter|drop|comment|grant|revoke|truncate|reindex|refresh|cluster|do)\b", re.IGNORECASE)
# sqlc and aiosql say `-- name: get_user :one`, HugSQL `-- :name get-user :?`.
_NAME = re.compile(r"^[ \t]*--[ \t]*(?:name[ \t]*:|:name\b)[ \t]*(?P<name>[\w.-]+)", re.MULTILINE)


class Read(NamedTuple):
    """What one file holds; each migration with what sorts it among others: no dump, its series, its order there."""

    migrations: tuple[tuple[tuple[bool, str, Order], Migration], ...] = ()
    queries: tuple[Sql, ...] = ()
    comments: tuple[Comment, ...] = ()
    skipped: tuple[Skipped, ...] = ()


def read(file: File) -> Read:
    """What the file holds."""
    if parts := recognised(file):
        found = tuple(_migration(file.path, part) for part in parts)
        read_ = Read(tuple(made for made, _ in found), (), (), tuple(each for _, lost in found for each in lost))
    else:
        read_ = _plain(file)
    known = (*(each for _, made in read_.migrations for each in made.statements), *read_.queries)
    inside = tuple(_inside(known))
    routines = tuple(each for found in inside for each in found.statements)
    lost = tuple(each for found in inside for each in found.skipped)
    said = tuple(_comments(file, known))
    return Read(read_.migrations, (*read_.queries, *routines), said, (*read_.skipped, *lost))


def _migration(path: str, part: Part) -> tuple[tuple[tuple[bool, str, Order], Migration], tuple[Skipped, ...]]:
    found = statements(part.text, path, "migration", native=True)
    whole = in_transaction(part.shape, (each.text for each in found.statements))
    order = (part.tool != "structure", part.series, part.order)
    return (order, Migration(path, part.tool, found.statements, whole, part.down)), found.skipped


def _plain(file: File) -> Read:
    """A file of no tool: DDL in it makes a script to apply of it, unless its statements have names; else it asks."""
    found = statements(file.text, file.path)
    names = [(file.text.count("\n", 0, each.start()) + 1, each["name"]) for each in _NAME.finditer(file.text)]
    if not names and any(_DDL.match(each.text) for each in found.statements):
        applied = tuple(each._replace(role="migration", native=True) for each in found.statements)
        made = Migration(file.path, "plain", applied, transaction=False)
        return Read((((True, file.folder, ((), file.name)), made),), skipped=found.skipped)
    lines = [line for line, _ in names]
    named = (each._replace(name=_name(names, bisect_right(lines, each.line))) for each in found.statements)
    return Read(queries=tuple(named), skipped=found.skipped)


def _name(names: list[tuple[int, str]], place: int) -> str:
    return names[place - 1][1] if place else ""


def _inside(known: tuple[Sql, ...]) -> Iterator[Found]:
    return (routine(each) for each in known)


def _comments(file: File, known: tuple[Sql, ...]) -> Iterator[Comment]:
    if "pgtune:" not in file.text:
        return iter(())
    return comments(_places(file.text), file.path, known)


def _places(text: str) -> Iterator[tuple[int, str]]:
    """The comments with their lines."""
    line, at = 1, 0
    for mark in marks(text):
        if mark.kind in {"line", "block"}:
            line, at = line + text.count("\n", at, mark.start), mark.start
            yield line, text[mark.start : mark.end]
