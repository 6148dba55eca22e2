"""Stop and start a server that is not ours, with its own programs or the user's command.

pg_ctl of the server's own folder starts the same program with the options it was started with (postmaster.opts), as
the postmaster's account, with its environment, limits and control group; its log goes on in the same file. What a
command of the user does is his business; it is started without a shell.
"""

import contextlib
import itertools
import json
import os
import pwd
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from psycopg import pq
from psycopg.conninfo import make_conninfo

from pgtune.model.errors import BadInput, MustNotRunHere, NotAllowed, ServerDidNotStart
from pgtune.server import launch, startlog
from pgtune.server.startlog import StartLog

Say = Callable[[str], None]

STOP_PATIENCE = 600.0  # seconds; the checkpoint at shutdown writes up to shared_buffers, 64 GB at 100 MB/s
APPEAR_PATIENCE = 15.0  # seconds in which a started postmaster must have written its postmaster.pid
SILENT_PATIENCE = 60.0  # seconds: a server in recovery refuses connections, a silent one listens elsewhere
EVERY = 10.0  # seconds between two words to whoever waits


@dataclass(frozen=True, slots=True)
class Postmaster:
    """The running server's process, in plain values: `programs` is its folder of binaries."""

    pid: int
    uid: int
    data_directory: Path
    programs: Path


@dataclass(frozen=True, slots=True)
class Identity:
    """What the server runs as: its account with every group, its environment, and what `launch` takes over."""

    uid: int
    gid: int
    groups: tuple[int, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Way:
    """How this server is restarted. `command` is the user's; without it pg_ctl is."""

    conninfo: str
    data_directory: Path
    programs: Path
    identity: Identity
    log: StartLog
    command: tuple[str, ...] = ()


def way(postmaster: Postmaster, conninfo: str, command: str | None = None, *, container: bool = False,
        unit: str | None = None) -> Way:  # fmt: skip
    """Find out beforehand how the server can be restarted.

    Args:
        postmaster: the server's process.
        conninfo: how to see that it is up again.
        command: the user's own command, split as a shell would, without one.
        container: True if it lives in a container, which ends with it.
        unit: the systemd unit that runs it, which would call a restart behind its back a crash.

    Raises:
        MustNotRunHere: it must not be restarted from here with pg_ctl.
        NotAllowed: this account may not.
        BadInput: the command cannot be read.
    """
    folder = postmaster.data_directory
    if str(folder).startswith("/proc/"):
        raise MustNotRunHere(
            "--restart: the server's files are inside a container and out of reach once it is down, so a failed start "
            "could not be taken back; apply without --restart and restart the container yourself"
        )
    words = _split(command)
    if not words and _relative(folder):
        raise MustNotRunHere(
            "--restart: the server was started with a relative data directory (postmaster.opts), and could only be "
            "started again from the same folder; apply without --restart and restart it yourself"
        )
    if not words:
        _refuse_pg_ctl(postmaster, container=container, unit=unit)
    log = StartLog(startlog.standard_error(postmaster.pid, postmaster.uid, folder), folder, unit)
    return Way(conninfo, folder, postmaster.programs, _identity(postmaster), log, words)


def _relative(folder: Path) -> bool:
    """True if postmaster.opts names the data directory relative to a folder that nobody knows any more."""
    try:
        words = shlex.split((folder / "postmaster.opts").read_text(errors="replace"))
    except (OSError, ValueError):
        return False
    return any(word == "-D" and not value.startswith("/") for word, value in itertools.pairwise(words))


def way_of_stopped(
    folder: Path, programs: Path, conninfo: str, command: str | None = None, *, unit: str | None = None
) -> Way:
    """How to start a server that is down, from what was written down while it ran.

    Raises:
        MustNotRunHere, NotAllowed, BadInput: as `way`.
    """
    owner = folder.stat()
    words = _split(command)
    if not words:
        _refuse_pg_ctl(Postmaster(0, owner.st_uid, folder, programs), container=False, unit=unit)
    groups = tuple(os.getgrouplist(pwd.getpwuid(owner.st_uid).pw_name, owner.st_gid))
    identity = Identity(owner.st_uid, owner.st_gid, groups)
    return Way(conninfo, folder, programs, identity, StartLog(folder / "pgtune-restart.log", folder, unit), words)


def system_identifier(folder: Path) -> str | None:
    """Whose data directory this is: the first eight bytes of pg_control, in the machine's byte order (pg_control.h)."""
    try:
        with (folder / "global" / "pg_control").open("rb") as file:
            return str(int.from_bytes(file.read(8), sys.byteorder))
    except OSError:
        return None


def _split(command: str | None) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(command or ""))
    except ValueError as error:
        raise BadInput(f"--restart-command cannot be read: {error}") from None


def _refuse_pg_ctl(postmaster: Postmaster, *, container: bool, unit: str | None) -> None:
    if unit:
        raise MustNotRunHere(f"--restart: systemd runs this server; say --restart-command 'systemctl restart {unit}'")
    if container or postmaster.pid == 1:
        raise MustNotRunHere("--restart: the server is the first process of a container, which would end with it")
    if os.geteuid() not in {0, postmaster.uid}:
        raise NotAllowed(f"--restart: only root or the server's own account (uid {postmaster.uid}) may restart it")
    if not (postmaster.programs / "pg_ctl").exists():
        raise MustNotRunHere(f"--restart: {postmaster.programs} has no pg_ctl; say --restart-command")


def _identity(postmaster: Postmaster) -> Identity:
    """Read from the process: a key file may be readable through one of its groups only."""
    lines = Path(f"/proc/{postmaster.pid}/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    groups = tuple(int(word) for word in fields["Groups"].split())
    gid = int(fields["Gid"].split()[1])
    return Identity(
        postmaster.uid, gid, groups, _environment(postmaster.pid), launch.conditions(postmaster.pid)
    )  # fmt: skip


def _environment(pid: int) -> dict[str, str]:
    """The environment the postmaster was started with: locale, time zone, libraries, its own PG* words."""
    try:
        raw = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:  # another account's process; pg_ctl was refused by then, a command brings its own
        return {}
    pairs = (word.split(b"=", 1) for word in raw.split(b"\0") if b"=" in word)
    found = {os.fsdecode(name): os.fsdecode(value) for name, value in pairs}
    return {name: value for name, value in found.items() if name != "PG_GRANDPARENT_PID"}


def restart(way: Way, say: Say, *, patience: float = STOP_PATIENCE) -> None:
    """Stop the server if it runs, start it, and wait until it accepts connections; crash recovery is waited for.

    Raises:
        ServerDidNotStart: with the server's own line.
        MustNotRunHere: it does not stop; it was asked to and may do so later.
    """
    if not way.command:
        _stop(way, say, patience)
    since = startlog.mark(way.log)
    if way.command:
        say(f"running {shlex.join(way.command)}")
        code, output = _run(way.command)
    else:
        say("starting the server")
        code, output = _start(way)
    if code:
        raise ServerDidNotStart(startlog.reason(way.log, since) or _last(output) or "the command failed")
    if not _wait_until_up(way, say):
        raise ServerDidNotStart(startlog.reason(way.log, since) or "the server ended without a word in its log")


def running(folder: Path) -> bool:
    """True while a postmaster of this data directory lives."""
    pid = _pid(folder)
    if pid is None:
        return False
    with contextlib.suppress(psutil.Error, OSError):
        process = psutil.Process(pid)  # the number may be another account's process by now
        return process.status() != psutil.STATUS_ZOMBIE and process.uids().real == folder.stat().st_uid
    return False


def _stop(way: Way, say: Say, patience: float) -> None:
    pid = _pid(way.data_directory)
    if pid is None or not running(way.data_directory):
        return
    say("stopping the server (fast shutdown)")
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)  # what pg_ctl stop -m fast sends
    limit, told = time.monotonic() + patience, time.monotonic()
    while running(way.data_directory):
        if time.monotonic() > limit:
            raise MustNotRunHere(f"the server (process {pid}) does not stop within {patience:.0f} s")
        told = _tell(say, "the server is still shutting down", told)
        time.sleep(0.05)


def _start(way: Way) -> tuple[int, str]:
    """`pg_ctl restart` on a stopped server: unlike `start` it takes the options from postmaster.opts."""
    words = [
        str(way.programs / "pg_ctl"),
        "restart",
        "-W",
        "-s",
        "-D",
        str(way.data_directory),
        "-l",
        str(way.log.file),
    ]
    who = way.identity
    task: dict[str, Any] = {"groups": [], "limits": [], "score": ""} | dict(who.conditions) | {"command": words}
    if os.geteuid() == 0:
        task |= {"uid": who.uid, "gid": who.gid, "others": who.groups}
    launcher = (sys.executable, "-I", launch.__file__, json.dumps(task))
    return _run(launcher, dict(who.environment) or _own_libraries(way))


def _own_libraries(way: Way) -> dict[str, str]:
    """For a server whose environment is not known: ours without libpq's words, and an unpacked tree's libraries."""
    libraries = way.programs.parent / "lib"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | ({"LD_LIBRARY_PATH": str(libraries)} if (libraries / "libpq.so.5").exists() else {})


def _run(words: tuple[str, ...], environment: dict[str, str] | None = None) -> tuple[int, str]:
    """Run to the end, in a session of its own so that Ctrl-C at our terminal does not reach the server."""
    with tempfile.TemporaryFile("w+", errors="replace") as output:  # a pipe would stay open as long as the server runs
        try:
            done = subprocess.run(
                words, check=False, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd="/",
                env=environment, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            return 127, f"{words[0]}: {error.strerror}"
        output.seek(0)
        return done.returncode, output.read()


def _wait_until_up(way: Way, say: Say) -> bool:
    """True once connections are accepted, however long recovery takes; False if the postmaster is not there.

    Raises:
        ServerDidNotStart: it runs but is silent where it answered before: a port or a socket was changed too.
    """
    conninfo = make_conninfo(way.conninfo, connect_timeout=5).encode()
    missing_since = silent_since = told = time.monotonic()
    while (answer := pq.PGconn.ping(conninfo)) != pq.Ping.OK:
        now = time.monotonic()
        silent_since = silent_since if answer == pq.Ping.NO_RESPONSE else now
        if now - silent_since > SILENT_PATIENCE:
            raise ServerDidNotStart(f"the server does not answer for {SILENT_PATIENCE:g} s where it did before")
        if running(way.data_directory):
            missing_since = now
        elif now - missing_since > (APPEAR_PATIENCE if way.command else 2.0):
            return False
        recovering = answer == pq.Ping.REJECT
        told = _tell(say, "the server is starting up" if recovering else "the server does not answer yet", told)
        time.sleep(0.1)
    return True


def _tell(say: Say, text: str, told: float) -> float:
    """Say it if the last word was long ago, and give the time of the last word."""
    now = time.monotonic()
    if now - told < EVERY:
        return told
    say(text)
    return now


def _pid(folder: Path) -> int | None:
    try:
        return int((folder / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
