"""The one answer of `pgtune advise`: what a report on it is made of."""

from dataclasses import dataclass, field

from pgtune.indexes.advice import IndexAdvice
from pgtune.model.design import Index
from pgtune.partitions.advice import PartitionAdvice

SCHEMA = "pgtune.advise/1"


@dataclass(frozen=True, slots=True)
class Run:
    """One measured execution: the planner's cost, milliseconds, pages of 8 kB hit or read, rows.

    One that was cut off took longer than `ms`, and has neither pages nor rows.
    """

    cost: float
    ms: float
    buffers: int
    rows: float
    cut_off: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """A query on the proving server without and with the indexes; `why_not` says why it was not run.

    The predicted costs are the twin's.
    """

    text: str
    fingerprint: str
    origin: str
    predicted_before: float
    predicted_after: float
    before: Run | None = None
    after: Run | None = None
    used: tuple[str, ...] = ()
    why_not: str | None = None


@dataclass(frozen=True, slots=True)
class Built:
    """An index as it was really built there: predicted and true bytes, and the seconds that it took."""

    index: Index
    predicted_bytes: int
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Widened:
    """An index that took the place of a narrower one, and the query that was slower with that than without any.

    Those had to make `room` for it within the budget.

    Its milliseconds without any index, with the narrower one and with this; `others` is how much longer all other
    queries take for it, as a share of the workload's time.
    """

    text: str
    index: Index
    instead: Index
    room: tuple[Index, ...]
    before_ms: float
    after_ms: float
    then_ms: float
    others: float


@dataclass(frozen=True, slots=True)
class Slowed:
    """A query that took longer with the indexes than without any, and those without which it does not.

    `others` is how much longer all other queries take without them, as a share of the workload's time. They were given
    up, or `kept` because that is too much: then it is at least so much.
    """

    text: str
    indexes: tuple[Index, ...]
    before_ms: float
    after_ms: float
    without_ms: float
    others: float
    kept: bool


@dataclass(frozen=True, slots=True)
class Filled:
    """An index that was not advised at first, in the room of those given up; all queries take less with it by `gain`.

    That is a share of the workload's time.
    """

    index: Index
    gain: float


@dataclass(frozen=True, slots=True)
class Proof:
    """What `--prove` found on the server named for it; indexes given up, or replaced, are only in `built`."""

    target: str
    built: tuple[Built, ...]
    queries: tuple[Measured, ...]
    notes: tuple[str, ...] = ()
    widened: tuple[Widened, ...] = ()
    slowed: tuple[Slowed, ...] = ()
    filled: tuple[Filled, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A statement that is no part of the workload, and why."""

    text: str
    origin: str
    why: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything that was found out. `target` says whose advice it is, `source` where the workload came from.

    `notes` are what a reader must know: what could not be read, what did not travel, whose planner planned.
    """

    target: str
    version: str
    source: str
    indexes: IndexAdvice
    partitions: PartitionAdvice
    budget_bytes: int | None = None
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    proof: Proof | None = field(default=None)

    @property
    def advises(self) -> bool:
        """True if there is something to do; an index to watch is nothing to do yet."""
        found = self.indexes
        to_drop = any(drop.ddl for drop in found.drops)
        return bool(
            found.recommendations or to_drop or found.merges or found.statistics or self.partitions.partitionings
        )
