"""Statements of an .sql file: psql's commands and COPY's data are no SQL, a comment may name and weigh what follows.

`-- name: orders_of_customer @ 40` is how pgtune's demonstration, pgbench scripts and query files (aiosql, sqlc) name
theirs; a weight behind `@` is for how often they run.
"""

import re
from collections.abc import Iterator

from pgtune.sqltext.parse import Piece, split, tokens
from pgtune.sqltext.psql import without_psql
from pgtune.workload.entry import Entry

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
