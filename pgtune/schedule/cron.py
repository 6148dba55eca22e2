"""Cron's five fields as values, and the moments that they mean in a time zone.

The grammar is that of crontab(5): digits, names, ranges, steps, lists, `@daily` and its kin. Weekdays are cron's: 0 and
7 are Sunday. (APScheduler counts them from Monday, so its own reading of cron text is never used.)

Twice a year a time of day happens twice or not at all. A time that names its hours runs once a day whatever the clocks
do: at the first of two, and where there is none at the end of the gap, as Debian's cron does. Every hour means every
hour that passes: 23 or 25 of them on such a day.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pgtune.model.errors import BadInput

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
# The longest wait that a valid text can mean: 29 February across 2100, which is no leap year, is 8 years away.
HORIZON_DAYS = 9 * 366
LONGEST_CHANGE = 180  # minutes: no zone has moved its clocks by more within a day since 1970, but for whole days
ALL_DAYS, ALL_WEEKDAYS = tuple(range(1, 32)), tuple(range(7))
SPANS = (timedelta(hours=2), timedelta(days=2), timedelta(days=32), timedelta(days=367), timedelta(days=HORIZON_DAYS))


@dataclass(frozen=True, slots=True)
class Field:
    """One of the five: its name, its bounds, and the names that stand for its numbers, the first for `least`."""

    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()


MINUTE, HOUR = Field("minute", 0, 59), Field("hour", 0, 23)
DAY, MONTH = Field("day of the month", 1, 31), Field("month", 1, 12, MONTHS)
WEEKDAY = Field("weekday", 0, 7, DAYS)

_PART = re.compile(r"(?:(?P<star>\*)|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>[0-9]{1,4}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cron:
    """The five fields as sorted numbers; weekdays count from Sunday, 0 to 6, and are written by name.

    Where days and weekdays are both restricted a date needs to satisfy one of them only, as in cron.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]

    def __str__(self) -> str:
        """The text, as short as it can be said; a day's name means the same to every scheduler."""
        fields = ((self.minutes, MINUTE), (self.hours, HOUR), (self.days, DAY), (self.months, MONTH))
        words = [_shown(numbers, field.most - field.least + 1, str) for numbers, field in fields]
        return " ".join([*words, _shown(self.weekdays, 7, DAYS.__getitem__)])

    @property
    def hourly(self) -> bool:
        """True if every hour that passes is meant, not hours of the clock."""
        return len(self.hours) == 24

    def on(self, day: date) -> bool:
        """True if the date is one of its days."""
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        either = len(self.days) < len(ALL_DAYS) and len(self.weekdays) < len(ALL_WEEKDAYS)
        return day.month in self.months and (by_day or by_weekday if either else by_day and by_weekday)


def parse(text: str) -> Cron:
    """The five fields of a cron text.

    Raises:
        BadInput: it has not five fields, a field cannot be read, or no date ever satisfies it.
    """
    words = NICKNAMES.get(text.strip().lower(), text).split()
    if len(words) != 5:
        raise BadInput(f"{text!r} has {len(words)} fields; cron has five: minute, hour, day, month, weekday")
    _refuse_ambiguous(words[2], words[4], text)
    fields = zip((MINUTE, HOUR, DAY, MONTH, WEEKDAY), words, strict=True)
    minutes, hours, days, months, weekdays = (_numbers(field, word) for field, word in fields)
    weekdays = tuple(sorted({number % 7 for number in weekdays}))
    both = not words[2].startswith("*") and not words[4].startswith("*")
    if both and (len(days) == len(ALL_DAYS) or len(weekdays) == len(ALL_WEEKDAYS)):
        days, weekdays = ALL_DAYS, ALL_WEEKDAYS  # either of them satisfies every date
    found = Cron(minutes, hours, days, months, weekdays)
    if not any(found.on(date(2000, 1, 1) + timedelta(days=n)) for n in range(366)):
        raise BadInput(f"{text!r} never comes: no month has such a day")
    return found


def _refuse_ambiguous(day: str, weekday: str, text: str) -> None:
    """Of `*/2 * mon` some crons make "either", others "both"."""
    stepped = (day.startswith("*/") and weekday != "*") or (weekday.startswith("*/") and day != "*")
    if stepped:
        raise BadInput(f"{text!r}: with */ in one of day and weekday the other must be *, since crons disagree on it")


def _numbers(field: Field, text: str) -> tuple[int, ...]:
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise BadInput(f"the {field.name} {part!r} is no number, name, range or step")
        found |= set(_span(field, match))
    return tuple(sorted(found))


def _span(field: Field, match: re.Match[str]) -> range:
    step = int(match["step"] or 1)
    if match["star"]:
        first, last = field.least, 6 if field is WEEKDAY else field.most
    else:
        first = _number(field, match["first"])
        last = _number(field, match["last"]) if match["last"] else field.most if match["step"] else first
        if field is WEEKDAY and match["last"] and last == 0:
            last = 7  # mon-sun
    if step == 0 or last < first:
        raise BadInput(f"the {field.name} {match[0]!r} names nothing")
    return range(first, last + 1, step)


def _number(field: Field, word: str) -> int:
    if word.lower() in field.names:
        return field.names.index(word.lower()) + field.least
    if not word.isdecimal() or not field.least <= int(word[:9]) <= field.most:
        raise BadInput(f"the {field.name} {word!r} is not within {field.least} and {field.most}")
    return int(word)


def _shown(numbers: tuple[int, ...], all_of_them: int, word: Callable[[int], str]) -> str:
    if len(numbers) == all_of_them:
        return "*"
    spans = _runs(numbers)
    return ",".join(word(first) if first == last else f"{word(first)}-{word(last)}" for first, last in spans)


def _runs(numbers: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    first = previous = numbers[0]
    for number in numbers[1:]:
        if number != previous + 1:
            yield first, previous
            first = number
        previous = number
    yield first, previous


def following(cron: Cron, after: datetime, zone: ZoneInfo) -> datetime | None:
    """The first moment after this one, in UTC; None if there is none before the calendar ends."""
    try:
        return _next_elapsed(cron, after, zone) if cron.hourly else _next_of_clock(cron, after, zone)
    except OverflowError:
        return None


def preceding(cron: Cron, until: datetime, zone: ZoneInfo) -> datetime | None:
    """The last moment up to this one, in UTC; None if there was none in years."""
    for span in SPANS:
        last, moment = None, following(cron, until - span, zone)
        while moment is not None and moment <= until:
            last, moment = moment, following(cron, moment, zone)
        if last is not None:
            return last
    return None


def _next_of_clock(cron: Cron, after: datetime, zone: ZoneInfo) -> datetime | None:
    day = after.astimezone(zone).date() - timedelta(days=1)  # a gap around midnight moves a time into the next day
    for _ in range(HORIZON_DAYS):
        found = next((moment for moment in _moments(cron, day, zone) if moment > after), None)
        if found is not None:
            return found
        day += timedelta(days=1)
    return None


def _moments(cron: Cron, day: date, zone: ZoneInfo) -> Iterator[datetime]:
    """A day's moments in order: the first of two, and for a missing time the moment at which the gap ends."""
    if cron.on(day):
        for hour in cron.hours:
            for minute in cron.minutes:
                clock = datetime.combine(day, time(hour, minute), zone)
                moment = clock.astimezone(UTC)  # with fold=0 Python takes the first of two
                there = moment.astimezone(zone).replace(tzinfo=None) == clock.replace(tzinfo=None)
                yield moment if there else _end_of_gap(clock)


def _end_of_gap(clock: datetime) -> datetime:
    """When the clocks jumped over this time: between what it means by the offset after and by the one before."""
    early, late = clock.replace(fold=1).astimezone(UTC), clock.astimezone(UTC)
    offset = late.astimezone(clock.tzinfo).utcoffset()
    while late - early > timedelta(minutes=1):
        middle = early + (late - early) // 2
        if middle.astimezone(clock.tzinfo).utcoffset() == offset:
            late = middle
        else:
            early = middle
    return late.replace(second=0, microsecond=0)


def _next_elapsed(cron: Cron, after: datetime, zone: ZoneInfo) -> datetime | None:
    moment = after.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    end = moment + timedelta(days=HORIZON_DAYS)
    while moment < end:
        local = moment.astimezone(zone)
        if not cron.on(local.date()):
            left = 24 * 60 - local.hour * 60 - local.minute
            moment += timedelta(minutes=max(1, left - LONGEST_CHANGE))
        elif local.minute in cron.minutes:
            return moment
        else:
            moment += timedelta(minutes=1)
    return None
