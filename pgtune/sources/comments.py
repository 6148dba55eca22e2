"""Comments that speak to the review: `pgtune: ignore CODE[, CODE] reason`."""

import re
from collections.abc import Iterable, Iterator

from pgtune.sources.project import Comment, Sql

_SAYS = re.compile(
    r"pgtune:[ \t]*ignore\b[ \t]*(?P<codes>[a-z][\w.*-]*(?:[ \t]*,[ \t]*[a-z][\w.*-]*)*)?[ \t:;-]*(?P<reason>.*)",
    re.IGNORECASE,
)
_ENDS = re.compile(r"\*/.*|-->.*")


def comment(text: str, path: str, line: int, statements: Iterable[Sql]) -> Comment | None:
    """What a comment that stands on this line says; None if it does not speak to the review.

    It covers the statement that stands on its line, else the next one.
    """
    found = _SAYS.search(text)
    if not found:
        return None
    codes = tuple(each.strip() for each in (found["codes"] or "").split(",") if each.strip())
    reason = _ENDS.sub("", found["reason"]).strip()
    return Comment(path, line, codes, reason, _covers(line, statements))


def comments(places: Iterable[tuple[int, str]], path: str, statements: Iterable[Sql]) -> Iterator[Comment]:
    """Those among comments, each given with its line, that speak to the review."""
    known = tuple(statements)
    for line, text in places:
        if found := comment(text, path, line, known):
            yield found


def _covers(line: int, statements: Iterable[Sql]) -> tuple[int, int]:
    spans = [(each.line, each.line + each.lines - 1) for each in statements]
    here = [span for span in spans if span[0] <= line <= span[1]]
    if here:
        return min(first for first, _ in here), max(last for _, last in here)
    behind = [span for span in spans if span[0] > line]
    return (line, min(behind)[1]) if behind else (line, line)
