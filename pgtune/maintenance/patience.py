"""When a running statement is cancelled: how long it may wait, and what ends it although it does not wait."""

from dataclasses import dataclass

from pgtune.maintenance.work import Outcome
from pgtune.model.units import human_bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run allows itself. Seconds and bytes; None: no limit.

    `patience` is how long a statement may wait for others. The other limits also gate each start. `wait` is how long a
    closed gate is waited for before the rest is put off.
    """

    patience: float = 2.0
    max_lag: int | None = None
    max_wal_rate: int | None = None
    max_active: int | None = None
    wait: float = 600.0

    @property
    def ask_server(self) -> bool:
        """Whether one of them is about how the server fares, of which nothing else is to be known."""
        return any(each is not None for each in (self.max_lag, self.max_wal_rate, self.max_active))


@dataclass(frozen=True, slots=True)
class Pulse:
    """How the server fares: bytes that the slowest standby is behind, WAL bytes a second, sessions at work.

    A standby that is away is behind by what its `slot` holds back; None if the slowest is there. `unseen` standbys send
    no figures to a role that may not see them. None of the others: not known (yet).
    """

    lag: int | None = None
    wal_rate: float | None = None
    active: int | None = None
    unseen: int = 0
    slot: str | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """How a statement has gone so far, in seconds: how long it has been waiting now, and how long it has worked.

    `queued` is True while it stands in the queue of a relation's lock, where others come to stand behind it; False
    while it waits for transactions or snapshots to end, which hinders nobody.
    """

    waited: float
    worked: float
    queued: bool = False


def verdict(course: Course, limits: Limits, pulse: Pulse, left: float | None) -> Outcome | None:
    """Why a statement must be cancelled now; None: it goes on. `left` is the time to the deadline.

    In a lock's queue the patience is strict. A wait that hinders nobody may last as long as the work that cancelling
    would throw away: so it never costs more than twice what the better choice would have, known beforehand.
    """
    if left is not None and left <= 0:
        return Outcome.CANCELLED_DEADLINE
    if limits.max_lag is not None and pulse.lag is not None and pulse.lag > limits.max_lag:
        return Outcome.CANCELLED_LAG
    patience = limits.patience if course.queued else max(limits.patience, course.worked)
    return Outcome.BLOCKED if course.waited > patience else None


def closed_gate(limits: Limits, pulse: Pulse) -> str | None:
    """Why no job may begin now; None: it may."""
    if limits.max_lag is not None and pulse.lag is not None and pulse.lag > limits.max_lag:
        away = f" by its slot {pulse.slot}, which nobody reads" if pulse.slot is not None else ""
        behind, most = human_bytes(pulse.lag), human_bytes(limits.max_lag)
        return f"a standby is {behind} behind{away}, more than the {most} allowed"
    if limits.max_wal_rate is not None and pulse.wal_rate is not None and pulse.wal_rate > limits.max_wal_rate:
        written, most = human_bytes(pulse.wal_rate), human_bytes(limits.max_wal_rate)
        return f"the server writes {written} of WAL a second, more than the {most} allowed"
    if limits.max_active is not None and pulse.active is not None and pulse.active > limits.max_active:
        return f"{pulse.active} sessions are at work, more than the {limits.max_active} allowed"
    return None
