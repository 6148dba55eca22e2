"""Sessions that do maintenance: no timeout ends their statements, and a lost connection is noticed on both sides."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow

from pgtune import resources
from pgtune.model.errors import BadInput, ConnectionLost, NotAllowed, PgtuneError, Refused
from pgtune.server.connect import UNREADABLE, Connection, translated, writing
from pgtune.server.kept import Kept
from pgtune.server.maintain.notices import Notice

PAUSES = (0.3, 0.7, 1.5, 3.0, 6.0, 12.0)
"""Seconds before each attempt to come back: a crashed server takes about one, a restart a few, a failover ten."""

# A dead network is noticed after 60 s instead of two hours (documentation, 34.1.2).
ALIVE = {"keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3", "tcp_user_timeout": "60000"}
CHECK_INTERVAL = "500ms"  # how soon the server ends a statement whose client has died; 14 and later
# Set where the platform allows it. The server too notices a dead network after a minute: an idle session there would
# keep the lock of the run for two hours.
OF_PLATFORM = {
    "client_connection_check_interval": CHECK_INTERVAL, "tcp_keepalives_idle": "30", "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}  # fmt: skip
OF_ROLE = {"lc_messages": "C"}  # set where the role may


@dataclass(slots=True)
class Session(Kept):
    """One connection that works, in one database. It is used by one thread, and comes back after it was lost.

    `application` names it in pg_stat_activity; `settings` are what the run wants set beside the timeouts.
    """

    conninfo: str
    application: str = "pgtune maintain"
    settings: Mapping[str, str] = field(default_factory=dict)
    pid: int = 0
    began: float = 0.0
    notices: list[Notice] = field(default_factory=list)
    version: int = 0

    def __enter__(self) -> Self:
        """Connect."""
        self.connect()
        return self

    def connect(self) -> None:
        """Connect, and make the session one that works.

        Raises:
            BadInput, CannotConnect, NotAllowed, ConnectionLost: as the server answers.
        """
        connection = self._keep(writing(with_words(self.conninfo, application_name=self.application, **ALIVE)))
        connection.add_notice_handler(lambda told: self.notices.append(Notice.of(told)))
        try:
            self._prepare(connection)
        except BaseException:
            self.close()
            raise

    def _prepare(self, connection: Connection) -> None:
        self.version = connection.info.server_version
        self.rows("maintain/prepare")
        self._try(OF_PLATFORM)
        self._try(OF_ROLE)
        self._set(self.settings)
        own = self.rows("maintain/own_process")[0]
        self.pid, self.began = own["pid"], own["began"]

    def _try(self, settings: Mapping[str, str]) -> None:
        """Set these as far as they can be set, all at once if all can."""
        try:
            self._set(settings)
        except (NotAllowed, Refused):
            for name, value in settings.items() if len(settings) > 1 else ():
                self._try({name: value})

    def _set(self, settings: Mapping[str, str]) -> None:
        if settings:
            self.rows("maintain/parameters", names=[*settings], values=[*settings.values()])

    def come_back(self, until: float | None = None) -> None:
        """Connect again after the connection was lost, in a few attempts, none after the monotonic time `until`.

        Raises:
            ConnectionLost: none of them came through; the message is the last one's.
        """
        problem: PgtuneError | None = None
        for pause in PAUSES:
            if until is not None and time.monotonic() + pause > until and problem is not None:
                break
            time.sleep(pause)
            try:
                self.connect()
            except PgtuneError as error:
                problem = error
            else:
                return
        raise ConnectionLost(f"the server cannot be reached again: {problem}")

    def rows(self, name: str, /, **values: object) -> list[DictRow]:
        """The rows of a named query.

        Raises:
            NotAllowed, Refused, ConnectionLost: as the server answers.
        """
        try:
            with translated():
                return self._live().execute(resources.sql(name, self.version // 10000 or 99), values or None).fetchall()
        except psycopg.InterfaceError as error:  # it was closed between two looks
            raise ConnectionLost(f"the connection was lost: {error}") from error

    def execute(self, statement: str) -> None:
        """Run a statement of a plan as it stands; `notices` holds what the server said meanwhile.

        Raises:
            psycopg.Error: the driver's own, for its SQLSTATE.
            ConnectionLost: there was no connection to begin with.
        """
        self.notices.clear()
        # Plans are composed from quoted identifiers by the core: the text is vouched for there, not typed by anybody.
        self._live().execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One transaction around several queries; only to keep a session, never around work."""
        with translated(), self._live().transaction():
            yield

    @property
    def name(self) -> str:
        """The server, role and database, without a password."""
        info = self._live().info
        return f"{info.user}@{info.host}:{info.port}/{info.dbname}"

    @property
    def process_told(self) -> int:
        """The process id that the protocol told at the start: a pooler invents its own."""
        return self._live().info.backend_pid


def with_words(conninfo: str, **words: str) -> str:
    """The conninfo with these words where it has none of its own.

    Raises:
        BadInput: it cannot be parsed.
    """
    try:
        return make_conninfo("", **(words | conninfo_to_dict(conninfo)))
    except psycopg.ProgrammingError:
        raise BadInput(UNREADABLE) from None


def in_database(conninfo: str, database: str) -> str:
    """The same server, another database.

    Raises:
        BadInput: the conninfo cannot be parsed.
    """
    try:
        return make_conninfo(conninfo, dbname=database)
    except psycopg.ProgrammingError:
        raise BadInput(UNREADABLE) from None
