"""The types that planning, running, recording and reporting maintenance share. Sizes are bytes, times are seconds."""

from dataclasses import dataclass, field
from enum import StrEnum

SCHEMA = "pgtune.maintain.plan/1"


class Kind(StrEnum):
    """The tasks, by the names that `--task` takes."""

    LEFTOVERS = "leftovers"
    VACUUM = "vacuum"
    ANALYZE = "analyze"
    REINDEX = "reindex"


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or an index of one database. Names are as the catalog has them, unquoted; the oid is what counts."""

    schema: str
    name: str
    oid: int

    @property
    def shown(self) -> str:
        """Schema and name for a person; `names.sql` gives the form for a statement."""
        return f"{self.schema}.{self.name}"


class Hold(StrEnum):
    """What stands in the way."""

    SESSION = "session"
    PREPARED = "prepared transaction"
    SLOT = "replication slot"
    STANDBY = "standby"
    AUTOVACUUM = "autovacuum"  # against wraparound: it is never cancelled


@dataclass(frozen=True, slots=True)
class Blocker:
    """Who would stop a job, or make it useless, if it began now.

    `name` is the pid, the gid, the slot's or the standby's name; `age` how many seconds the transaction or snapshot has
    lasted, `xids` how many transactions its horizon lies behind. `effect` says what it keeps from happening. What the
    role may not see (another role's query) is None.
    """

    hold: Hold
    name: str
    effect: str
    user: str | None = None
    application: str | None = None
    age: float | None = None
    xids: int | None = None
    query: str | None = None


@dataclass(frozen=True, slots=True)
class Gain:
    """What a job is expected to bring: dead rows made reusable, bytes given back to the disk. None: unknown."""

    rows: int | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Needs:
    """What a job takes while it runs: a second copy on the data's disk, WAL, and space for its sorts."""

    disk: int = 0
    wal: int = 0
    sort: int = 0

    @property
    def total(self) -> int:
        """All of it, as if on one disk."""
        return self.disk + self.wal + self.sort


class Urgency(StrEnum):
    """Why a job goes before better-paid ones. The order of the members is the order of the work."""

    ALARM = "alarm"  # an index whose collation changed gives wrong answers; wraparound stops the server
    AGE = "age"  # ids so old that autovacuum must freeze, or already should have
    DEBRIS = "debris"  # leftovers slow every write and every rebuild to come
    ORDINARY = "ordinary"


@dataclass(frozen=True, slots=True)
class Job:
    """One object's work. Two jobs of one `table` never run at once; `sql` runs in order, each statement on its own.

    `sql` is what psql takes, every name quoted. `lock` is the strongest lock held for long, as PostgreSQL names it.
    `seconds` is the predicted time and `predicted_from` says how: "history" (of the object), "throughput" (of others),
    "assumed" (by the guide's figure), or "" where it is None. `score` is benefit per second: greater goes first within
    one urgency. `bytes` is the size that the work passes over.
    """

    kind: Kind
    database: str
    target: Relation
    table: Relation
    why: str
    sql: tuple[str, ...]
    lock: str
    gain: Gain = Gain()
    bytes: int | None = None
    seconds: float | None = None
    predicted_from: str = ""
    needs: Needs = Needs()
    urgency: Urgency = Urgency.ORDINARY
    score: float = 0.0
    blockers: tuple[Blocker, ...] = ()
    tablespace: str | None = None  # None: the database's own


@dataclass(frozen=True, slots=True)
class Skipped:
    """An object that needs work and gets none. `grant` is the statement that would help, None where none would."""

    kind: Kind
    database: str
    target: Relation
    why: str
    grant: str | None = None


@dataclass(frozen=True, slots=True)
class Deferred:
    """A job that does not fit: the window, the disk."""

    job: Job
    why: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """What a person has to look at, whatever maintenance does; `target` is None where the whole database is meant."""

    database: str
    what: str
    target: Relation | None = None


class Surplus(StrEnum):
    """Why an index may not be worth its upkeep."""

    UNUSED = "unused"
    DUPLICATE = "duplicate"
    REDUNDANT = "redundant"


@dataclass(frozen=True, slots=True)
class Spare:
    """An index that is reported, never dropped. `instead` is the index that serves its queries."""

    surplus: Surplus
    database: str
    index: Relation
    table: Relation
    why: str
    bytes: int | None = None
    instead: Relation | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done now, in order, and everything else a person should know.

    `databases` are those looked at, `missing` what could not be read and which grant would bring it. `at` is UTC in ISO
    format, `version` server_version_num.
    """

    schema: str = field(default=SCHEMA, kw_only=True)
    target: str
    version: int
    at: str
    databases: tuple[str, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    jobs: tuple[Job, ...] = ()
    deferred: tuple[Deferred, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    spares: tuple[Spare, ...] = ()
    blockers: tuple[Blocker, ...] = ()
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class Outcome(StrEnum):
    """How a job ended, as observed on the server and in its notices."""

    DONE = "done"
    DONE_WITH_DEBRIS = "done, debris cleaned"  # the swap happened, the old index was left and has been dropped
    NOTHING_REMOVABLE = "nothing removable"  # VACUUM ran, and somebody's old snapshot kept every dead row
    LOCKED = "locked"
    NO_PERMISSION = "no permission"
    GONE = "gone"  # dropped between planning and now
    DEFERRED = "deferred"  # not begun: window, lag or load
    NO_ROOM = "no room"  # not begun: the next window will find the disk no larger
    BLOCKED = "blocked"  # not begun, or given up with nothing left behind: patience ended
    CANCELLED_LAG = "cancelled: lag"
    CANCELLED_DEADLINE = "cancelled: deadline"
    INTERRUPTED = "interrupted"
    DUPLICATE_KEY = "duplicate key"  # rows that a unique index forbids: an alarm, never retried
    FAILED = "failed"
    DEBRIS_LEFT = "debris left"  # something could not be cleaned up; `detail` names it


@dataclass(frozen=True, slots=True)
class Result:
    """A job and what became of it. `began` and `ended` are UTC in ISO format; None sizes were not measured."""

    job: Job
    outcome: Outcome
    detail: str = ""
    began: str | None = None
    ended: str | None = None
    seconds: float | None = None
    rows_before: int | None = None
    rows_after: int | None = None
    bytes_before: int | None = None
    bytes_after: int | None = None
    blocked_by: tuple[Blocker, ...] = ()


@dataclass(frozen=True, slots=True)
class Past:
    """One finished statement as the history has it: what predictions are made from."""

    kind: Kind
    database: str
    schema: str
    name: str
    seconds: float
    bytes: int | None = None
