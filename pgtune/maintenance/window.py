"""When maintenance may run: a daily window in the wall time of a zone. The clock and the zone are handed in."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from pgtune.model.errors import BadInput

_WINDOW = re.compile(r"\s*([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})\s*", re.ASCII)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """From `opens` to `closes` each day in the wall time of `zone`; past midnight where it closes before it opens.

    A wall time that a change of clocks leaves out is taken as the moment of the change, one that comes twice as its
    first coming when the window opens and its second when it closes: the window is never shorter than it reads.
    """

    opens: time
    closes: time
    zone: tzinfo

    def left(self, now: datetime) -> float | None:
        """Seconds until it closes, None if it is closed. `now` knows its zone."""
        for day in (0, -1):  # yesterday's window may last past midnight
            begin, end = self._on(now.astimezone(self.zone) + day * DAY)
            if begin <= now < end:
                return (end - now).total_seconds()
        return None

    def next_opening(self, now: datetime) -> datetime:
        """When it opens after now."""
        return next(
            begin
            for day in range(3)  # today, tomorrow, and the day after for the rare clock that skips a date
            if (begin := self._on(now.astimezone(self.zone) + day * DAY)[0]) > now
        )

    def _on(self, day: datetime) -> tuple[datetime, datetime]:
        """The window that opens on this day, in UTC."""
        end = day if self.closes > self.opens else day + DAY
        opens = datetime.combine(day.date(), self.opens, self.zone)
        closes = datetime.combine(end.date(), self.closes, self.zone).replace(fold=1)
        return opens.astimezone(UTC), closes.astimezone(UTC)

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closes:%H:%M} {self.zone}"


def window(text: str, zone: tzinfo) -> Window:
    """The window of `01:00-05:00`.

    Raises:
        BadInput: no two times of day, or twice the same.
    """
    match = _WINDOW.fullmatch(text)
    opens, closes = (_time(match[1], match[2]), _time(match[3], match[4])) if match else (None, None)
    if opens is None or closes is None:
        raise BadInput(f"--window {text!r}: two times of day, as 01:00-05:00 or 22:30-04:00")
    if opens == closes:
        raise BadInput(f"--window {text!r} opens and closes at once; leave it out to run at any time")
    return Window(opens, closes, zone)


def _time(hour: str, minute: str) -> time | None:
    """A time of day; 24:00 is the midnight at a day's end, as ISO 8601 has it."""
    if (hour, minute) == ("24", "00"):
        return time(0)
    try:
        return time(int(hour), int(minute))
    except ValueError:
        return None
