"""The session that a database is captured over: one view of the catalogs, patience with locks, failures kept apart."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from pgtune import resources
from pgtune.server.asking import one_line
from pgtune.server.connect import Connection
from pgtune.snapshot.snapshot import Missing

PATIENCE = 3  # times that a lock is waited for, each as long as the session's lock_timeout

Answer = TypeVar("Answer")


@dataclass(slots=True)
class Session:
    """An open REPEATABLE READ transaction; `skipped` are relations that others hold locked, `missing` what was lost.

    `role` is the connected role as a GRANT takes it.
    """

    connection: Connection
    major: int
    role: str = ""
    skipped: list[int] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)

    def rows(self, name: str, **values: object) -> list[DictRow]:
        """The rows of sql/capture/<name>. A lock that is not given makes its relations `skipped`, and asks again."""
        text = resources.sql(f"capture/{name}", self.major)
        return self._patiently(lambda: self.connection.execute(text, self._bound(text, values)).fetchall())

    def within(self, name: str, schema: str, **values: object) -> list[DictRow]:
        """The same for a statement with the place {schema}, in which an extension lives."""
        text = resources.sql(f"capture/{name}", self.major)
        name_in_place = schema.replace("%", "%%") if "%(" in text else schema  # a name with % is no place for a value
        statement = sql.SQL(text).format(schema=sql.Identifier(name_in_place))
        return self._patiently(lambda: self.connection.execute(statement, self._bound(text, values)).fetchall())

    def _bound(self, text: str, values: dict[str, object]) -> dict[str, object] | None:
        """Values for a statement with places for them; in one without, % is only a letter."""
        return {"skipped": self.skipped} | values if "%(" in text else None

    def _patiently(self, ask: Callable[[], Answer]) -> Answer:
        for _ in range(PATIENCE):
            try:
                with self.connection.transaction():
                    return ask()
            except psycopg.errors.LockNotAvailable:
                self._skip_the_locked()
        with self.connection.transaction():
            return ask()

    def _skip_the_locked(self) -> None:
        found = self.connection.execute(resources.sql("capture/locked", self.major)).fetchall()
        self.skipped = sorted({*self.skipped, *(row["oid"] for row in found)})

    @contextmanager
    def optional(self, what: str, grant: str | None = None) -> Iterator[None]:
        """What the server refuses inside is missing, with its reason, and the session goes on."""
        try:
            with self.connection.transaction():
                yield
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.FeatureNotSupported) as error:
            self.lacks(what, _first_line(error), grant)
        except (psycopg.errors.ObjectNotInPrerequisiteState, psycopg.errors.UndefinedObject) as error:
            self.lacks(what, _first_line(error))
        except (psycopg.errors.SyntaxErrorOrAccessRuleViolation, psycopg.errors.LockNotAvailable) as error:
            self.lacks(what, _first_line(error))

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """What the server refuses inside is given up without a word."""
        with (
            suppress(psycopg.errors.InsufficientPrivilege, psycopg.errors.LockNotAvailable),
            self.connection.transaction(),
        ):
            yield

    def lacks(self, what: str, why: str, grant: str | None = None) -> None:
        """Note what could not be read; `grant` gets the role's name behind it."""
        self.missing.append(Missing(what, why, f"{grant} TO {self.role}" if grant else None))


@contextmanager
def opened(connection: Connection) -> Iterator[Session]:
    """One read-only transaction in which every statement sees the same catalogs."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield Session(connection, connection.info.server_version // 10000)


def named(names: Sequence[str]) -> str:
    """Names for a sentence: the first five and how many more."""
    shown = ", ".join(one_line(name) for name in names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().split("\n", 1)[0]
