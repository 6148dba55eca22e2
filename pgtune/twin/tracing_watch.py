"""The session that applies a migration: the weak owner, asked after each statement what it holds and what it changed.

The questions are asked in the migration's own transaction, before it commits. They name everything by its schema, so
that no search_path of the migration leads them astray.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import psycopg
from psycopg.errors import Diagnostic

from pgtune import resources
from pgtune.model.design import Name
from pgtune.twin.house import OWNER, House
from pgtune.twin.wire import Statement, Wire

SECONDS = 15.0  # what a statement may take; on empty files an honest one takes milliseconds
Rows = list[tuple[bytes | None, ...]]
LOCKS = (resources.sql("twin/trace_locks"), ())
CHANGED = (resources.sql("twin/trace_changed"), ())
RELATIONS = (resources.sql("twin/trace_relations"), ())
SCANS = (resources.sql("twin/trace_scans"), ())
COUNT = (resources.sql("twin/trace_count"), ())


Look = Literal["glance", "closely", "all"]
"""How closely a statement is looked at: at a glance if it neither reads rows nor drops anything; all relations if it
may have changed some in transactions of its own, whose rows bear other numbers."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A relation as a transaction sees it: `file` is its relfilenode, `table` the oid of an index's table, else 0."""

    oid: int
    name: Name
    kind: str
    file: int
    table: int

    @property
    def hidden(self) -> bool:
        """Whether it is gone with its session, or holds the long values of another table."""
        return self.name.schema.startswith(("pg_temp", "pg_toast"))


@dataclass(frozen=True, slots=True)
class Notice:
    """What the server says beside its answer; the error class that it would be, a line, and more lines."""

    sqlstate: str
    primary: str
    detail: str


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen after a statement, relations by their oid.

    `locks` are all that are held, `relations` what it changed or, if `whole`, all; `scans` what it scanned; `count` how
    many relations there are, None if that was not asked.
    """

    locks: frozenset[tuple[int, str]]
    relations: tuple[Seen, ...]
    scans: frozenset[int]
    count: int | None
    whole: bool
    notices: tuple[Notice, ...] = ()


@dataclass
class Watch:
    """The session, opened when it is needed and opened anew after it was ended; `opens` is what it begins with."""

    house: House
    opens: Sequence[str] = ()
    _wire: Wire | None = None
    _notices: list[Notice] = field(default_factory=list)

    def run(self, *statements: str) -> None:
        """Run statements one after the other, each as it stands.

        Raises:
            psycopg.Error, NotPlannable: as the wire says.
        """
        self._session().batch([(each, ()) for each in statements], SECONDS)

    def seen(self, statement: str, before: Sequence[str], after: Sequence[str] = (), look: Look = "closely") -> Sight:
        """Run a statement, others before it, look, and run others after that.

        Raises:
            psycopg.Error, NotPlannable: as the wire says.
        """
        self._notices = []
        counted = [] if look == "glance" else [SCANS]
        looks = [LOCKS, RELATIONS if look == "all" else CHANGED, *counted, *([COUNT] if counted else [])]
        asked = [*((each, ()) for each in before), *counted, (statement, ())]
        answers = self._session().batch([*asked, *looks, *((each, ()) for each in after)], SECONDS)
        earlier = answers[len(before)] if counted else []
        return _sight(answers[len(asked) : len(asked) + len(looks)], earlier, look, tuple(self._notices))

    def relations(self) -> dict[int, Seen]:
        """All relations as they are now."""
        (rows,) = self._session().batch([RELATIONS], SECONDS)
        return {each.oid: each for each in map(_seen, rows)}

    def asked(self, statement: Statement) -> Rows:
        """The answer to a question.

        Raises:
            psycopg.Error, NotPlannable: as the wire says.
        """
        return self._session().batch([statement], SECONDS)[0]

    @property
    def alive(self) -> bool:
        """Whether the session is open; if not, what its transaction did is undone."""
        return self._wire is not None and not self._wire.dead

    def _session(self) -> Wire:
        if self.house.fallen:
            raise psycopg.OperationalError("the server fell")
        if self._wire is None or self._wire.dead:
            self._wire = self.house.weak(OWNER)
            self._wire.connection.add_notice_handler(self._notices_kept)
            self._wire.batch([(each, ()) for each in self.opens], SECONDS)
        return self._wire

    def _notices_kept(self, notice: Diagnostic) -> None:
        self._notices.append(Notice(notice.sqlstate or "", notice.message_primary or "", notice.message_detail or ""))

    def close(self) -> None:
        """End the session: a relation that it opened may be as long as it was then."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None


def _sight(answers: Sequence[Rows], earlier: Rows, look: Look, notices: tuple[Notice, ...]) -> Sight:
    locks, relations, *more = answers
    scans, count = more or ([], None)
    counted: dict[bytes | None, bytes | None] = dict(earlier)  # type: ignore[arg-type]  # rows of two
    return Sight(
        frozenset((_int(oid), _text(mode)) for oid, mode in locks),
        tuple(map(_seen, relations)),
        frozenset(_int(oid) for oid, number in scans if counted.get(oid) != number),
        _int(count[0][0]) if count else None,
        look == "all",
        notices,
    )


def _seen(row: tuple[bytes | None, ...]) -> Seen:
    oid, schema, name, kind, file, table = row
    return Seen(_int(oid), Name(_text(schema), _text(name)), _text(kind), _int(file), _int(table or b"0"))


def _int(value: bytes | None) -> int:
    return int(value or b"0")


def _text(value: bytes | None) -> str:
    return str(value or b"", "utf-8")
