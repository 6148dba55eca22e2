"""Scripts for psql: its own commands and the data behind COPY are no SQL. One pass, whatever stands in the text."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

Kind = Literal["string", "name", "dollar", "line", "block", "meta", "ends", "end", "data"]

# What may open something that hides what is in it; a command at a line's start or behind a query; a statement's end.
_NEXT = re.compile(
    r"(?P<string>(?<![\w$])[eE]'|')|(?P<name>\")|(?P<dollar>(?<![\w$])\$(?:[^\W\d]\w*)?\$)|(?P<line>--)|(?P<block>/\*)"
    r"|(?P<meta>^[ \t]*\\[a-zA-Z!?].*)|(?P<ends>\\(?:gx?|gset|gexec|gdesc|crosstabview|watch)\b.*)|(?P<end>;)",
    re.MULTILINE,
)
_ENDS_QUERY = re.compile(r"[ \t]*\\(gx?|gset|gexec|gdesc|crosstabview|watch)\b")
_HAS_ANY = re.compile(r"\\[a-zA-Z!?]|from\s+stdin\b", re.IGNORECASE)
_ESCAPED = re.compile(r"\\.|'", re.DOTALL)
_NESTED = re.compile(r"/\*|\*/")
_COPY = re.compile(r"\s*\\?copy\b[^;]*\bfrom\s+stdin\b[^;]*", re.IGNORECASE)
_DATA_ENDS = re.compile(r"^\\\.[ \t]*$", re.MULTILINE)


class Mark(NamedTuple):
    """A place in a script.

    `kind`: string, name, dollar, line and block hide what is in them (a literal, a quoted name, a function's body, a
    comment); meta is a command of psql on a line of its own, ends one behind a query; end is a semicolon, data what
    COPY reads. `closed` False: what was opened has no end, so nothing behind it can be told apart.
    """

    kind: Kind
    start: int
    end: int
    closed: bool = True


def marks(text: str) -> Iterator[Mark]:
    """The places of the script in their order, none inside another."""
    at = begin = 0
    while found := _NEXT.search(text, at):
        mark = _mark(text, found)
        yield mark
        if not mark.closed:
            return
        at = mark.end
        if mark.kind in {"line", "block"} and not text[begin : mark.start].strip():
            begin = at  # a comment before a statement is no part of it
        elif mark.kind in {"end", "meta"}:
            if _COPY.fullmatch(text, begin, mark.start if mark.kind == "end" else mark.end):
                at = _behind_data(text, at)
                yield Mark("data", mark.end, at)
            begin = at


def _mark(text: str, found: re.Match[str]) -> Mark:
    kind: Kind = found.lastgroup  # type: ignore[assignment]  # the groups' names are the kinds
    end = _closing(text, kind, found)
    return Mark(kind, found.start(), len(text) if end < 0 else end, end >= 0)


def _closing(text: str, kind: Kind, found: re.Match[str]) -> int:
    """Where what begins here ends; -1 if it never does."""
    at = found.end()
    if kind == "block":
        return _block(text, at)
    if kind == "string" and len(found.group()) > 1:  # E'...': a quote may be escaped
        return next((each.end() for each in _ESCAPED.finditer(text, at) if each.group() == "'"), -1)
    if kind == "line":
        end = text.find("\n", at)
        return len(text) if end < 0 else end
    if kind in {"string", "name", "dollar"}:
        end = text.find(found.group(), at)
        return end if end < 0 else end + len(found.group())
    return at


def _block(text: str, at: int) -> int:
    """Comments of this kind nest."""
    depth = 1
    for each in _NESTED.finditer(text, at):
        depth += 1 if each.group() == "/*" else -1
        if not depth:
            return each.end()
    return -1


def unclosed_comments(text: str) -> int:
    """How many comments are open, one in the other, where the text ends."""
    last = next((mark for mark in marks(text) if not mark.closed and mark.kind == "block"), None)
    if last is None:
        return 0
    return sum(1 if each.group() == "/*" else -1 for each in _NESTED.finditer(text, last.start))


def _behind_data(text: str, at: int) -> int:
    found = _DATA_ENDS.search(text, at)
    return found.end() if found else len(text)


def without_psql(text: str) -> str:
    """The text with psql's commands and COPY's data as empty lines, so that line numbers stay.

    A line that begins with a backslash inside a string or a function body is left as it is.
    """
    if "\\" not in text and "stdin" not in text.lower():  # most files: nothing of it can be there
        return text
    if not _HAS_ANY.search(text):
        return text
    kept, at = [], 0
    for mark in marks(text):
        if mark.kind in {"meta", "ends", "data"}:
            ends = mark.kind == "ends" or (mark.kind == "meta" and _ENDS_QUERY.match(text, mark.start))
            kept += [text[at : mark.start], ";" if ends else "", "\n" * text.count("\n", mark.start, mark.end)]
            at = mark.end
    return "".join([*kept, text[at:]])
