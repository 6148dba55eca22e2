"""The statements of a text of SQL, each on its line; what cannot be read is said once, and the rest goes on."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from pglast import parser

from pgtune.model.errors import NotSql
from pgtune.model.finding import Skipped
from pgtune.sources.project import Role, Sql
from pgtune.sqltext.parse import Piece, guarded, split
from pgtune.sqltext.placeholders import numbered
from pgtune.sqltext.psql import Mark, marks, without_psql

_OPENED = {"string": "a string", "name": "a quoted name", "dollar": "a dollar-quoted string", "block": "a comment"}
_BLOCK = 64 * 1024
_COMMAND = re.compile(
    r"[ \t]*\n\s*^(?:--|insert|create|alter|drop|select|update|delete|set|copy)", re.IGNORECASE | re.MULTILINE
)
# A variable in place of a schema: `:schema.t`, `:"schema".t`, `{schema}.t`, `%(schema)s.t`; what psql gives it.
_SCHEMA = re.compile(r"(?<![:\w])(?::\"?(?P<name>\w+)\"?|\{\w+\}|%\(\w+\)s)(?=\s*\.\s*[\w:{%\"])")
_SET = re.compile(r"^[ \t]*\\set[ \t]+(\w+)[ \t]+'?([A-Za-z_]\w*)'?[ \t]*$", re.MULTILINE)
_DYNAMIC = "a name in it is known only when it runs"
_BLANK = re.compile(r"(?:\s|--[^\n]*+|;)*+")


class Found(NamedTuple):
    """What a text holds: its statements in their order, and what of it could not be read."""

    statements: tuple[Sql, ...] = ()
    skipped: tuple[Skipped, ...] = ()


def joined(parts: Iterable[Found]) -> Found:
    """What several texts hold, one behind the other."""
    found = tuple(parts)
    return Found(
        tuple(sql for each in found for sql in each.statements), tuple(lost for each in found for lost in each.skipped)
    )


def statements(text: str, path: str, role: Role = "query", *, native: bool = False) -> Found:
    """The statements of a text for psql; `native`: `?` and `:` are operators, so placeholders need not be tried."""
    plain = _resolved(without_psql(text), dict(_SET.findall(text)))
    if _parses(plain):
        return Found(tuple(_read(split(plain), path, role, native=native)))
    ends, unclosed = _ends(plain)
    lost = () if unclosed is None else (_lost(plain, path, unclosed),)
    if unclosed is not None:
        plain = plain[: ends[-1] if ends else 0]
    blocks = [_block(*each, path, role, native=native) for each in _blocks(plain, ends)]
    skipped = (*(each for block in blocks for each in block.skipped), *lost)
    return Found(tuple(each for block in blocks for each in block.statements), skipped)


def _resolved(text: str, given: Mapping[str, str]) -> str:
    """The text with the schemas that it sets itself; a variable that nothing gives a value stays."""
    return _SCHEMA.sub(lambda found: given.get(found["name"] or "", found[0]), text) if given else text


def _ends(text: str) -> tuple[list[int], Mark | None]:
    """Behind which semicolons statements may end, and what is opened and never closed."""
    ends: list[int] = []
    for mark in marks(text):
        if not mark.closed:
            return ends, mark
        if mark.kind == "end":
            ends.append(mark.end)
    return ends, None


def _lost(text: str, path: str, mark: Mark) -> Skipped:
    line = text.count("\n", 0, mark.start) + 1
    return Skipped(path, line, f"{_OPENED[mark.kind]} that begins here has no end: nothing behind it was reviewed")


def _blocks(text: str, ends: Iterable[int]) -> Iterator[tuple[str, int]]:
    """The text in parts that are read alone, each with the line it begins on, so that one bad word costs little.

    A part ends where a command surely begins: on a line of its own, not indented as in a body.
    """
    start, line = 0, 1
    for end in ends:
        if end - start >= _BLOCK and _COMMAND.match(text, end):
            yield text[start:end], line
            start, line = end, line + text.count("\n", start, end)
    yield text[start:], line


def _block(text: str, first: int, path: str, role: Role, *, native: bool) -> Found:
    """A part of a file that begins on line `first`."""
    try:
        pieces = split(text)
    except NotSql as error:
        return Found((), (Skipped(path, first, f"cannot be cut into statements: {error}"),))
    moved = (each._replace(line=first + each.line - 1) for each in pieces)
    found = tuple(_read(moved, path, role, native=native))
    if _parses(text):
        return Found(found)
    why = [why_not(each.text, native=native) for each in found]
    wrong = (
        Skipped(each.path, each.line, _DYNAMIC if _SCHEMA.search(each.text) else f"not SQL for PostgreSQL: {reason}")
        for each, reason in zip(found, why, strict=True)
        if reason
    )
    return Found(tuple(each for each, reason in zip(found, why, strict=True) if not reason), tuple(wrong))


def _read(pieces: Iterable[Piece], path: str, role: Role, *, native: bool) -> Iterator[Sql]:
    """The statements of pieces, from their first word on; the scanner knows fewer blanks than Python does."""
    for piece in pieces:
        start = leading(piece.text)
        if text := piece.text[start:]:
            line = piece.line + piece.text.count("\n", 0, start)
            yield Sql(text, path, line, text.count("\n") + 1, role, native)


def leading(text: str) -> int:
    """Where the first word of a statement begins, behind blanks, comments and lone semicolons."""
    at = 0
    while True:
        at = _BLANK.match(text, at).end()  # type: ignore[union-attr]  # an empty match is one
        if not text.startswith("/*", at):
            return at
        at = next(marks(text[at:])).end + at


def _parses(text: str) -> bool:
    try:
        guarded(parser.split, text)
    except NotSql:
        return False
    return True


def why_not(text: str, *, native: bool = False) -> str:
    """Why a statement, with whatever placeholders, is no SQL; empty if it is."""
    if _parses(text):
        return ""
    try:
        guarded(parser.split, text if native else numbered(text).text)
    except NotSql as error:
        return str(error)
    return ""
