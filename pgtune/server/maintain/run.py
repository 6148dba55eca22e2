"""A run: the sessions, the observer and the crew around the jobs of a plan, from the lock to the last clean-up."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from pgtune.maintenance.patience import Limits
from pgtune.maintenance.record import Working
from pgtune.maintenance.work import Job, Result
from pgtune.model.errors import CannotConnect, ConnectionLost, NotAllowed
from pgtune.server.maintain import target as targets
from pgtune.server.maintain.crew import Crew
from pgtune.server.maintain.gates import Free, Gates, unknown
from pgtune.server.maintain.hand import Hand
from pgtune.server.maintain.history import History
from pgtune.server.maintain.observer import Observer
from pgtune.server.maintain.session import Session, in_database
from pgtune.server.maintain.target import Target
from pgtune.server.maintain.watch import Watch
from pgtune.server.steadfast import steadfast

SESSIONS = 4  # that one worker keeps open for as many databases
UNWAITED = {"synchronous_commit": "off"}
"""No commit of VACUUM or ANALYZE waits for the disk, nor for a synchronous standby that may be away: what a crash of
the server undoes of the last moment is work, never data. A commit that drops the file of an index waits for the disk
all the same (documentation, Asynchronous Commit)."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Orders:
    """How to do it. `deadline` is a monotonic time; `settings` are set in every working session, after UNWAITED.

    `free` says how much space a tablespace has, and `lock` is the session that holds the run's lock.
    """

    workers: int = 1
    limits: Limits = field(default_factory=Limits)
    deadline: float | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    free: Free = unknown
    lock: Session | None = None


@dataclass(frozen=True, slots=True)
class Ears:
    """Who hears what: results as they come, what is at work several times a second, and words for a person."""

    results: Callable[[Sequence[Result]], None]
    working: Callable[[Sequence[Working]], None] | None
    say: Say


@dataclass(frozen=True, slots=True)
class Worked:
    """What became of the jobs; `interrupted` if it was told to stop, `error` if that was what ended it."""

    results: tuple[Result, ...]
    ended_early: str = ""
    interrupted: bool = False
    error: BaseException | None = None


@dataclass(slots=True)
class Hands:
    """The workers' sessions, one a worker and database; the one used longest ago makes room."""

    conninfo: str
    orders: Orders
    observer: Observer
    history: History
    target: Target
    _hands: dict[tuple[int, str], Hand] = field(default_factory=dict)
    _closed: dict[str, str] = field(default_factory=dict)
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    def hire(self, worker: int, database: str) -> Hand:
        """The tools of a worker for a database.

        Raises:
            NotAllowed: this database lets nobody in, while the server is there.
            ConnectionLost: the server is not.
            MustNotRunHere: it is another one by now.
        """
        with self._mutex:
            if database in self._closed:
                raise NotAllowed(self._closed[database])
            hand = self._hands.pop((worker, database), None)
            own = [key for key in self._hands if key[0] == worker]
            spare = self._hands.pop(own[0]) if hand is None and len(own) >= SESSIONS else None
        if spare is not None:
            self._dismiss(spare)
        try:
            hand = hand or self._made(database)
        except ConnectionLost as error:
            self.observer.require_server()
            self._closed[database] = str(error)
            raise NotAllowed(str(error)) from error
        with self._mutex:
            self._hands[worker, database] = hand
        return hand

    def _made(self, database: str) -> Hand:
        session = Session(in_database(self.conninfo, database), settings={**UNWAITED, **self.orders.settings})
        try:
            session.connect()
        except (CannotConnect, ConnectionLost):  # a restart, for all one knows
            session.come_back()
            targets.require_same(session, self.target)
        watch = Watch()
        watch.pid = session.pid
        self.observer.watches.append(watch)
        return Hand(session, watch, self.observer, self.history, lambda back: targets.require_same(back, self.target))

    def _dismiss(self, hand: Hand) -> None:
        hand.session.close()
        self.observer.watches.remove(hand.watch)

    def close(self) -> None:
        """End every session."""
        for hand in self._hands.values():
            hand.session.close()


def work(conninfo: str, target: Target, jobs: Sequence[Job], orders: Orders, history: History, ears: Ears) -> Worked:
    """Do these jobs. An interruption stops what runs, cleans up after it, and is told in the answer, not raised.

    Raises:
        CannotConnect, NotAllowed, ConnectionLost: the observer cannot connect, or cannot see what --max-lag is about.
    """
    with contextlib.ExitStack() as stack:
        observer = stack.enter_context(Observer(conninfo, orders.limits, orders.deadline, ears.working, orders.lock))
        if orders.limits.max_lag is not None and observer.pulse.unseen:
            raise NotAllowed("--max-lag needs to see how far standbys are: GRANT pg_monitor")
        hands = Hands(conninfo, orders, observer, history, target)
        stack.callback(hands.close)
        crew = Crew(Gates(observer, orders.free), hands.hire, ears.results, history.note, orders.limits.patience)
        with _stopped_gently(observer, ears.say):
            crew.start(jobs, orders.workers)
            crew.wait()
        if observer.interrupted.is_set():
            with steadfast(ears.say):
                crew.wait()
    return Worked(tuple(crew.results), crew.ended_early, observer.interrupted.is_set(), crew.error)


@contextmanager
def _stopped_gently(observer: Observer, say: Say) -> Iterator[None]:
    """Ctrl-C and SIGTERM cancel what runs; the sessions clean up after themselves."""
    try:
        yield
    except KeyboardInterrupt:
        observer.interrupted.set()
        say("interrupted: cancelling what runs and cleaning up after it")
