"""Files whose comments say which part goes up and which comes back: goose, dbmate, sql-migrate, rambler, tern."""

import re
from collections.abc import Iterator
from itertools import islice

from pgtune.sources.part import Order, Part

_MARK = re.compile(
    r"^[ \t]*--[ \t]*(?:\+[ \t]*(?P<plus>goose|micrate|migrate)[ \t]+(?P<way1>up|down)"
    r"|migrate:(?P<way2>up|down)|rambler[ \t]+(?P<way3>up|down))\b(?P<options>.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_MOST = 20  # one or two is what files have
_TERN = re.compile(r"^-{4} create above / drop below -{4}[ \t]*$", re.MULTILINE)
_NO_TRANSACTION = re.compile(r"^[ \t]*--[ \t]*\+[ \t]*goose[ \t]+no[ \t]+transaction\b", re.IGNORECASE | re.MULTILINE)
_OPTION = re.compile(r"\btransaction:[ \t]*false\b|\bnotransaction\b", re.IGNORECASE)


def sections(text: str, series: str, order: Order) -> tuple[Part, ...]:
    """The parts of the file, each with the lines of the others left blank; none if no comment says a direction."""
    found = tuple(_parts(text, series, order))
    return found or tuple(_tern(text, series, order))


def _parts(text: str, series: str, order: Order) -> Iterator[Part]:
    places = list(islice(_MARK.finditer(text), _MOST))
    bare = bool(_NO_TRANSACTION.search(text))
    for place, behind in zip(places, (*places[1:], None), strict=False):
        down = any((place[way] or "").lower() == "down" for way in ("way1", "way2", "way3"))
        alone = bare or bool(_OPTION.search(place["options"]))
        body = _only(text, place.end(), behind.start() if behind else len(text))
        yield Part(_tool(place), body, series, order, "none" if alone else "one", down)


def _tool(place: re.Match[str]) -> str:
    if place["plus"]:
        return {"migrate": "sql-migrate"}.get(place["plus"].lower(), place["plus"].lower())
    return "dbmate" if place["way2"] else "rambler"


def _only(text: str, start: int, end: int) -> str:
    return "\n" * text.count("\n", 0, start) + text[start:end]


def _tern(text: str, series: str, order: Order) -> Iterator[Part]:
    place = _TERN.search(text)
    if place:
        yield Part("tern", text[: place.start()], series, order)
        yield Part("tern", _only(text, place.end(), len(text)), series, order, down=True)
