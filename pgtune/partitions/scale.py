"""The axis that a range key lies on: numbers for its values, periods to cut it by, and bounds as SQL.

Dates and times are seconds since 1970 in UTC. The calendar is PostgreSQL's own, the proleptic Gregorian one; it is
reckoned here because the core knows no clock.
"""

import re
from dataclasses import dataclass
from typing import Literal

DAY = 86400
Unit = Literal["hour", "day", "week", "month", "quarter", "year"]
UNITS: dict[Unit, float] = {
    "year": 365.25 * DAY, "quarter": 365.25 / 4 * DAY, "month": 365.25 / 12 * DAY, "week": 7 * DAY, "day": DAY,
    "hour": 3600,
}  # fmt: skip
"""Each unit with its mean length in seconds, the longest first."""

MONTHS: dict[Unit, int] = {"month": 1, "quarter": 3, "year": 12}
TIMES = {"date", "timestamp without time zone", "timestamp with time zone"}
NUMBERS = {"smallint", "integer", "bigint"}

_MOMENT = re.compile(
    r"(\d{4,6})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d(?:\.\d+)?))?(?:([+-])(\d\d)(?::(\d\d))?(?::\d\d)?)?"
)


@dataclass(frozen=True, slots=True)
class Period:
    """How long a partition is: a calendar unit, or (for numbers) a step."""

    unit: Unit | None = None
    step: int = 0

    def __str__(self) -> str:
        return self.unit or f"{self.step} ids"

    @property
    def length(self) -> float:
        """Its mean length on the axis."""
        return UNITS[self.unit] if self.unit else float(self.step)

    def floor(self, value: float) -> int:
        """The start of the period that holds the value."""
        if self.unit is None:
            return int(value // self.step) * self.step
        if self.unit == "week":  # weeks start on a Monday: 1970-01-05 was one
            return int((value - 4 * DAY) // (7 * DAY)) * 7 * DAY + 4 * DAY
        if self.unit not in MONTHS:
            length = int(UNITS[self.unit])
            return int(value // length) * length
        year, month, _ = civil(int(value // DAY))
        months = MONTHS[self.unit]
        return days(year, (month - 1) // months * months + 1, 1) * DAY

    def next(self, start: int) -> int:
        """The start of the period after the one that starts here."""
        if self.unit is None:
            return start + self.step
        if self.unit not in MONTHS:
            return start + int(UNITS[self.unit])
        year, month, _ = civil(start // DAY)
        months = year * 12 + month - 1 + MONTHS[self.unit]
        return days(months // 12, months % 12 + 1, 1) * DAY


@dataclass(frozen=True, slots=True)
class Scale:
    """The axis of one type, as format_type() writes it without its precision."""

    type: str

    @property
    def timed(self) -> bool:
        """True for dates and times."""
        return self.type in TIMES

    def read(self, text: str) -> float | None:
        """A value of pg_stats as a number; None for one that has no place here (infinity, BC)."""
        if not self.timed:
            return float(text) if re.fullmatch(r"-?\d+", text) else None
        match = _MOMENT.fullmatch(text)
        if match is None:
            return None
        hours, minutes, seconds = int(match[4] or 0), int(match[5] or 0), float(match[6] or 0)
        offset = int(match[8] or 0) * 3600 + int(match[9] or 0) * 60
        day = days(int(match[1]), int(match[2]), int(match[3]))
        return day * DAY + hours * 3600 + minutes * 60 + seconds - (-offset if match[7] == "-" else offset)

    def bound(self, value: int) -> str:
        """The value as FROM and TO take it."""
        if not self.timed:
            return f"({value})" if value >= 0 else f"('{value}')"
        if self.type == "date":
            return f"('{_date(value)}')"
        zone = "+00" if self.type.endswith("with time zone") else ""
        return f"('{_date(value)} {_clock(value)}{zone}')"

    def suffix(self, value: int, period: Period) -> str:
        """The part of a partition's name that says where it starts."""
        if period.unit is None:
            return f"p{value}" if value >= 0 else f"pm{-value}"
        year, month, day = civil(value // DAY)
        texts = {
            "year": f"p{year:04}",
            "quarter": f"p{year:04}_q{(month + 2) // 3}",
            "month": f"p{year:04}_{month:02}",
            "hour": f"p{year:04}_{month:02}_{day:02}_{value % DAY // 3600:02}",
        }
        return texts.get(period.unit, f"p{year:04}_{month:02}_{day:02}")


def _date(value: int) -> str:
    year, month, day = civil(value // DAY)
    return f"{year:04}-{month:02}-{day:02}"


def _clock(value: int) -> str:
    seconds = value % DAY
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def days(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to a date, counted in years that start in March so that the leap day comes last."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


def civil(number: int) -> tuple[int, int, int]:
    """The date that is so many days after 1970-01-01."""
    era, of_era = divmod(number + 719468, 146097)
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month += 3 if month < 10 else -9
    return year + era * 400 + (month <= 2), month, day


_INTERVAL = re.compile(r"(\d+)\s*(hour|day|week|mon|month|year)s?")
_SECONDS = {"hour": 3600.0, "day": 1.0 * DAY, "week": 7.0 * DAY, "mon": UNITS["month"], "month": UNITS["month"],
            "year": UNITS["year"]}  # fmt: skip


def interval(text: str) -> tuple[str, float] | None:
    """An interval found in an expression such as `now() - interval '90 days'`: its words and its seconds."""
    match = _INTERVAL.search(text.lower())
    if match is None:
        return None
    return f"{match[1]} {match[2]}{'' if match[1] == '1' else 's'}", int(match[1]) * _SECONDS[match[2]]
