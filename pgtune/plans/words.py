"""Figures of plans as a person reads them."""

from collections.abc import Sequence


def count(number: float | None) -> str:
    """A number of rows or pages: three digits that count from ten thousand on, `1.2 million`."""
    if number is None:
        return "unknown"
    for size, word in ((1e9, "billion"), (1e6, "million")):
        if number >= 0.9995 * size:
            return f"{number / size:.3g} {word}"
    return f"{float(f'{number:.3g}'):,.0f}" if number >= 10_000 else f"{number:,.0f}"


def rows_of(number: float) -> str:
    """So many rows: `1 row`, `1.2 million rows`."""
    return f"{count(number)} row{'' if count(number) == '1' else 's'}"


def share(part: float) -> str:
    """A share of a whole: `12 %`, `0.02 %`, and never `0 %` for what is more than nothing."""
    percent = part * 100
    if percent >= 99.5 and part < 1:
        return "nearly all" if percent >= 99.95 else f"{percent:.1f} %"
    return f"{percent:.0f} %" if percent >= 1 or not percent else f"{max(percent, 0.0001):.1g} %"


def times(factor: float) -> str:
    """How many times as much: `12 times`, `3.4 times`."""
    return f"{count(factor)} times" if factor >= 10 else f"{factor:.1f} times"


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *first, last = words or [""]
    return f"{', '.join(first)} and {last}" if first else last


def cost(units: float) -> str:
    """A cost in the planner's units, as EXPLAIN shows it, without decimals that nobody compares."""
    return f"{units:,.2f}" if units < 10_000 else f"{units:,.0f}"
