"""The session that applies a migration: the weak owner, asked after each statement what it holds and what it changed.

The questions are asked in the migration's own transaction, before it commits. They name everything by its schema, so
that no search_path of the migration leads them astray.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True)
class Seen:
    """A relation as a transaction sees it: `file` is its relfilenode, `table` the oid of an index's table, else 0."""

    oid: int
    name: Name
    kind: str
    file: int
    table: int

    @property
    def temporary(self) -> bool:
        """Whether it is gone with its session, or holds the long values of another table."""
        return self.name.schema.startswith(("pg_temp", "pg_toast"))


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen after a statement: locks by oid, relations changed or, if `whole`, all; scans by oid; how many."""

    locks: frozenset[tuple[int, str]]
    relations: tuple[Seen, ...]
    scans: dict[int, int]
    count: int
    whole: bool
    notices: tuple[Diagnostic, ...] = ()


@dataclass
class Watch:
    """The session, opened when it is needed and opened anew after it was ended."""

    house: House
    _wire: Wire | None = None
    _notices: list[Diagnostic] = field(default_factory=list)

    def run(self, *statements: str) -> None:
        """Run statements one after the other, each as it stands.

        Raises:
            psycopg.Error, NotPlannable: as the wire says.
        """
        self._session().batch([(each, ()) for each in statements], SECONDS)

    def seen(self, statement: str, before: Sequence[str], *, whole: bool = False) -> Sight:
        """Run a statement, others before it, and look.

        Raises:
            psycopg.Error, NotPlannable: as the wire says.
        """
        self._notices = []
        asked = [(each, ()) for each in (*before, statement)]
        answers = self._session().batch([*asked, LOCKS, RELATIONS if whole else CHANGED, SCANS, COUNT], SECONDS)
        return _sight(answers[len(asked) :], whole, tuple(self._notices))

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
        if self._wire is None or self._wire.dead:
            self._wire = self.house.weak(OWNER)
            self._wire.connection.add_notice_handler(self._notices_kept)
        return self._wire

    def _notices_kept(self, notice: Diagnostic) -> None:
        self._notices.append(notice)

    def close(self) -> None:
        """End the session: a relation that it opened may be as long as it was then."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None


def _sight(answers: Sequence[Rows], whole: bool, notices: tuple[Diagnostic, ...]) -> Sight:
    locks, relations, scans, count = answers
    return Sight(
        frozenset((_int(oid), _text(mode)) for oid, mode in locks),
        tuple(map(_seen, relations)),
        {_int(oid): _int(number) for oid, number in scans},
        _int(count[0][0]),
        whole,
        notices,
    )


def _seen(row: tuple[bytes | None, ...]) -> Seen:
    oid, schema, name, kind, file, table = row
    return Seen(_int(oid), Name(_text(schema), _text(name)), _text(kind), _int(file), _int(table or b"0"))


def _int(value: bytes | None) -> int:
    return int(value or b"0")


def _text(value: bytes | None) -> str:
    return str(value or b"", "utf-8")
