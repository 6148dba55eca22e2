"""Which of several schedulers of one server acts: the one whose session holds a lock there.

The lock lies on the server that is maintained, so it ends with the session, with the server and with a failover.
"""

import contextlib
from types import TracebackType
from typing import Self

import psycopg

from pgtune import resources
from pgtune.model.errors import CannotConnect, ConnectionLost, NotAllowed, PgtuneError, Refused
from pgtune.server.connect import Connection, reading, rows, translated
from pgtune.server.maintain.session import ALIVE, with_words

# The session is idle for months; a leader whose machine has vanished is let go of after 30 + 3 * 10 seconds.
PATIENT = {
    "idle_session_timeout": "0",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}


class Leadership:
    """A session that has the lead, or asks for it each time it is looked at."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._stack = contextlib.ExitStack()
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        """Nothing is opened before `standing`."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        """Give the lead back, by ending the session."""
        self.close()

    def close(self) -> None:
        """End the session, if there is one."""
        stack, self._stack, self._connection = self._stack, contextlib.ExitStack(), None
        with contextlib.suppress(PgtuneError, psycopg.Error):
            stack.close()

    def standing(self) -> str:
        """Take the lead or see that it is still held; empty if so, else the reason why not.

        Raises:
            BadInput: the connection string cannot be read.
        """
        try:
            with translated():
                return self._asked()
        except (CannotConnect, ConnectionLost, NotAllowed, Refused) as error:
            self.close()
            return str(error)

    def _asked(self) -> str:
        connection = self._connection or self._connect()
        now = rows(connection, resources.sql("schedule/standing"))[0]
        if now["standby"]:
            self.close()  # whoever had the lead before a switch-over has none here
            return "this server is a standby"
        if now["mine"] and not now["other"]:
            return ""
        if now["other"]:
            if now["mine"]:  # two took it at once, in two databases: both give it back
                rows(connection, resources.sql("schedule/resign"))
            return f"another scheduler leads (process {now['other']} of the server)"
        rows(connection, resources.sql("schedule/lead"))
        return self._confirmed(connection)

    def _confirmed(self, connection: Connection) -> str:
        """Having asked for the lock, look again: behind a pooler the lock may be another session's by now."""
        now = rows(connection, resources.sql("schedule/standing"))[0]
        if now["mine"] and not now["other"]:
            return ""
        if now["mine"]:
            rows(connection, resources.sql("schedule/resign"))
        return (
            f"another scheduler leads (process {now['other']} of the server)" if now["other"] else "the lock was lost"
        )

    def _connect(self) -> Connection:
        self.close()
        words = with_words(self._conninfo, application_name="pgtune schedule", **ALIVE)
        connection = self._stack.enter_context(reading(words))
        for name, value in PATIENT.items():
            rows(connection, resources.sql("maintain/setting"), name=name, value=value)
        self._connection = connection
        return connection
