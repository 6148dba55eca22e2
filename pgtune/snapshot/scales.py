"""Masks of numbers and times: stretched away from nought, or from when the snapshot was taken, at uneven rates.

Order and rough distances stay, so ranges are as selective as before; small whole numbers stay what they are.
"""

import re
from collections.abc import Callable
from decimal import Decimal

from pgtune.snapshot.words import Draw

Stretch = Callable[[int], int]

OCTAVES = 256  # up to 2 ** 256; beyond, the last rate goes on
NUMBERS = (104, 119)
"""Rates in percent for numbers: whole numbers up to 5 stay (they are seldom data), from 25 on none does."""
TIMES = (101, 106)
"""Rates in percent for times: `now() - interval '1 day'` finds about as much as before."""

DAY = 86_400_000_000  # microseconds
STAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?( ?(?:UTC|GMT|Z|[+-]\d\d(?::?\d\d)?))?"
)
CLOCK = re.compile(r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([+-]\d\d(?::?\d\d)?)?")
YEARS = (1500, 2200)
"""What lies outside is no date but a word for never or always, and stays."""


def stretching(name: str, rates: tuple[int, int], draw: Draw) -> Stretch:
    """A growing function of whole numbers from 0 on, by a rate of its own from each power of 2 to the next.

    Every rate is above 1, so that different numbers stay different.
    """
    lowest, highest = rates
    drawn = [lowest * 100 + number % ((highest - lowest) * 100) for number in draw(name, OCTAVES)]
    starts = [0]
    for octave, rate in enumerate(drawn):
        starts.append(starts[-1] + rate * ((1 << octave) - (1 << octave >> 1)))

    def stretch(value: int) -> int:
        octave = min(value.bit_length(), OCTAVES - 1)
        return (starts[octave] + drawn[octave] * (value - (1 << octave >> 1))) // 10_000

    return stretch


def number(text: str, stretch: Stretch) -> str:
    """A number's mask: its whole part is stretched, what is behind the point stays; a word, as NaN, stays."""
    found = NUMBER.fullmatch(text)
    if found is None:
        return text
    sign, whole, fraction, exponent = found.groups()
    if not exponent:
        return f"{sign}{stretch(int(whole))}{fraction or ''}"
    value = Decimal(text)
    if abs(value.adjusted()) > LONGEST:
        return text
    size = abs(value)
    return f"{sign}{stretch(int(size)) + size % 1:f}"


NUMBER = re.compile(r"(-?)(\d+)(\.\d+)?([eE][+-]?\d+)?")
LONGEST = 400  # digits: more than any float has


def microseconds(text: str) -> int | None:
    """Microseconds since 1970 of a date or a time stamp, UTC where it names no zone, None for what is none."""
    found = STAMP.fullmatch(text)
    if found is None or not YEARS[0] <= int(found[1]) <= YEARS[1]:
        return None
    hour, minute, second = (int(part or 0) for part in found.group(4, 5, 6))
    clock = ((hour * 60 + minute) * 60 + second) * 1_000_000 + int((found[7] or "0").ljust(6, "0"))
    return _days(int(found[1]), int(found[2]), int(found[3])) * DAY + clock - _offset(found[8] or "")


def _offset(zone: str) -> int:
    """Microseconds that a zone (`+05:30`, `-03`, `Z`) is ahead of UTC."""
    digits = re.sub(r"\D", "", zone).ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return (-minutes if zone.strip().startswith("-") else minutes) * 60_000_000


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970 in the Gregorian calendar: years begin in March, so that the leap day comes last."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def _civil(days: int) -> tuple[int, int, int]:
    """The date of a number of days since 1970."""
    era, of_era = divmod(days + 719_468, 146_097)
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    civil = month + 3 if month < 10 else month - 9
    return year + era * 400 + (civil <= 2), civil, of_year - (153 * month + 2) // 5 + 1


def time(text: str, taken: int, stretch: Stretch) -> str:
    """A date's or time stamp's mask in its own form; what is none, or far away, stays."""
    value, found = microseconds(text), STAMP.fullmatch(text)
    if value is None or found is None:
        return text
    away = stretch(abs(value - taken))
    new = taken + away if value >= taken else taken - away
    days, clock = divmod(new + _offset(found[8] or ""), DAY)
    date = "{:04}-{:02}-{:02}".format(*_civil(days))
    return (
        f"{date}{found[8] or ''}"
        if found[4] is None
        else f"{date} {_clock(clock, exact=bool(found[7]))}{found[8] or ''}"
    )


def clock(text: str, percent: int) -> str:
    """A time of day's mask: the day is as long, its hours are shorter."""
    found = CLOCK.fullmatch(text)
    if found is None:
        return text
    hour, minute, second = (int(part) for part in found.group(1, 2, 3))
    value = ((hour * 60 + minute) * 60 + second) * 1_000_000 + int((found[4] or "0").ljust(6, "0"))
    return f"{_clock(value * percent // 100, exact=True)}{found[5] or ''}"


def _clock(value: int, *, exact: bool) -> str:
    seconds, fraction = divmod(value, 1_000_000)
    minutes, second = divmod(seconds, 60)
    text = "{:02}:{:02}:{:02}".format(*divmod(minutes, 60), second)
    return f"{text}.{fraction:06}" if exact or fraction else text
