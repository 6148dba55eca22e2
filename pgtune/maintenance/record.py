"""A run of maintenance as it is recorded, reported and read back, and what it is doing while it runs."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pgtune.maintenance.work import Alarm, Deferred, Kind, Outcome, Result, Skipped

SCHEMA = "pgtune.maintain.run/1"
HISTORY_SCHEMA = "pgtune.maintain.history/1"


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run. Times are UTC in ISO format; `ended_early` says why jobs were left, "" if none were.

    `number` is the history's, `exit_code` that of the command; `debris` names what could not be cleaned up.
    """

    schema: str = field(default=SCHEMA, kw_only=True)
    number: int
    target: str
    version: int
    began: str
    ended: str
    exit_code: int
    ended_early: str = ""
    results: tuple[Result, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    deferred: tuple[Deferred, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    debris: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def scope(tasks: Iterable[Kind], databases: str | None, schemas: str | None, tables: str | None) -> str:
    """What a run was to work on, as the history keeps it: the tasks, and the selections as they were given.

    A scheduler asks by it when its policy last ran, whoever called the run.
    """
    given = {"databases": databases, "schemas": schemas, "tables": tables}
    return "; ".join([",".join(sorted(tasks)), *(f"{what} {text}" for what, text in given.items() if text)])


@dataclass(frozen=True, slots=True)
class Working:
    """What one session is doing now: `phase` as PostgreSQL names it, `share` of that phase done, None: unknown."""

    kind: Kind
    shown: str
    seconds: float
    phase: str = ""
    share: float | None = None
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A statement as the history has it.

    `ended` None: it is at work, waits for its turn among small objects begun together, or whoever ran it has died.
    `sql` is what it takes alone; small tables stand together in one such statement.
    """

    run: int
    step: int
    kind: Kind
    database: str
    schema: str
    name: str
    sql: str
    began: str
    ended: str | None = None
    outcome: Outcome | None = None
    detail: str = ""
    seconds: float | None = None
    bytes_before: int | None = None
    bytes_after: int | None = None


@dataclass(frozen=True, slots=True)
class Deferral:
    """An object whose work was put off in so many runs since it was last done."""

    kind: Kind
    database: str
    schema: str
    name: str
    times: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """A run as the history has it; `ended` None: it is at work or was cut off. The newest entries come last.

    `scope` is what it was to work on, as the function of that name writes it.
    """

    number: int
    target: str
    began: str
    ended: str | None
    exit_code: int | None
    detail: str = ""
    entries: tuple[Entry, ...] = ()
    scope: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """What maintenance did, the newest run first."""

    schema: str = field(default=HISTORY_SCHEMA, kw_only=True)
    runs: tuple[Recorded, ...]
