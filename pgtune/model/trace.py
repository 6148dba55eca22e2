"""What a migration really does, as seen on a twin: one effect a statement. Made by the twin, judged by the review."""

from dataclasses import dataclass
from typing import Literal

from pgtune.model.name import Name

Status = Literal["applied", "failed", "planned", "unverified", "present"]
"""applied: run and observed; failed: the server refused it; planned: it changes data, so it was planned, not run;
unverified: it must not be run here (a DO block that is not DDL alone); present: what it makes was there before."""


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that a statement newly took on a table (or on one of its indexes, named by its table).

    `mode` as PostgreSQL's documentation writes it: ACCESS EXCLUSIVE, SHARE ROW EXCLUSIVE, ...
    `index`: the index that is locked, None where it is the table itself.
    """

    table: Name
    mode: str
    index: Name | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What one statement did to tables that were there before the change; new ones are in `created` alone.

    `rewritten`: their heap has a new file. `scanned`: their rows were read while the lock was held (a validation, an
    index build). `built`: indexes made, each with its table. `cascaded`: what fell with what was dropped, in words.
    `rows`: how many rows a data-changing statement touches by its plan, None if it is none or nobody knows.
    `after_ddl`: locks that the same transaction held already when the statement began.
    """

    status: Status
    why: str = ""
    locks: tuple[Lock, ...] = ()
    rewritten: tuple[Name, ...] = ()
    scanned: tuple[Name, ...] = ()
    built: tuple[tuple[Name, Name], ...] = ()
    created: tuple[Name, ...] = ()
    dropped: tuple[Name, ...] = ()
    cascaded: tuple[str, ...] = ()
    rows: float | None = None
    after_ddl: tuple[Lock, ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    """A migration to apply: its statements in order, and whether its tool runs them in one transaction.

    A script's own BEGIN and COMMIT count whatever `transaction` says.
    """

    statements: tuple[str, ...]
    transaction: bool = True
    search_path: tuple[str, ...] = ("public",)


@dataclass(frozen=True, slots=True)
class Trace:
    """One effect a statement of the script, in its order."""

    effects: tuple[Effect, ...]
