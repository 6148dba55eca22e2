"""What pgtune does to a server, one step a setting or an index, and the record of a run of steps.

The ledger stores these, `server/run` carries them out, `history` and `undo` read them back.
"""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How far a run has come. It is written down before the thing it names is begun."""

    PLANNED = "planned"  # nothing touched
    WRITING = "writing"  # some settings may be in the file
    WRITTEN = "written"  # all of them are
    RELOADED = "reloaded"
    RESTARTING = "restarting"
    APPLIED = "applied"  # checked on the server
    FAILED = "failed"  # before anything was touched
    TAKING_BACK = "taking back"
    TAKEN_BACK = "taken back"  # a check failed and pgtune restored everything itself
    LEFT_BEHIND = "left behind"  # a check failed and something could not be restored
    PARTLY_UNDONE = "partly undone"
    UNDONE = "undone"


BUILDING = "create index"

CLOSED = frozenset({State.FAILED, State.TAKEN_BACK, State.UNDONE})
"""States in which nothing of the run is left on the server."""


@dataclass(frozen=True, slots=True)
class Step:
    """One setting of a run, or one index.

    `before` is what the written file said of it (None: nothing), `after` what pgtune writes there. `running` and
    `wanted` are the values in the view's own unit, before and as they have to be in the end; `shown` is `running`
    for people. `undone` is True once the step was taken back.

    Of an index `name` is its own with its schema, `after` the statement that creates it, and `wanted` its definition as
    the server says it once it is there; empty before.
    """

    name: str
    before: str | None
    after: str
    running: str
    wanted: str
    restart: bool
    shown: str = ""
    undone: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run writes: `via` is `alter system` or `conf.d`, `file` the path as the server names it.

    A run that creates indexes is `via` BUILDING, and `file` is the database's name.

    `local` is the same file and `folder` the data directory as reachable from this machine, None where they are not;
    `programs` is the folder of the server's own programs, `unit` the systemd service that runs it.
    """

    via: str
    file: str
    local: str | None = None
    folder: str | None = None
    programs: str | None = None
    unit: str | None = None

    @property
    def builds(self) -> bool:
        """True for a run that creates indexes."""
        return self.via == BUILDING

    @property
    def things(self) -> str:
        """What its steps are, for a sentence."""
        return "indexes" if self.builds else "settings"


@dataclass(frozen=True, slots=True)
class Event:
    """A line of a run's story; `at` is UTC in ISO format."""

    at: str
    state: State
    detail: str | None


@dataclass(frozen=True, slots=True)
class Run:
    """A run as the ledger has it. `image` is the file's content before it (None: there was no file)."""

    id: int
    started: str
    server: str
    target: str
    version: int
    place: Place
    state: State
    detail: str | None
    image: bytes | None
    left: bytes | None
    steps: tuple[Step, ...]
    events: tuple[Event, ...]

    @property
    def open(self) -> bool:
        """True if something of it may be on the server still."""
        return self.state not in CLOSED
