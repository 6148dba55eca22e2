"""A session and its watch: what runs is watched, why it failed is judged, and a lost connection is come back from.

Whether it succeeded is read from the server, not from the statement's return: VACUUM succeeds without a right, and a
rebuild whose statement failed may have happened.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pgtune.maintenance import outcomes
from pgtune.maintenance.work import Blocker, Job, Kind, Outcome, Result
from pgtune.model.errors import ConnectionLost, MustNotRunHere
from pgtune.server.asking import GONE
from pgtune.server.maintain import blockers
from pgtune.server.maintain.ends import Ended
from pgtune.server.maintain.history import History
from pgtune.server.maintain.observer import Observer
from pgtune.server.maintain.session import Session
from pgtune.server.maintain.state import State
from pgtune.server.maintain.watch import Watch
from pgtune.versions import features

Answer = TypeVar("Answer")

CORRUPTING = "REINDEX CONCURRENTLY may lose rows on 14.0 to 14.3: update the server first (release notes of 14.4)"
RETURNS = 3  # times that a connection may be lost again at once
ORPHAN_ENDS = 10.0  # seconds within which a cancelled backend whose client is lost has to be gone


@dataclass(slots=True)
class Hand:
    """What a worker does the jobs of one database with.

    `came_back` is called after the server was reached again, and may refuse to go on there (another timeline).
    """

    session: Session
    watch: Watch
    observer: Observer
    history: History
    came_back: Callable[[Session], None]

    def refusal(self, job: Job, found: State) -> Ended | None:
        """Why it does not begin; asked of the server as it is now, the plan may be hours old.

        Raises:
            MustNotRunHere: the server has become a standby.
        """
        if found.in_recovery:
            raise MustNotRunHere("the server is a standby by now: nothing more is done")
        other = _other_object(job, found)
        if other:
            return Ended(Result(job, Outcome.GONE, other))
        if not found.taken:
            return Ended(Result(job, Outcome.LOCKED, "another pgtune works on it"), again=True)
        if job.kind is Kind.REINDEX and features.rebuilds_corrupt(self.session.version):
            return Ended(Result(job, Outcome.FAILED, CORRUPTING))
        return None

    def execute(self, jobs: Sequence[Job], statement: str) -> None:
        """Run a statement that does these jobs, watched; debris is removed without looking at load or deadline.

        Raises:
            psycopg.Error, ConnectionLost: as the session does.
        """
        strict = jobs[0].kind is Kind.LEFTOVERS
        with self.watch.statement(self.session.pid, jobs[0], others=len(jobs) - 1, strict=strict):
            self.session.execute(statement)

    def failed(self, job: Job, error: Exception) -> Ended:
        """A statement failed, was cancelled or lost: why, and whether it may be tried again."""
        lost = self.is_lost(error)
        who = self.watch.blocked_by
        if lost:
            self.return_to_work()
        return self._judged(job, error, lost=lost, who=who)

    def _judged(self, job: Job, error: Exception, *, lost: bool, who: tuple[Blocker, ...]) -> Ended:
        sqlstate = getattr(error, "sqlstate", None)
        words = " ".join(str(error).split())
        if lost:
            return Ended(Result(job, Outcome.FAILED, f"the connection was lost: {words}"), again=True)
        if self.watch.why is not None and sqlstate == "57014":
            return Ended(
                Result(job, self.watch.why, blockers.sentence(who) or words, blocked_by=who),
                again=self.watch.why in outcomes.RETRIED,
            )
        outcome = outcomes.of_state(sqlstate)
        again = outcome in outcomes.RETRIED
        return Ended(Result(job, outcome, words, blocked_by=who), again, disk_full=sqlstate in outcomes.FULL)

    def steadily(self, ask: Callable[[], Answer]) -> Answer:
        """Ask what a new session can answer too, once more if the connection is lost meanwhile.

        Raises:
            MustNotRunHere, ConnectionLost: as `return_to_work`.
        """
        try:
            return ask()
        except ConnectionLost:
            self.return_to_work()
            return ask()

    def is_lost(self, error: Exception) -> bool:
        """Whether it is the end of the connection."""
        sqlstate = getattr(error, "sqlstate", None)
        return self.session.lost or bool(sqlstate and sqlstate.startswith(GONE))

    def return_to_work(self) -> None:
        """Reach the server again, and end what the lost backend may still be doing there.

        A server that is going down may take a new session along: that is tried again too.

        Raises:
            MustNotRunHere: another server has taken its place.
            ConnectionLost: it cannot be reached again.
        """
        pid, began = self.session.pid, self.session.began
        for attempt in range(1, RETURNS + 1):
            self.session.come_back()
            self.watch.pid = self.session.pid
            try:
                self.came_back(self.session)
                self._end_orphan(pid, began)
            except ConnectionLost:
                if attempt == RETURNS:
                    raise
            else:
                return

    def _end_orphan(self, pid: int, began: float) -> None:
        """Cancelled, it ends when it finds its client gone; behind a dead network it finds nothing, and is ended."""
        limit = time.monotonic() + ORPHAN_ENDS
        while self.session.rows("maintain/still_there", pid=pid, began=began):
            late = time.monotonic() > limit - ORPHAN_ENDS / 2
            self.session.rows("maintain/terminate" if late else "maintain/cancel", pid=pid)
            if time.monotonic() > limit:
                raise ConnectionLost(f"process {pid}, whose connection was lost, is still at work")
            time.sleep(0.2)


def _other_object(job: Job, found: State) -> str:
    """Why the oid is not what was planned; "" if it is."""
    if found.name is None:
        return "it was dropped meanwhile"
    if not found.is_still(job):
        return f"its oid is {found.schema}.{found.name} by now"
    return "it is a valid index by now" if job.kind is Kind.LEFTOVERS and found.valid else ""
