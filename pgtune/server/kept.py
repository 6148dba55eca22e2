"""A session that its owner keeps: opened when needed, closed with its owner, opened again after it was lost."""

import contextlib
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import TracebackType

import psycopg

from pgtune.model.errors import ConnectionLost, PgtuneError
from pgtune.server.connect import Connection


@dataclass(slots=True)
class Kept:
    """At most one session, `_connection`; every lock of the session goes with it."""

    _connection: Connection | None = field(default=None, init=False, repr=False)
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack, init=False, repr=False)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        """Close."""
        self.close()

    def close(self) -> None:
        """End the session, if there is one; nothing is raised for one that is dead already."""
        stack, self._stack, self._connection = self._stack, contextlib.ExitStack(), None
        with contextlib.suppress(PgtuneError, psycopg.Error):
            stack.close()

    @property
    def lost(self) -> bool:
        """True if there is no connection."""
        return self._connection is None or self._connection.closed

    def _live(self) -> Connection:
        """The session.

        Raises:
            ConnectionLost: there is none.
        """
        if self._connection is None or self._connection.closed:
            raise ConnectionLost("the connection was lost")
        return self._connection

    def _keep(self, opened: AbstractContextManager[Connection]) -> Connection:
        """Enter this in place of the session that there was.

        Raises:
            PgtuneError: as `opened` does.
        """
        self.close()
        self._connection = self._stack.enter_context(opened)
        return self._connection
