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
SCANS_BEFORE = resources.sql("twin/trace_scans_before")
COUNT = (resources.sql("twin/trace_count"), ())


Look = Literal["glance", "reads", "drops", "all"]
"""How closely a statement is looked at: at a glance if it neither reads rows nor drops anything; for what it reads; for
what it drops too; at all relations if it may have changed some in transactions of its own, whose rows bear other
numbers."""


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
    _counted: dict[int, int] | None = None

    def run(self, *statements: str) -> None:
        """Run statements one after the other, each as it stands; none of them scans a table.

        Raises:
            psycopg.Error, NotPlannable: as the wire says.
        """
        self._session().batch([(each, ()) for each in statements], SECONDS)

    def seen(self, statement: str, before: Sequence[str], after: Sequence[str] = (), look: Look = "drops") -> Sight:
        """Run a statement, others before it, look, and run others after that.

        Raises:
            psycopg.Error, NotPlannable: as the wire says.
        """
        counts = None if look == "glance" else self._counts_asked()
        asked = [*((each, ()) for each in before), *([counts] if counts else []), (statement, ())]
        looks = [LOCKS, RELATIONS if look == "all" else CHANGED, *([SCANS] if look != "glance" else []),
                 *([COUNT] if look == "drops" else [])]  # fmt: skip
        answers = self._counting([*asked, *looks, *((each, ()) for each in after)])
        earlier = _counts(answers[len(before)]) if counts else {}
        locks, relations, *more = answers[len(asked) : len(asked) + len(looks)]
        later = _counts(more[0]) if more else {}
        if look != "glance":
            self._counted = earlier | later
        elif self._counted is not None:  # a new table's key was built by a scan that nobody counted: ask for it next
            self._counted = {**{_int(row[0]): 0 for row in relations}, **self._counted}
        return Sight(
            frozenset((_int(oid), _text(mode)) for oid, mode in locks),
            tuple(map(_seen, relations)),
            frozenset(oid for oid, number in later.items() if earlier.get(oid) != number),
            _int(more[1][0][0]) if look == "drops" else None,
            look == "all",
            tuple(self._notices),
        )

    def _counts_asked(self) -> Statement | None:
        """The question for counts of scans that were not sent away yet; None if there are none to ask for."""
        if self._counted is None:
            return (SCANS_BEFORE, (None,))
        oids = ",".join(map(str, sorted(self._counted)))
        return (SCANS_BEFORE, (f"{{{oids}}}",)) if oids else None

    def _counting(self, statements: Sequence[Statement]) -> list[Rows]:
        self._notices = []
        session = self._session()
        counted, self._counted = self._counted, None
        answers = session.batch(statements, SECONDS)
        self._counted = counted
        return answers

    def relations(self) -> dict[int, Seen]:
        """All relations as they are now."""
        (rows,) = self._session().batch([RELATIONS], SECONDS)
        return {each.oid: each for each in map(_seen, rows)}

    def asked(self, statement: Statement) -> Rows:
        """The answer to a question, which may have scanned something.

        Raises:
            psycopg.Error, NotPlannable: as the wire says.
        """
        self._counted = None
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
            self._counted = {}
        return self._wire

    def _notices_kept(self, notice: Diagnostic) -> None:
        self._notices.append(Notice(notice.sqlstate or "", notice.message_primary or "", notice.message_detail or ""))

    def close(self) -> None:
        """End the session: a relation that it opened may be as long as it was then."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None


def _counts(rows: Rows) -> dict[int, int]:
    return {_int(oid): _int(number) for oid, number in rows}


def _seen(row: tuple[bytes | None, ...]) -> Seen:
    oid, schema, name, kind, file, table = row
    return Seen(_int(oid), Name(_text(schema), _text(name)), _text(kind), _int(file), _int(table or b"0"))


def _int(value: bytes | None) -> int:
    return int(value or b"0")


def _text(value: bytes | None) -> str:
    return str(value or b"", "utf-8")
