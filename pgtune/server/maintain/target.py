"""Whether a run may work here at all: on a primary, not through a transaction pooler, beside no other run."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pgtune import versions
from pgtune.model.errors import CannotConnect, ConnectionLost, MustNotRunHere, NotAllowed, PgtuneError, Refused
from pgtune.server.maintain.session import Session

POOLER = (
    "a transaction pooler stands between pgtune and the server: it hands every transaction to another session, so no"
    " lock and no setting would hold; name the server itself"
)
# What PgBouncer answers to the options that every session of pgtune sends, unless it was told to ignore them.
UNSUPPORTED = "unsupported startup parameter"
LEAVING = 1.0  # seconds that the session of a run which has just ended may outlive it


@dataclass(frozen=True, slots=True)
class Target:
    """Who the server is; a row of maintain/target.sql and its system identifier, None where that may not be read."""

    version: int
    in_recovery: bool
    timeline: str | None
    postmaster_start: float
    database: str
    role: str
    pid: int
    system: str | None
    name: str

    @property
    def key(self) -> str:
        """What the local history tells clusters apart by."""
        return self.system or self.name


def read(session: Session) -> Target:
    """Ask who this is."""
    row = session.rows("maintain/target")[0]
    system = None
    with contextlib.suppress(NotAllowed, Refused):
        system = session.rows("maintain/system")[0]["system_identifier"]
    return Target(**row, system=system, name=session.name)


@contextmanager
def opened(conninfo: str) -> Iterator[tuple[Session, Target]]:
    """A session that holds the lock of the run while it is open.

    Raises:
        CannotConnect, NotAllowed, ConnectionLost: as the server answers.
        MustNotRunHere: a standby, a transaction pooler, an untested version, or another run is at work.
    """
    session = Session(conninfo, "pgtune maintain")
    try:
        session.connect()
    except CannotConnect as error:
        raise (MustNotRunHere(POOLER) if UNSUPPORTED in str(error) else error) from error
    try:
        found = read(session)
        _require(session, found)
        yield session, found
    finally:
        session.close()


@contextmanager
def asked(conninfo: str) -> Iterator[Target]:
    """Who the server is, with nothing locked or required.

    Raises:
        CannotConnect, NotAllowed, ConnectionLost: as the server answers.
    """
    with Session(conninfo) as session:
        yield read(session)


def _require(session: Session, found: Target) -> None:
    if found.in_recovery:
        raise MustNotRunHere(f"{found.name} is a standby: maintenance runs on its primary; nothing was done")
    if found.version // 10000 not in versions.TESTED:
        raise MustNotRunHere(
            f"{found.name} is PostgreSQL {found.version // 10000}, with which no run was tested; pgtune maintain plan"
            " --dry-run prints what it would do"
        )
    if session.process_told != found.pid and _swaps_sessions(session):
        raise MustNotRunHere(POOLER)
    other, until = _taken_by_another(session), time.monotonic() + LEAVING
    while other and time.monotonic() < until:
        time.sleep(0.05)
        other = _taken_by_another(session)
    if other:
        raise MustNotRunHere(f"{other}; nothing was done")


def _taken_by_another(session: Session, ours: Sequence[int] = ()) -> str:
    """Try for the run's lock; "" if it is this session's, or that of one of our processes."""
    taken = session.rows("maintain/run_lock")[0]["taken"]
    others = session.rows("maintain/run_lock_elsewhere", ours=list(ours))
    if not others and (taken or ours):
        return ""
    who = f" (process {others[0]['pid']})" if others else ""
    return f"another run of pgtune maintain{who} is at work on this server"


def keep(session: Session, ours: Sequence[int]) -> str:
    """Take the run's lock again where its session was lost; who has it by now, "" if it is this run's.

    Raises:
        NotAllowed, Refused, ConnectionLost: as the server answers; it may be asked again later.
    """
    with contextlib.suppress(ConnectionLost):
        session.rows("maintain/own_process")
        return ""
    pid, began = session.pid, session.began
    session.connect()
    _end(session, pid, began)
    return _taken_by_another(session, ours)


def _end(session: Session, pid: int, began: float) -> None:
    """Our own old session may outlive its connection, behind a dead network, with the lock in its hands."""
    for _ in range(20):
        if not session.rows("maintain/still_there", pid=pid, began=began):
            return
        session.rows("maintain/terminate", pid=pid)
        time.sleep(0.05)


def _swaps_sessions(session: Session) -> bool:
    """True if a pooler gives one client now this and now that session of the server.

    The process of the protocol is not that of the server, so something stands between. While another client keeps a
    transaction open in whatever session it was given, ours must still be in its own.
    """
    own = session.rows("maintain/target")[0]["pid"]
    with Session(session.conninfo, "pgtune maintain") as other, other.transaction():
        other.rows("maintain/target")
        return bool(session.rows("maintain/target")[0]["pid"] != own)


def require_same(session: Session, expected: Target) -> None:
    """After the connection was lost: go on only on the same server in the same life as a primary.

    Raises:
        MustNotRunHere: it is a standby, another server or another timeline by now.
        ConnectionLost: it cannot be asked.
    """
    try:
        found = read(session)
    except ConnectionLost:
        raise
    except PgtuneError as error:
        raise ConnectionLost(f"the server cannot be asked who it is: {error}") from error
    if found.in_recovery:
        raise MustNotRunHere("the server is a standby by now: nothing more is done")
    if found.system != expected.system:
        raise MustNotRunHere("another server answers by now: nothing more is done")
    if found.timeline != expected.timeline:
        change = f"the timeline is {found.timeline}, no longer {expected.timeline}"
        raise MustNotRunHere(f"there was a failover: {change}; nothing more is done")
