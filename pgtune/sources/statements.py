"""The statements of a text of SQL, each on its line; what cannot be read is said once, and the rest goes on."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pglast import parser

from pgtune.model.errors import NotSql
from pgtune.model.finding import Skipped
from pgtune.sources.project import Role, Sql
from pgtune.sqltext.parse import Piece, guarded, split
from pgtune.sqltext.placeholders import numbered
from pgtune.sqltext.psql import Mark, marks, without_psql

_OPENED = {"string": "a string", "name": "a quoted name", "dollar": "a dollar-quoted string", "block": "a comment"}
_BLANK = re.compile(r"(?:\s|--[^\n]*+|;)*+")


@dataclass(frozen=True, slots=True)
class Found:
    """What a text holds: its statements in their order, and what of it could not be read."""

    statements: tuple[Sql, ...] = ()
    skipped: tuple[Skipped, ...] = ()


def statements(text: str, path: str, role: Role = "query", *, native: bool = False) -> Found:
    """The statements of a text for psql; `native`: `?` and `:` are operators, so placeholders need not be tried."""
    plain = without_psql(text)
    whole = _parses(plain)
    unclosed = None if whole else next((mark for mark in marks(plain) if not mark.closed), None)
    lost = () if unclosed is None else (_lost(plain, path, unclosed),)
    if unclosed is not None:
        plain = plain[: _last_end(plain, unclosed.start)]
    try:
        pieces = split(plain)
    except NotSql as error:
        return Found((), (Skipped(path, 0, f"cannot be cut into statements: {error}"),))
    found = tuple(_read(piece, path, role, native=native) for piece in pieces) if pieces else ()
    wrong = () if whole or _parses(plain) else tuple(_wrong(found, native=native))
    bad = {each.line for each in wrong}
    return Found(tuple(each for each in found if each.line not in bad), (*wrong, *lost))


def _lost(text: str, path: str, mark: Mark) -> Skipped:
    line = text.count("\n", 0, mark.start) + 1
    return Skipped(path, line, f"{_OPENED[mark.kind]} that begins here has no end: nothing behind it was reviewed")


def _last_end(text: str, before: int) -> int:
    """Where the last statement that ends before this place ends."""
    return max((mark.end for mark in marks(text[:before]) if mark.kind == "end"), default=0)


def _read(piece: Piece, path: str, role: Role, *, native: bool) -> Sql:
    start = leading(piece.text)
    line = piece.line + piece.text.count("\n", 0, start)
    text = piece.text[start:]
    return Sql(text, path, line, text.count("\n") + 1, role, native)


def leading(text: str) -> int:
    """Where the first word of a statement begins, behind blanks, comments and lone semicolons."""
    at = 0
    while True:
        at = _BLANK.match(text, at).end()  # type: ignore[union-attr]  # an empty match is one
        if not text.startswith("/*", at):
            return at
        at = next(marks(text[at:])).end + at


def _wrong(found: tuple[Sql, ...], *, native: bool) -> Iterator[Skipped]:
    for each in found:
        if not _parses(each.text):
            reason = why_not(each.text, native=native)
            if reason:
                yield Skipped(each.path, each.line, f"not SQL for PostgreSQL: {reason}")


def _parses(text: str) -> bool:
    try:
        guarded(parser.split, text)
    except NotSql:
        return False
    return True


def why_not(text: str, *, native: bool = False) -> str:
    """Why a statement, with whatever placeholders, is no SQL; empty if it is."""
    try:
        guarded(parser.split, text if native else numbered(text).text)
    except NotSql as error:
        return str(error)
    return ""
