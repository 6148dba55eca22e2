"""APScheduler's trigger for cron's moments."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger

from pgtune.schedule.cron import Cron, following


class Trigger(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Fires at the moments of a cron text in a zone.

    APScheduler's own trigger counts weekdays from Monday, wants a date to satisfy day and weekday both, and fires a
    fixed time twice on the day on which the clocks go back.
    """

    __slots__ = ("cron", "zone")

    def __init__(self, cron: Cron, zone: ZoneInfo) -> None:
        self.cron = cron
        self.zone = zone

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """The next moment: after the one before, or for the first time from now on, this very moment included."""
        return following(self.cron, previous_fire_time or now - timedelta(microseconds=1), self.zone)
