"""The daemon's own behaviour without a server: what APScheduler is told, and what is done with what a run answers."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from pgtune.schedule.daemon import Daemon, Hands
from pgtune.schedule.heartbeat import State
from pgtune.schedule.policy import Policy, load
from pgtune.schedule.trigger import Trigger

SCHEDULE = """
[defaults]
timezone = "UTC"
[daily]
tasks = ["vacuum"]
cron = "{minute} {hour} * * *"
catch_up = "3h"
[hourly]
tasks = ["leftovers"]
cron = "{later} * * * *"
"""


class Watcher:
    """Hands that note what they are asked for. `run` answers with the codes in turn, then stops the daemon."""

    def __init__(self, *codes: int, standing: str = "", last: datetime | None = None) -> None:
        self.codes = list(codes)
        self.said: list[str] = []
        self.ran: list[str] = []
        self.states: list[State] = []
        self.standing = standing
        self.last = last

    def hands(self) -> Hands:
        return Hands(self.run, lambda _policy: self.last, lambda: self.standing, self.states.append, self.said.append)

    def run(self, policy: Policy) -> int:
        self.ran.append(policy.name)
        return self.codes.pop(0) if self.codes else 130


def policies() -> tuple[Policy, ...]:
    """A daily policy of an hour ago, and an hourly one that does not catch up and comes in half an hour."""
    then = datetime.now(UTC) - timedelta(hours=1)
    return load(SCHEDULE.format(minute=then.minute, hour=then.hour, later=(then.minute + 30) % 60), "f")


YESTERDAY = datetime.now(UTC) - timedelta(hours=25)


@contextmanager
def after(seconds: float, deed: Callable[[], object]) -> Iterator[None]:
    """Do it while the block lasts, and never after: a signal would end whatever runs then."""
    timer = threading.Timer(seconds, deed)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def test_apscheduler_is_told_everything_explicitly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory store, coalesce, the policy's own grace instead of APScheduler's second, our trigger, UTC, no jitter."""
    seen: list[BackgroundScheduler] = []
    started = BackgroundScheduler.start
    monkeypatch.setattr(BackgroundScheduler, "start", lambda self: (seen.append(self), started(self))[1])
    grace = {}
    with Daemon(policies(), Watcher().hands())._scheduler():
        (scheduler,) = seen
        assert isinstance(scheduler._jobstores["default"], MemoryJobStore)
        for job in scheduler.get_jobs():
            if isinstance(job.trigger, Trigger):
                assert job.coalesce is True
                assert job.max_instances == 1
                grace[job.id] = job.misfire_grace_time
    assert grace == {"daily": 3 * 3600, "hourly": 60}


def test_a_run_that_was_interrupted_ends_the_daemon() -> None:
    """The run has heard of SIGTERM and cleaned up: exit code 130 of it is the daemon's end, which is orderly."""
    watcher = Watcher(last=YESTERDAY)
    assert Daemon(policies(), watcher.hands()).serve() == 0
    assert watcher.ran == ["daily"]
    assert watcher.said[-1] == "stopped"


@pytest.mark.parametrize(
    ("code", "words"), [(0, ""), (1, ""), (2, ""), (3, ", to be tried again"), (5, ", to be tried again")]
)
def test_how_a_run_ended_is_told(code: int, words: str) -> None:
    """Each end is a line of the log, and says what comes of it."""
    watcher = Watcher(code, last=YESTERDAY)
    with after(3, lambda: signal.raise_signal(signal.SIGINT)):
        assert Daemon(policies(), watcher.hands()).serve() == 0
    assert watcher.ran == ["daily"]
    assert f"daily: ended with exit code {code}{words}" in watcher.said


def test_who_stands_by_does_nothing() -> None:
    """Without the lead nothing is run and nothing is asked of the history; the reason is said once."""
    watcher = Watcher(standing="another scheduler leads", last=YESTERDAY)
    with after(3, lambda: signal.raise_signal(signal.SIGINT)):
        assert Daemon(policies(), watcher.hands()).serve() == 0
    assert watcher.ran == []
    assert watcher.said == ["standing by: another scheduler leads", "stopped"]
    assert watcher.states[0] == State("another scheduler leads")
