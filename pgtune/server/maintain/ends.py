"""How a job ended, and when."""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from pgtune.maintenance.work import Job, Result


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended: `again` if another attempt may succeed, `follow` what has to be removed after it."""

    result: Result
    again: bool = False
    follow: tuple[Job, ...] = ()
    disk_full: bool = False

    def timed(self, began: float, ended: float) -> "Ended":
        """With its times, given on the monotonic clock."""
        result = replace(self.result, began=wall_time(began), ended=wall_time(ended), seconds=ended - began)
        return replace(self, result=result)


def wall_time(moment: float) -> str:
    """A moment of the monotonic clock in UTC, in ISO format."""
    then = datetime.now(UTC) - timedelta(seconds=time.monotonic() - moment)
    return then.isoformat(timespec="milliseconds")
