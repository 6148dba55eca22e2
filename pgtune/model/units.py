"""Sizes and times as PostgreSQL itself writes them.

PostgreSQL's grammar for a setting with a unit (documentation, 20.1.1): a number, optional white space, and one of
B, kB, MB, GB, TB or us, ms, s, min, h, d. Units are case-sensitive, the multiplier of memory is 1024, and a fraction
must be quoted in a file; what pgtune prints is therefore always a whole number.
"""

import re

BYTES = {"B": 1, "kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1e3, "min": 6e4, "h": 3.6e6, "d": 8.64e7}

KB, MB, GB, TB = BYTES["kB"], BYTES["MB"], BYTES["GB"], BYTES["TB"]

_QUANTITY = re.compile(r"\s*([0-9]*\.?[0-9]+)\s*([A-Za-z]*)\s*", re.ASCII)


def _parse(text: str, units: dict[str, int] | dict[str, float], what: str) -> float:
    match = _QUANTITY.fullmatch(text)
    if match is None or match[2] not in units:
        raise ValueError(f"{text!r} is not a {what}: a number and one of {', '.join(units)}")
    return float(match[1]) * units[match[2]]


def parse_bytes(text: str) -> int:
    """Bytes from `64MB` or `1.5GB`; raise ValueError for anything that PostgreSQL would refuse."""
    return round(_parse(text, BYTES, "size"))


def parse_ms(text: str) -> float:
    """Milliseconds from `5min` or `100us`; raise ValueError for anything that PostgreSQL would refuse."""
    return _parse(text, MILLISECONDS, "duration")


def format_bytes(size: int) -> str:
    """The size in the largest unit that loses nothing, never with a fraction: 1536 MB, not 1.5 GB."""
    for unit in ("TB", "GB", "MB", "kB"):
        if size >= BYTES[unit] and size % BYTES[unit] == 0:
            return f"{size // BYTES[unit]}{unit}"
    return f"{size}B"


def format_ms(duration: float) -> str:
    """The duration in the largest unit that loses nothing."""
    for unit in ("d", "h", "min", "s", "ms"):
        if duration >= MILLISECONDS[unit] and duration % MILLISECONDS[unit] == 0:
            return f"{int(duration // MILLISECONDS[unit])}{unit}"
    return f"{round(duration * 1000)}us" if duration else "0"


def human_bytes(size: float) -> str:
    """A size for a person: three digits that count, `1.5 GB`; for text alone, PostgreSQL parses it only quoted."""
    for unit in ("TB", "GB", "MB", "kB"):
        number = size / BYTES[unit]
        if abs(number) >= 1:  # from 999.5 on, three digits would need an exponent
            return f"{number:.3g} {unit}" if abs(number) < 999.5 else f"{number:.0f} {unit}"
    return f"{size:.0f} B"


def floor_to(size: float, step: int) -> int:
    """The greatest multiple of `step` that is not above `size`."""
    return int(size // step) * step


def power_of_two(size: float) -> int:
    """The least power of two that is not below `size` (at least 1)."""
    return 1 << max(0, int(-(-size // 1)) - 1).bit_length()
