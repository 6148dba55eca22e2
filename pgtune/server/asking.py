"""Asking a server for facts, each of which it may refuse without the others being lost."""

from dataclasses import dataclass, field

import psycopg
from psycopg.rows import DictRow

from pgtune import resources
from pgtune.server.connect import Connection

GONE = ("08", "57P")  # classes of SQLSTATE after which there is no session: connection exception, operator intervention


@dataclass(frozen=True, slots=True)
class Asking:
    """A session and what it could not find out: `missing` gets one short sentence for each fact left out.

    `role` is the connected role's name as a GRANT takes it.
    """

    connection: Connection
    major: int
    role: str
    missing: list[str] = field(default_factory=list)

    def rows(self, name: str, what: str) -> list[DictRow] | None:
        """The rows of sql/server/<name>, or None if the server refuses them: then `what` is missing and why is said."""
        try:
            return self.connection.execute(resources.sql(f"server/{name}", self.major)).fetchall()
        except (psycopg.Error, UnicodeDecodeError) as error:
            if is_lost(self.connection, error):
                raise
            self.missing.append(f"{what}: {_first_line(error)}")
            return None

    def row(self, name: str, what: str) -> DictRow:
        """The one row of sql/server/<name>, or an empty one if the server refuses it."""
        found = self.rows(name, what)
        return found[0] if found else {}

    def lacks(self, what: str, *grants: str) -> None:
        """Note a fact that this role may not see, and the statements that would let it."""
        self.missing.append(f"{what}: {'; '.join(f'{grant} TO {self.role}' for grant in grants)}")


def one_line(quoted: str) -> str:
    """An identifier as quote_ident gives it, with line breaks and other controls escaped for a terminal."""
    if quoted.isprintable():
        return quoted
    escaped = (c if c.isprintable() else f"\\+{ord(c):06X}" for c in quoted.replace("\\", "\\\\"))
    return "U&" + "".join(escaped)


def is_lost(connection: Connection, error: Exception) -> bool:
    """True if the session ended with this error."""
    state = getattr(error, "sqlstate", None)
    return connection.closed or (state.startswith(GONE) if state else isinstance(error, psycopg.OperationalError))


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
