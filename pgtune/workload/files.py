"""Statements of an .sql file: psql's commands and COPY's data are no SQL, a comment may name and weigh what follows.

`-- name: orders_of_customer @ 40` is how pgtune's demonstration, pgbench scripts and query files (aiosql, sqlc) name
theirs; a weight behind `@` is for how often they run.
"""

import re
from collections.abc import Iterator

from pgtune.model.errors import NotSql
from pgtune.sqltext.parse import Piece, split, tokens
from pgtune.workload.entry import Entry

_META = re.compile(r"\s*\\[a-zA-Z!?]")
_ENDS_QUERY = re.compile(r"\\(g|gx|gset|gexec|gdesc|crosstabview|watch)\b.*$")
_COPY = re.compile(r"\s*copy\b[^;]*\bfrom\s+stdin\b[^;]*;\s*$", re.IGNORECASE)
_NAMED = re.compile(r"--\s*name:\s*([\w.-]+)[^@\n]*(?:@\s*(\d+(?:\.\d+)?))?")


def entries(text: str, origin: str) -> tuple[Entry, ...]:
    """The file's statements in their order, each with `origin:line` as its origin.

    Raises:
        NotSql: a string or a comment has no end, so that nothing can be told apart.
    """
    plain = without_psql(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    return tuple(_weighed(split(plain), origin))


def _weighed(pieces: tuple[Piece, ...], origin: str) -> Iterator[Entry]:
    weight = 1.0
    for piece in pieces:
        names = _NAMED.findall(piece.text)
        if names:
            weight = float(names[-1][1] or 1)
        body, line = _body(piece)
        yield Entry(body, f"{origin}:{line}", weight=weight, native=False)


def _body(piece: Piece) -> tuple[str, int]:
    """The statement without the comments before it, and the line it really begins on."""
    if not piece.text.startswith(("--", "/*")):
        return piece.text, piece.line
    first = next(word for word in tokens(piece.text) if "COMMENT" not in word.name)
    return piece.text[first.start :], piece.line + piece.text.count("\n", 0, first.start)


def without_psql(text: str) -> str:
    """The text with psql's commands and COPY's data as empty lines, so that line numbers stay.

    A line that begins with a backslash inside a string or a function body is left as it is.
    """
    kept: list[str] = []
    data = False
    since = 0  # what is before was seen to end outside any string
    for line in text.split("\n"):
        if data:
            data = line.rstrip() != "\\."
            kept.append("")
        elif _META.match(line) and _outside("\n".join(kept[since:])):
            kept.append(";" if _ENDS_QUERY.search(line) else "")
            since = len(kept)
        else:
            kept.append(_ENDS_QUERY.sub(";", line) if _ENDS_QUERY.search(line) and _outside(line) else line)
            data = bool(_COPY.match(line))
    return "\n".join(kept)


def _outside(text: str) -> bool:
    try:
        tokens(text)
    except NotSql:
        return False
    return True
