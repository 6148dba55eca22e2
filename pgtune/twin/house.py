"""The server that a twin lives on: our own, private, without a user's password, gone when the command ends."""

import atexit
import contextlib
import os
import resource
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from pgtune import resources
from pgtune.cluster import Binaries, Cluster
from pgtune.model.errors import PgtuneError, ServerDidNotStart
from pgtune.twin.wire import Wire

DATABASE = "twin"
OWNER, PLANNER = "pgtune_owner", "pgtune_planner"
# Nothing here must survive a power cut, and nothing may read or cut the stretched files behind our back.
SETTINGS = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "1d",
    "max_connections": "20",
    "max_locks_per_transaction": "2048",  # a schema of thousands of tables is made in few transactions
    "temp_file_limit": "1GB",
    "track_activities": "off",
    "track_counts": "off",
    "jit": "off",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",  # values of production stand in statements
}
MEMORY = 1 << 30  # bytes that a planning process may take beyond what it has at its start


@dataclass
class House:
    """A running cluster with the database, and sessions on it for its three roles."""

    cluster: Cluster
    passwords: dict[str, str] = field(
        default_factory=lambda: {each: secrets.token_urlsafe(24) for each in (OWNER, PLANNER)}
    )

    def superuser(self, dbname: str = DATABASE) -> psycopg.Connection:
        """A session that runs our own statements alone: no user's schema is on its path."""
        options = "-c search_path=pg_catalog -c default_transaction_read_only=off"
        return psycopg.connect(self.cluster.conninfo(dbname, options=options), autocommit=True)

    def weak(self, role: str) -> Wire:
        """A session as one of the two weak roles, its memory limited where the system can."""
        conninfo = self.cluster.conninfo(DATABASE, user=role, passfile="/dev/null", password=self.passwords[role])
        wire = Wire(psycopg.connect(conninfo, autocommit=True))
        _limit_memory(wire.connection.pgconn.backend_pid)
        return wire


def _limit_memory(pid: int) -> None:
    """Let a process take MEMORY more than it has; where that cannot be set the clock alone stands guard."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:  # noqa: PTH123  (a kernel file)
            now = int(file.read().split()[0]) * resource.getpagesize()
        resource.prlimit(pid, resource.RLIMIT_AS, (now + MEMORY, now + MEMORY))


@contextmanager
def opened(binaries: Binaries, create: sql.SQL | sql.Composed) -> Iterator[House]:
    """A house whose database was made with this statement; stopped and deleted however the block ends.

    Raises:
        ServerNotFound, ServerDidNotStart, NotAllowed: as the cluster says.
    """
    cluster = Cluster.throw_away(binaries, checksums=False)
    remove = _once(cluster)
    try:
        cluster.configure(SETTINGS)
        cluster.start()
        house = House(cluster)
        with house.superuser("postgres") as connection:
            _prepare(connection, house, create)
        with house.superuser() as connection:
            connection.execute(resources.sql("twin/close"))
        yield house
    except psycopg.OperationalError as error:
        raise ServerDidNotStart(f"the twin's server: {' '.join(str(error).split())}") from error
    finally:
        remove()


def _prepare(connection: psycopg.Connection, house: House, create: sql.SQL | sql.Composed) -> None:
    words = sql.SQL(resources.sql("twin/roles")).format(
        owner=sql.Literal(house.passwords[OWNER]), planner=sql.Literal(house.passwords[PLANNER])
    )
    connection.execute(words)
    connection.execute("REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")
    connection.execute(create)


def _once(cluster: Cluster) -> Callable[[], None]:
    """Removes the cluster, at the latest when the interpreter ends."""

    def remove() -> None:
        atexit.unregister(remove)
        if os.getpid() == made_by:
            with contextlib.suppress(PgtuneError):
                cluster.remove()

    made_by = os.getpid()
    atexit.register(remove)
    return remove
