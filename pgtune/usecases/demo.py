"""`pgtune demo`: a server of pgtune's own with a sample shop in it, to try every other command on."""

import fcntl
import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pgtune import __version__, resources
from pgtune.cluster import Binaries, Cluster, find, session, shop
from pgtune.cluster import account as accounts
from pgtune.cluster.shop import Progress, Tell
from pgtune.model.errors import BadInput, CannotConnect, MustNotRunHere, NotAllowed
from pgtune.model.units import GB, human_bytes

SCHEMA = "pgtune.demo/1"
NEEDED = 2 * GB  # measured while it is built: 0.33 GB of tables, 0.5 GB of WAL, 0.1 GB of spilled sorts; and some air

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Demo:
    """The running server: `seconds` is how long it took to build now, None if the shop was there already."""

    conninfo: str
    version: str
    bytes: int
    folder: Path
    seconds: float | None = None


def start(tell: Tell, say: Say) -> Demo:
    """Build the demonstration if there is none, start it if it is stopped, and say where it is.

    Raises:
        ServerNotFound: no PostgreSQL 18 is on this machine; the message is the pip command that brings it.
        MustNotRunHere: the demonstration was made with another major version.
        BadInput, NotAllowed: its folder cannot be used, or its disk is too full.
        ServerDidNotStart, Refused, ConnectionLost: with the server's own message.
    """
    binaries = find()
    seconds = None
    with _alone(say):
        made = _made()
        cluster = Cluster.at(folder(), binaries)
        if made is None:
            _clear(cluster, say)
            began = time.monotonic()
            cluster = _build(binaries, tell)
            seconds = time.monotonic() - began
        else:
            _compare(made, binaries, say)
            cluster.start()
        size = session.execute(cluster, resources.sql("demo/size"), shop.DATABASE)[0][0]
    return Demo(cluster.conninfo(shop.DATABASE), binaries.version_text, size, cluster.folder, seconds)


def conninfo() -> str:
    """How to reach the demonstration.

    Raises:
        CannotConnect: there is none, or it is stopped.
    """
    if _made() is None:
        raise CannotConnect("there is no demonstration server yet: pgtune demo builds it")
    cluster = Cluster.at(folder(), find())
    if not cluster.running:
        raise CannotConnect("the demonstration server is stopped: pgtune demo starts it")
    return cluster.conninfo(shop.DATABASE)


def stop(say: Say) -> bool:
    """Stop the server; False if it did not run."""
    if not folder().exists():
        return False
    with _alone(say):
        cluster = Cluster.at(folder(), find())
        running = cluster.running
        cluster.stop()
    return running


def remove(say: Say) -> bool:
    """Stop the server and delete everything of it; False if there was nothing."""
    if not folder().exists():
        return False
    with _alone(say):
        Cluster.at(folder(), find()).remove()
    return True


def folder() -> Path:
    """Where the demonstration lives."""
    return accounts.home() / "demo"


def _made() -> dict[str, Any] | None:
    """What the finished demonstration says of itself; None if there is none, or one that was never finished.

    Raises:
        NotAllowed: it is somebody else's.
    """
    try:
        made = json.loads((folder() / "demo.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    except OSError as error:
        raise NotAllowed(f"{folder()} cannot be read: {error.strerror}; PGTUNE_HOME names another place") from None
    return made if isinstance(made, dict) and made.get("schema") == SCHEMA else None


def _clear(cluster: Cluster, say: Say) -> None:
    """Remove what a build that was killed left behind."""
    if cluster.folder.exists():
        say(f"{cluster.folder} holds a demonstration that was never finished: building it anew")
        cluster.remove()


def _build(binaries: Binaries, tell: Tell) -> Cluster:
    """Make the cluster and the shop; the marker comes last, and an interrupted build leaves nothing."""
    place = accounts.enterable_folder(accounts.home())
    free = shutil.disk_usage(place).free
    if free < NEEDED:
        wanted = f"the demonstration needs {human_bytes(NEEDED)} on the disk of {place}"
        raise BadInput(f"{wanted}, which has {human_bytes(free)} left: set PGTUNE_HOME to a folder elsewhere")
    tell(Progress("an empty server", 0.0))
    cluster = Cluster.create(binaries, folder())
    try:
        shop.build(cluster, tell)
        made = {"schema": SCHEMA, "pgtune": __version__, "postgresql": binaries.version, "shop": shop.digest()}
        cluster.account.write(cluster.folder / "demo.json", json.dumps(made) + "\n")
    except BaseException:
        cluster.remove()
        raise
    return cluster


def _compare(made: dict[str, Any], binaries: Binaries, say: Say) -> None:
    """Say if another version made what is there.

    Raises:
        MustNotRunHere: its PostgreSQL was of another major version, which cannot be started now.
    """
    anew = "pgtune demo remove; pgtune demo"
    major = int(made["postgresql"]) // 10000
    if major != binaries.major:
        raise MustNotRunHere(f"the demonstration in {folder()} is a PostgreSQL {major}; to build it anew: {anew}")
    if made["shop"] != shop.digest():
        say(
            f"this demonstration was built by pgtune {made['pgtune']} and is another one than today's; for that: {anew}"
        )


@contextmanager
def _alone(say: Say) -> Iterator[None]:
    """Hold the demonstration's lock: of two commands at once the second waits for the first."""
    path = accounts.enterable_folder(accounts.home()) / "demo.lock"
    try:
        file = path.open("a")
    except OSError as error:
        raise NotAllowed(f"{path} cannot be opened: {error.strerror}; PGTUNE_HOME names another place") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another pgtune demo is at work: waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
