"""The server that a twin lives on: our own, private, without a user's password, gone when the command ends."""

import atexit
import contextlib
import os
import resource
import secrets
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import psutil
import psycopg
from psycopg import sql

from pgtune import resources
from pgtune.cluster import Binaries, Cluster
from pgtune.cluster.account import Account
from pgtune.model.errors import PgtuneError, ServerDidNotStart
from pgtune.twin import heir
from pgtune.twin.wire import Wire

DATABASE, SECOND = "twin", "second"
OWNER, PLANNER = "pgtune_owner", "pgtune_planner"
# Nothing here must survive a power cut, and nothing may read or cut the stretched files behind our back.
SETTINGS = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_init_zero": "off",
    "max_wal_size": "256MB",
    "checkpoint_timeout": "1d",
    "max_connections": "20",
    "max_locks_per_transaction": "2048",  # a schema of thousands of tables is made in few transactions
    "temp_file_limit": "256MB",
    "track_activities": "off",
    "track_counts": "off",
    "jit": "off",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",  # values of production stand in statements
}
MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108  (a private folder in it)
PLENTY = 4 << 30  # bytes of memory that must be free for a twin to live there
MEMORY = 1 << 29  # bytes that a planning process may take beyond what it has at its start


@dataclass
class House:
    """A running cluster with the database, and sessions on it for its three roles.

    `ways` are statements that make the database, the truest first; `way` is the number of the one that did.
    `fallen`: a backend had to be killed, and the server goes down with it.
    """

    cluster: Cluster
    passwords: dict[str, str] = field(
        default_factory=lambda: {each: secrets.token_urlsafe(24) for each in (OWNER, PLANNER)}
    )
    ways: Sequence[sql.SQL | sql.Composed] = ()
    way: int = 0
    fallen: bool = False

    def superuser(self, dbname: str = DATABASE) -> psycopg.Connection:
        """A session that runs our own statements alone: no user's schema is on its path."""
        options = "-c search_path=pg_catalog -c default_transaction_read_only=off"
        return psycopg.connect(self.cluster.conninfo(dbname, options=options), autocommit=True)

    def weak(self, role: str, dbname: str = DATABASE) -> Wire:
        """A session as one of the two weak roles, its memory limited where the system can."""
        conninfo = self.cluster.conninfo(dbname, user=role, passfile="/dev/null", password=self.passwords[role])
        wire = Wire(psycopg.connect(conninfo, autocommit=True), self._fall, self._free)
        _limit_memory(self.cluster.account, wire.connection.pgconn.backend_pid)
        return wire

    def _fall(self) -> None:
        self.fallen = True

    def _free(self) -> int:
        return shutil.disk_usage(self.cluster.folder).free


def _limit_memory(account: Account, pid: int) -> None:
    """Let a process take MEMORY more than it has; where that cannot be set the clock alone stands guard.

    Not even root may do so to a process of another account in a container without CAP_SYS_RESOURCE; the account may.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[0]
        limit = int(pages) * resource.getpagesize() + MEMORY
        account.run(["prlimit", f"--pid={pid}", f"--as={limit}"], timeout=5)


@contextmanager
def opened(binaries: Binaries, ways: Sequence[sql.SQL | sql.Composed]) -> Iterator[House]:
    """A house with the database that the first statement makes which works; stopped and deleted however the block ends.

    Raises:
        ServerNotFound, ServerDidNotStart, NotAllowed: as the cluster says.
    """
    with _gentle_end(), heir.watched(_folder(), binaries) as folder:
        cluster = _new(binaries, folder)
        remove = _once(cluster)
        try:
            cluster.configure(SETTINGS)
            cluster.start()
            house = House(cluster, ways=ways)
            _prepare(house)
            yield house
        finally:
            remove()


def _folder() -> Path:
    """A new folder for a cluster, in memory where there is plenty: a thousand tables are five thousand files.

    Measured on a busy machine: 1000 tables made in 2.2 s there and in 6.9 s on its disk, initdb in 0.7 and 3.2 s. What
    was stretched takes no memory; the rest is 60 MB and 0.1 MB a table. And values of production reach no disk.
    """
    try:
        enough = min(shutil.disk_usage(MEMORY_FOLDER).free, psutil.virtual_memory().available) >= PLENTY
        return Path(tempfile.mkdtemp(prefix="pgtune-", dir=MEMORY_FOLDER if enough else None))
    except OSError:
        return Path(tempfile.mkdtemp(prefix="pgtune-"))


def _new(binaries: Binaries, folder: Path) -> Cluster:
    try:
        return Cluster.create(binaries, folder, checksums=False, initdb=("--no-sync",))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


@contextmanager
def _gentle_end() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the command as Ctrl-C does, so that everything is taken away."""

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)}
    try:
        for each, handler in before.items():
            if handler == signal.SIG_DFL:  # else whoever set it knows better
                signal.signal(each, end)
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _prepare(house: House) -> None:
    words = sql.SQL(resources.sql("twin/roles")).format(
        owner=sql.Literal(house.passwords[OWNER]), planner=sql.Literal(house.passwords[PLANNER])
    )
    with _started(), house.superuser("postgres") as connection:
        connection.execute(words)
        connection.execute("REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")
    _make_database(house)


def _make_database(house: House) -> None:
    with _started():
        with house.superuser("postgres") as connection:
            house.way = _create(connection, house.ways)
        with house.superuser() as connection:
            connection.execute(resources.sql("twin/close"))


@contextmanager
def _started() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise ServerDidNotStart(f"the twin's server: {' '.join(str(error).split())}") from error


def renew(house: House) -> None:
    """An empty database in place of the one there was, after the server fell and, as may be, rose again.

    Raises:
        ServerDidNotStart: it does not come up.
    """
    house.cluster.kill()
    house.cluster.wait_until_gone()
    house.cluster.start()
    house.fallen = False
    with _started(), house.superuser("postgres") as connection:
        for each in (DATABASE, SECOND):
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(each)))
    _make_database(house)


def _create(connection: psycopg.Connection, ways: Sequence[sql.SQL | sql.Composed]) -> int:
    """Make the database by the first way that works, and say which that was."""
    for number, words in enumerate(ways[:-1]):
        with contextlib.suppress(psycopg.DatabaseError):
            connection.execute(words)
            return number
    connection.execute(ways[-1])
    return len(ways) - 1


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
