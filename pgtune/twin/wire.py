"""A session of a weak role, watched by a clock outside the server: what does not end in time is killed.

No timeout inside the server holds against a text that was not ours: it may switch it off, and code that is being
planned runs to its end. So the client waits with a limit, ends the backend, and kills it if it does not listen.
"""

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import pq
from psycopg.errors import error_from_result

from pgtune.model.errors import NotPlannable

Statement = tuple[str, Sequence[str | None]]
"""A statement and the values of its parameters as text; PostgreSQL finds their types."""

LISTENS = 1.0  # seconds that a backend gets to end by itself before it is killed
GLANCE = 0.25  # seconds between two looks at the disk while nothing is answered
MOST_WRITTEN = 1 << 29  # bytes that may vanish from it meanwhile; what a twin makes is empty
DONE = {pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK, pq.ExecStatus.EMPTY_QUERY}


@dataclass
class Wire:
    """One connection as a weak role. `dead` once it was ended; then a new one is needed.

    `killing` is called before a backend is killed: the whole server falls with it. `free` says how many bytes are left
    where the server writes.
    """

    connection: psycopg.Connection
    killing: Callable[[], None]
    free: Callable[[], int]
    dead: bool = False

    def __post_init__(self) -> None:
        self._pg = self.connection.pgconn
        self._pg.nonblocking = 1
        self._pid = self._pg.backend_pid

    def script(self, text: str, seconds: float) -> None:
        """Run statements without parameters, all or none.

        Raises:
            psycopg.Error: what the server said.
            NotPlannable: it took longer than `seconds`.
        """
        self._pg.send_query(text.encode())
        limit = time.monotonic() + seconds
        error: psycopg.Error | None = None
        while (result := self._result(limit)) is not None:
            if result.status not in DONE and error is None:
                error = error_from_result(result, "utf-8")
        if error is not None:
            raise error

    def batch(self, statements: Sequence[Statement], seconds: float) -> list[list[tuple[bytes | None, ...]]]:
        """Run statements in one round trip, up to the first that fails; the rows of each.

        Raises:
            psycopg.Error: what the server said of the first that failed.
            NotPlannable: all together took longer than `seconds`.
        """
        self._pg.enter_pipeline_mode()
        for text, values in statements:
            words = [None if value is None else value.encode() for value in values]
            self._pg.send_query_params(text.encode(), words)
        self._pg.pipeline_sync()
        return self._answers(time.monotonic() + seconds)

    def _answers(self, limit: float) -> list[list[tuple[bytes | None, ...]]]:
        answers, error = [], None
        while True:
            result = self._result(limit)
            if result is None:  # the end of one statement's answer
                continue
            if result.status == pq.ExecStatus.PIPELINE_SYNC:
                break
            if result.status in DONE:
                answers.append(_rows(result))
            elif error is None and result.status != pq.ExecStatus.PIPELINE_ABORTED:
                error = error_from_result(result, "utf-8")
        self._pg.exit_pipeline_mode()
        if error is not None:
            raise error
        return answers

    def _result(self, limit: float) -> pq.abc.PGresult | None:
        """The next result, None at the end of a statement's results."""
        try:
            while self._pg.flush():
                self._wait(limit, write=True)
            while self._pg.is_busy():
                self._wait(limit)
                self._pg.consume_input()
        except psycopg.OperationalError:
            self.dead = True
            raise
        result = self._pg.get_result()
        if result is not None and self._pg.status == pq.ConnStatus.BAD:
            self.dead = True
            raise error_from_result(result, "utf-8")
        return result

    def _wait(self, limit: float, *, write: bool = False) -> None:
        socket = [self._pg.socket]
        before: int | None = None
        while (left := limit - time.monotonic()) > 0:
            if any(select.select(socket, socket if write else [], [], min(left, GLANCE))):
                return
            free = self.free()
            before = free if before is None else before
            if before - free > MOST_WRITTEN:
                self.end()
                raise NotPlannable("it filled the disk and was ended")
        self.end()
        raise NotPlannable("it took longer than the clock allows and was ended")

    def end(self) -> None:
        """End the backend whatever it does, and close the connection."""
        self.dead = True
        limit = time.monotonic() + LISTENS
        with contextlib.suppress(ProcessLookupError, PermissionError):  # gone, or its number is somebody else's by now
            os.kill(self._pid, signal.SIGTERM)
            while time.monotonic() < limit:
                os.kill(self._pid, 0)
                time.sleep(0.01)
            self.killing()
            os.kill(self._pid, signal.SIGKILL)
        self.connection.close()

    def close(self) -> None:
        """End the session."""
        self.dead = True
        self.connection.close()


def _rows(result: pq.abc.PGresult) -> list[tuple[bytes | None, ...]]:
    return [tuple(result.get_value(row, each) for each in range(result.nfields)) for row in range(result.ntuples)]
