"""One working session as the observer sees it: what runs, since when, and whether it was told to stop."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pgtune.maintenance.patience import Course
from pgtune.maintenance.record import Working
from pgtune.maintenance.work import Blocker, Job, Outcome


@dataclass(slots=True)
class Watch:
    """Shared by a session's thread and the observer's; everything changes under `mutex`.

    A cancel is sent under it too, and only while a statement runs: it can never hit the statement after. `why` is the
    outcome for which the observer cancelled, `others` how many more tables the statement does, `strict` one that may
    only be cancelled for impatience, as a clean-up, and `built` the oid of the index that a concurrent build was seen
    to make.
    """

    mutex: threading.Lock = field(default_factory=threading.Lock)
    pid: int = 0
    job: Job | None = None
    others: int = 0
    running: bool = False
    strict: bool = False
    began: float = 0.0
    waiting_since: float | None = None
    waited: float = 0.0
    queued: bool = False
    phase: str = ""
    share: float | None = None
    built: int | None = None
    why: Outcome | None = None
    cancelled_at: float = 0.0
    blocked_by: tuple[Blocker, ...] = ()

    @contextmanager
    def statement(self, pid: int, job: Job, *, others: int = 0, strict: bool = False) -> Iterator[None]:
        """While a statement runs; what was seen of an earlier one is forgotten."""
        with self.mutex:
            self.pid, self.job, self.others, self.strict, self.running = pid, job, others, strict, True
            self.began, self.waiting_since, self.waited, self.queued = time.monotonic(), None, 0.0, False
            self.phase, self.share, self.why, self.cancelled_at, self.blocked_by = "", None, None, 0.0, ()
            if not strict:
                self.built = None
        try:
            yield
        finally:
            with self.mutex:
                self.running = False

    def course(self, now: float) -> Course:
        """How the statement has gone until now."""
        waiting = now - self.waiting_since if self.waiting_since is not None else 0.0
        return Course(waiting, max(0.0, now - self.began - self.waited - waiting), self.queued)

    def saw(self, now: float, *, waiting: bool, queued: bool) -> None:
        """Note whether the session waits; the time of an ended wait counts as waited, not as worked."""
        if waiting and self.waiting_since is None:
            self.waiting_since = now
        if not waiting and self.waiting_since is not None:
            self.waited += now - self.waiting_since
            self.waiting_since = None
        self.queued = queued

    def working(self, now: float) -> Working | None:
        """For the progress; None while nothing runs."""
        with self.mutex:
            if not self.running or self.job is None:
                return None
            waiting = self.waiting_since is not None
            shown = self.job.target.shown + (f" and {self.others} more" if self.others else "")
            return Working(self.job.kind, shown, now - self.began, self.phase, self.share, waiting)
