"""Comments that speak to the review: `pgtune: ignore CODE[, CODE] reason`."""

import re
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator

from pgtune.sources.project import Comment, Sql

_SAYS = re.compile(
    r"pgtune:[ \t]*ignore\b[ \t]*(?P<codes>[a-z][\w.*-]*(?:[ \t]*,[ \t]*[a-z][\w.*-]*)*)?[ \t:;-]*(?P<reason>.*)",
    re.IGNORECASE,
)
# So many statements that begin before a line are looked at: one may be the body of another.
_NEAR = 500
_ENDS = re.compile(r"\*/.*|-->.*")


def comments(places: Iterable[tuple[int, str]], path: str, statements: Iterable[Sql]) -> Iterator[Comment]:
    """Those among comments, each given with its line, that speak to the review.

    One covers the statement that stands on its line, else the next one.
    """
    spans = sorted((each.line, each.line + each.lines - 1) for each in statements)
    for line, text in places:
        if found := _SAYS.search(text):
            codes = tuple(each.strip() for each in (found["codes"] or "").split(",") if each.strip())
            reason = _ENDS.sub("", found["reason"]).strip()
            yield Comment(path, line, codes, reason, _covers(line, spans))


def _covers(line: int, spans: list[tuple[int, int]]) -> tuple[int, int]:
    place = bisect_right(spans, (line, sys.maxsize))
    here = [span for span in spans[max(0, place - _NEAR) : place] if span[1] >= line]
    if here:
        return min(first for first, _ in here), max(last for _, last in here)
    return (line, spans[place][1]) if place < len(spans) else (line, line)
