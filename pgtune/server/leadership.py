"""Which of several schedulers of one server acts: the one whose session holds a lock there.

The lock lies on the server that is maintained, so it ends with the session, with the server and with a failover.
"""

from dataclasses import dataclass
from typing import Self

from pgtune import resources
from pgtune.model.errors import CannotConnect, ConnectionLost, NotAllowed, Refused
from pgtune.server.connect import Connection, reading, rows, translated
from pgtune.server.kept import Kept
from pgtune.server.maintain.session import ALIVE, with_words

# The session is idle for months; a leader whose machine has vanished is let go of after 30 + 3 * 10 seconds.
PATIENT = {
    "idle_session_timeout": "0",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}


@dataclass(slots=True)
class Leadership(Kept):
    """A session that has the lead, or asks for it each time it is looked at; to end it gives the lead back."""

    conninfo: str

    def __enter__(self) -> Self:
        """Nothing is opened before `standing`."""
        return self

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
        connection = self._keep(reading(with_words(self.conninfo, application_name="pgtune schedule", **ALIVE)))
        try:
            rows(connection, resources.sql("maintain/parameters"), names=[*PATIENT], values=[*PATIENT.values()])
        except BaseException:
            self.close()
            raise
        return connection
