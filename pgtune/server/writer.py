"""The session that writes: it holds the lock of its server, and comes back after the connection was lost."""

import contextlib
import time
from dataclasses import dataclass
from typing import LiteralString, Self

import psycopg
from psycopg import sql
from psycopg.rows import DictRow

from pgtune import resources
from pgtune.model.errors import BadInput, ConnectionLost, MustNotRunHere, PgtuneError, Refused
from pgtune.server import autoconf
from pgtune.server.autoconf import Assign
from pgtune.server.connect import translated, writing
from pgtune.server.kept import Kept

PAUSES = (0.5, 2.0, 5.0)  # seconds before the three attempts to come back: a crashed backend is gone for about one


@dataclass(frozen=True, slots=True)
class Target:
    """Who the server is and what the role may do to its configuration; a row of run/target.sql."""

    system_identifier: str
    in_recovery: bool
    version: int
    postmaster_start: float
    data_directory: str | None
    config_file: str | None
    may_alter_system: bool
    superuser: bool
    role: str
    may_reload: bool
    may_read_file: bool
    may_check_files: bool

    @property
    def major(self) -> int:
        """The major version."""
        return self.version // 10000


@dataclass(frozen=True, slots=True)
class FileLine:
    """A line of a configuration file as pg_file_settings shows it now."""

    file: str
    line: int
    seqno: int
    name: str | None
    value: str | None
    applied: bool
    error: str | None


@dataclass(slots=True)
class Writer(Kept):
    """One writer at a time for a server, whatever the database it is connected to."""

    conninfo: str
    name: str = ""

    def __enter__(self) -> Self:
        """Nothing is opened before `connect`."""
        return self

    def come_back(self) -> None:
        """Connect again after the connection was lost, in three attempts.

        Raises:
            ConnectionLost: none of them came through; the message is the last one's.
        """
        if not self.lost:
            with contextlib.suppress(PgtuneError):
                self.rows("run/pending")
                return
        problem: PgtuneError | None = None
        for pause in PAUSES:
            self.close()
            time.sleep(pause)
            try:
                self.connect()
            except PgtuneError as error:
                problem = error
            else:
                return
        raise ConnectionLost(f"the server cannot be reached again: {problem}")

    def rows(self, query: str, major: int = 99, /, **values: object) -> list[DictRow]:
        """The rows of a named query."""
        return self._execute(resources.sql(query, major), values).fetchall()

    def target(self) -> Target:
        """Who this is."""
        return Target(**self.rows("run/target")[0])

    def file_lines(self) -> list[FileLine]:
        """Every line of the configuration files, as they are on the disk now."""
        return [FileLine(**row) for row in self.rows("run/file_settings")]

    def auto_conf(self) -> bytes | None:
        """The content of postgresql.auto.conf, None if there is none."""
        content = self.rows("run/auto_conf")[0]["content"]
        return None if content is None else bytes(content)

    def alter(self, assign: Assign) -> None:
        """ALTER SYSTEM SET, or RESET.

        Raises:
            NotAllowed, Refused, ConnectionLost: as the server answers.
        """
        statement = composed(assign)
        try:
            self._execute(statement, {})
        except Refused as error:
            unknown = isinstance(error.__cause__, psycopg.errors.UndefinedObject) and "." in assign.name
            if not unknown:
                raise
            self.rows("run/placeholder", name=assign.name, value=assign.value or "")
            self._execute(statement, {})

    @property
    def pid(self) -> int:
        """The server's process for this session.

        Raises:
            ConnectionLost: there is none.
        """
        return self._live().info.backend_pid

    @property
    def database(self) -> str:
        """The database of this session; empty without one."""
        return self._connection.info.dbname if self._connection is not None else ""

    def execute(self, statement: sql.Composed) -> None:
        """Run a statement outside a transaction.

        Raises:
            NotAllowed, Refused, ConnectionLost: as the server answers.
        """
        self._execute(statement, {})

    def connect(self) -> None:
        """Connect and take the lock.

        Raises:
            CannotConnect, NotAllowed: as the server answers.
            MustNotRunHere: another pgtune is writing to this server.
        """
        info = self._keep(writing(self.conninfo)).info
        self.name = f"{info.user}@{info.host}:{info.port}/{info.dbname}"
        try:
            self._lock()
        except BaseException:
            self.close()
            raise

    def _lock(self) -> None:
        taken = self.rows("run/lock")[0]["taken"]
        others = self.rows("run/lock_elsewhere")
        if taken and not others:
            return
        who = f" (process {others[0]['pid']})" if others else ""
        raise MustNotRunHere(f"another pgtune{who} is changing this server's configuration; nothing was done")

    def _execute(self, query: LiteralString | sql.Composed, values: dict[str, object]) -> psycopg.Cursor[DictRow]:
        connection = self._live()
        with translated():
            return connection.execute(query, values or None)


def composed(assign: Assign) -> sql.Composed:
    """The statement as SQL.

    Raises:
        BadInput: ALTER SYSTEM cannot express the value.
    """
    name = sql.Identifier(assign.name)
    if assign.value is None:
        return sql.SQL("ALTER SYSTEM RESET {}").format(name)
    words: tuple[str, ...] = (assign.value,)
    if assign.name.lower() in autoconf.LISTS:
        words = autoconf.items(assign.value)
        if not words or "" in words:
            raise BadInput(f"{assign.name}: ALTER SYSTEM cannot write an empty list of names")
    values = sql.SQL(", ").join(sql.Literal(word) for word in words)
    return sql.SQL("ALTER SYSTEM SET {} = {}").format(name, values)


def shown(assign: Assign) -> str:
    """The change in words, for a person."""
    return f"{assign.name}: its line removed" if assign.value is None else f"{assign.name} = {assign.value}"
