"""The observer: one session and one thread that keep the patience for all sessions that work.

It polls what they wait for and how the server fares, cancels what must not go on, and remembers who stood in the way.
A timeout of the server cannot do this: it ends a concurrent build anywhere, without a reason and without a clean-up.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from psycopg.rows import DictRow

from pgtune.maintenance.patience import Limits, Pulse, verdict
from pgtune.maintenance.record import Working
from pgtune.maintenance.work import Blocker, Outcome
from pgtune.model.errors import ConnectionLost, PgtuneError
from pgtune.server.maintain import blockers, target
from pgtune.server.maintain.session import Session
from pgtune.server.maintain.watch import Watch

TICK = 0.1  # seconds between looks at the sessions: a lock's queue is left at most this much too late
BEAT = 1.0  # seconds between looks at the lock and the server's pulse: the WAL's rate is measured over them
AGAIN = 1.0  # seconds after which a cancel that had no effect is sent again

Tell = Callable[[Sequence[Working]], None]


@dataclass(slots=True)
class Observer:
    """Watches the sessions from its own thread until it is left; `deadline` is a monotonic time.

    `lock` is the session that holds the run's lock. Should it be lost, the lock is taken again; `usurper` says which
    other run has it by then.
    """

    conninfo: str
    limits: Limits
    deadline: float | None = None
    tell: Tell | None = None
    lock: Session | None = None
    usurper: str = ""
    watches: list[Watch] = field(default_factory=list)
    pulse: Pulse = field(default_factory=Pulse)
    interrupted: threading.Event = field(default_factory=threading.Event)
    _stop: threading.Event = field(default_factory=threading.Event)
    _session: Session | None = None
    _thread: threading.Thread | None = None
    _wal: tuple[float, float] | None = None
    _next_beat: float = 0.0

    def __enter__(self) -> Self:
        """Connect, take the first pulse if a limit is about it, and begin to watch.

        Raises:
            CannotConnect, NotAllowed, ConnectionLost: as the server answers.
        """
        self._session = Session(self.conninfo, "pgtune observer")
        self._session.connect()
        self._beat(self._session, time.monotonic())
        self._thread = threading.Thread(target=self._watch, name="observer", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        """Stop watching."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
        if self._session is not None:
            self._session.close()

    @property
    def pids(self) -> list[int]:
        """The processes that watch, hold the lock and work for this run."""
        own = [session.pid for session in (self._session, self.lock) if session is not None]
        return [*own, *(watch.pid for watch in list(self.watches))]

    def left(self, now: float | None = None) -> float | None:
        """Seconds to the deadline; None: there is none."""
        return None if self.deadline is None else self.deadline - (now or time.monotonic())

    def require_server(self) -> None:
        """Ask whether the server is there at all, with a session beside the watching one.

        Raises:
            ConnectionLost: it is not.
        """
        try:
            with Session(self.conninfo, "pgtune observer"):
                return
        except PgtuneError as error:
            raise ConnectionLost(f"the server cannot be reached: {error}") from error

    def _watch(self) -> None:
        while not self._stop.wait(TICK):
            try:
                self._tick()
            except Exception:  # noqa: BLE001  (whatever it was: without an observer nobody would keep the patience)
                self._reconnect()

    def _reconnect(self) -> None:
        """One attempt a second; the sessions that work notice a lost server themselves."""
        self._wal = None
        if self._session is not None and not self._stop.wait(1.0):
            try:
                self._session.connect()
            except PgtuneError:
                self.pulse = Pulse()

    def _tick(self) -> None:
        session = self._session
        if session is None:
            return
        now = time.monotonic()
        if now >= self._next_beat:
            self._beat(session, now)
        busy = {watch.pid: watch for watch in list(self.watches) if watch.running}
        if busy:
            seen = {row["pid"]: row for row in session.rows("maintain/watch", pids=list(busy))}
            for pid, watch in busy.items():
                self._look(session, watch, seen.get(pid))
        if self.tell is not None:
            lines = (watch.working(now) for watch in list(self.watches))
            with suppress(OSError, ValueError):  # a terminal that has gone away
                self.tell([line for line in lines if line is not None])

    def _beat(self, session: Session, now: float) -> None:
        self._next_beat = now + BEAT
        if self.lock is not None and not self.usurper:
            self.usurper = target.keep(self.lock, self.pids)
        if not self.limits.ask_server:
            return
        row = session.rows("maintain/pulse", pids=[watch.pid for watch in self.watches])[0]
        rate = None
        if self._wal is not None and now > self._wal[0]:
            rate = (row["wal"] - self._wal[1]) / (now - self._wal[0])
        self._wal = (now, row["wal"])
        self.pulse = Pulse(row["lag"], rate, row["active"], row["unseen"], row["slot"])

    def _look(self, session: Session, watch: Watch, row: DictRow | None) -> None:
        now = time.monotonic()
        with watch.mutex:
            if not watch.running or row is None or watch.pid != row["pid"]:
                return
            watch.saw(now, waiting=row["waiting"], queued=bool(row["queued"]))
            watch.phase, watch.share = row["phase"], row["share"]
            watch.built = row["index_oid"] or watch.built
            why = watch.why or self._why(watch, now)
            if why is None or now - watch.cancelled_at < AGAIN:
                return
            if watch.why is None:
                watch.blocked_by = _blocked_by(session, row)
            watch.why, watch.cancelled_at = why, now
            session.rows("maintain/cancel", pid=watch.pid)

    def _why(self, watch: Watch, now: float) -> Outcome | None:
        if watch.strict:
            return verdict(watch.course(now), Limits(self.limits.patience), Pulse(), None)
        if self.interrupted.is_set():
            return Outcome.INTERRUPTED
        return verdict(watch.course(now), self.limits, self.pulse, self.left(now))


def _blocked_by(session: Session, row: DictRow) -> tuple[Blocker, ...]:
    """Who holds up the session of this row; a prepared transaction has no process, pg_blocking_pids says 0."""
    pids = {*(row["blocked_by"] or ()), row["locker"] or 0} - {0}
    return blockers.named(session, sorted(pids), "was waited for") if pids else ()
