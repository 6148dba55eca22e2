"""`pgtune schedule run`: APScheduler tells the time, and one run after the other is done in the main thread.

In the main thread, because there a SIGTERM reaches the run itself, which then cleans up the object that it works on.
APScheduler keeps its jobs in memory and knows nothing of what was done: that is the history's to know, and which of
several daemons acts is for the lock on the server to say.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import Empty, SimpleQueue

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from pgtune.schedule.agenda import Agenda, Due, allowance
from pgtune.schedule.cron import preceding
from pgtune.schedule.heartbeat import BEAT, State
from pgtune.schedule.policy import Policy
from pgtune.schedule.trigger import Trigger

TURN = 1.0  # seconds that the main thread waits for something to become due
INTERRUPTED = 130  # the exit code of a run that was told to stop and has cleaned up


@dataclass(frozen=True, slots=True)
class Hands:
    """What the daemon does its work with.

    `run` does a policy's work and returns the exit code, `last` is when its last run began that went to its end,
    `standing` is empty while this daemon leads and else the reason, `beat` shows that it lives.
    """

    run: Callable[[Policy], int]
    last: Callable[[Policy], datetime | None]
    standing: Callable[[], str]
    beat: Callable[[State], None]
    say: Callable[[str], None]


class Daemon:
    """Runs policies at their times until it is told to stop."""

    def __init__(self, policies: Sequence[Policy], hands: Hands) -> None:
        self._agenda = Agenda(policies)
        self._hands = hands
        self._fired: SimpleQueue[tuple[str, datetime]] = SimpleQueue()
        self._standing: str | None = None  # as the main thread has acted on it
        self._seen = "it has not looked yet"  # as the last beat found it
        self._running: str | None = None

    def serve(self) -> int:
        """Run until SIGTERM, SIGHUP or Ctrl-C, which arrive as KeyboardInterrupt; the exit code is 0 then."""
        try:
            self._look()
            with self._scheduler():
                while True:
                    self._turn()
        except KeyboardInterrupt:
            self._hands.say("stopped")
        return 0

    @contextmanager
    def _scheduler(self) -> Iterator[None]:
        logging.getLogger("apscheduler").addHandler(logging.NullHandler())  # what matters is said by `_trouble`
        scheduler = BackgroundScheduler(
            jobstores={"default": MemoryJobStore()}, executors={"default": ThreadPoolExecutor(1)}, timezone=UTC
        )
        scheduler.add_listener(self._trouble, EVENT_JOB_MISSED | EVENT_JOB_ERROR)
        for policy in self._agenda.policies.values():
            scheduler.add_job(
                self._note, Trigger(policy.cron, policy.zone), args=(policy,), id=policy.name,
                coalesce=True, max_instances=1, misfire_grace_time=int(allowance(policy).total_seconds()),
            )  # fmt: skip
        scheduler.add_job(self._look, "interval", seconds=BEAT, coalesce=True, max_instances=1, misfire_grace_time=None)
        scheduler.start()
        try:
            yield
        finally:
            scheduler.shutdown(wait=False)

    def _note(self, policy: Policy) -> None:
        now = datetime.now(UTC)
        self._fired.put((policy.name, preceding(policy.cron, now, policy.zone) or now))

    def _look(self) -> None:
        self._seen = self._hands.standing()
        self._hands.beat(State(self._seen, self._running))

    def _trouble(self, event: JobExecutionEvent) -> None:
        what = f"failed: {event.exception}" if event.code == EVENT_JOB_ERROR else "came too late and was left out"
        self._hands.say(f"the timer of {event.job_id} {what}")

    def _turn(self) -> None:
        fired = self._arrivals()
        if self._seen != self._standing:
            self._take_position(self._seen)
        if self._standing:
            return
        for name, since in fired:
            self._agenda.fired(name, since)
        for each in self._agenda.expired(datetime.now(UTC)):
            self._hands.say(f"{each.policy.name}: too late for the run of {each.since:%Y-%m-%d %H:%M} UTC, left out")
        due = self._agenda.take(datetime.now(UTC))
        if due is not None:
            self._carry_out(due)

    def _arrivals(self) -> list[tuple[str, datetime]]:
        found = []
        try:
            found.append(self._fired.get(timeout=TURN))
            while True:
                found.append(self._fired.get_nowait())
        except Empty:
            return found

    def _take_position(self, standing: str) -> None:
        self._standing = standing
        if standing:
            self._agenda.clear()
            self._hands.say(f"standing by: {standing}")
            return
        self._hands.say("leading: runs start from here")
        for each in self._agenda.catch_up(datetime.now(UTC), self._hands.last):
            self._hands.say(f"{each.policy.name}: catching up on the run of {each.since:%Y-%m-%d %H:%M} UTC")

    def _carry_out(self, due: Due) -> None:
        self._running = due.policy.name
        self._hands.say(f"{due.policy.name}: {', '.join(due.policy.tasks)}")
        try:
            code = self._hands.run(due.policy)
        finally:
            self._running = None
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        again = self._agenda.ended(due, code, datetime.now(UTC))
        self._hands.say(f"{due.policy.name}: ended with exit code {code}{', to be tried again' if again else ''}")
