"""PostgreSQL's text form of one-dimensional arrays, as pg_stats shows most common values and histograms."""

import re
from functools import lru_cache

_ELEMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,{}"]+)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@lru_cache(maxsize=1024)  # a column is asked about by many statements
def elements(text: str | None) -> tuple[str | None, ...]:
    """The elements of `{a,"b c",NULL}`; none for None and for what is no array."""
    if text is None or not text.startswith("{") or not text.endswith("}"):
        return ()
    found = _ELEMENT.finditer(text[1:-1])
    return tuple(_element(match) for match in found)


def _element(match: re.Match[str]) -> str | None:
    if match[1] is not None:
        return _ESCAPED.sub(r"\1", match[1])
    return None if match[2].upper() == "NULL" else match[2]


def array(*values: str) -> str:
    """The values as PostgreSQL's text of an array."""
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"


def numbers(text: str | None) -> tuple[float, ...]:
    """The elements as numbers, as most_common_freqs has them."""
    return tuple(float(each) for each in elements(text) if each is not None)
