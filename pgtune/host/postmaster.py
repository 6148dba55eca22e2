"""Which process of this machine a server is: proven by what the kernel says, never guessed from a host name.

A session's own process is found by its number inside the server's PID namespace (the last of NSpid) and the moment it
started; its parent is the postmaster, whose own start must fit too. That needs no rights, works over TCP, and for a
server in a container from outside of it. Where the session is gone, the peer of the Unix socket, or postmaster.pid with
the system identifier, has to name the process. What can be read and contradicts, refutes.
"""

import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path

from pgtune.host import files, reach
from pgtune.host.process import Process, every
from pgtune.model.server import Server

PROGRAMS = frozenset({"postgres", "postmaster", "edb-postgres"})
FORK_S = 2.0  # a session notes its start as it is forked; the kernel's boot time is whole seconds
BOOT_S = 15.0  # a postmaster notes its start after it loaded its libraries and made its shared memory
CONTROL_FILE = "global/pg_control"  # begins with the system identifier (pg_control.h), in the machine's byte order


@dataclass(frozen=True, slots=True)
class Located:
    """The postmaster of a server, proven to run on this machine.

    `data_directory` and `binaries` are paths that can be opened from here: through /proc/PID/root for a server in a
    container that we are outside of (`in_container`). `unit` is the systemd service that runs this server and nothing
    else. `evidence` is one sentence.
    """

    pid: int
    uid: int
    account: str
    data_directory: Path | None
    binaries: Path | None
    in_container: bool
    unit: str | None
    evidence: str


@dataclass(frozen=True, slots=True)
class _Proof:
    """`live`: the kernel itself says it of a session, not only files that a copy of the cluster has too."""

    postmaster: Process
    sentence: str
    live: bool


@dataclass(frozen=True, slots=True)
class _Pidfile:
    """The lines of postmaster.pid that identify a server (miscadmin.h of PostgreSQL, LOCK_FILE_LINE_PID and on)."""

    pid: int
    data_directory: str
    started: int
    port: int


def postmasters(processes: tuple[Process, ...] | None = None) -> tuple[Process, ...]:
    """Every postmaster among these processes, by default all that we may see here.

    It is a postgres that is no other one's child and has children of its own.
    """
    known = every(Path("/")) if processes is None else processes
    servers = {each.pid: each for each in known if each.name in PROGRAMS}
    parents = {each.parent for each in servers.values()}
    return tuple(each for each in servers.values() if each.parent not in servers and each.pid in parents)


def locate(server: Server, root: Path = Path("/")) -> Located | None:
    """The server's postmaster on this machine; None where that cannot be proven or something contradicts.

    Call it while the session that read the server's facts is open: its process is the proof that needs no rights.
    """
    processes = every(root)
    proven = [proof for each in postmasters(processes) if (proof := _proof(server, each, processes))]
    best = [proof for proof in proven if proof.live] or proven
    if len(best) != 1:  # none, or two that are alike
        return None
    return _located(server, best[0], processes)


def _proof(server: Server, postmaster: Process, processes: tuple[Process, ...]) -> _Proof | None:
    """What proves the process to be the server's, or None.

    A postmaster.pid that fits proves nothing by itself: machines that started together have them alike. It counts with
    the system identifier, and in place of the kernel's start time, which moves when the clock is set.
    """
    if _contradicted(server, postmaster, processes):
        return None
    named = _read_pidfile(server, postmaster) is not None  # it fits, or it had contradicted
    if not named and not _started_then(server, postmaster):
        return None
    live = []
    backend = _backend(server, postmaster, processes)
    if backend is not None:
        live.append(f"its session is process {backend.pid} here, a child of postmaster {postmaster.pid}")
    if server.peer_pid == postmaster.pid:
        live.append(f"its Unix socket belongs to postmaster {postmaster.pid}")
    told = list(live)
    if named and server.system_identifier is not None and _system_identifier(server, postmaster) is not None:  # equal
        told.append(f"postmaster.pid and pg_control are those of process {postmaster.pid}")
    return _Proof(postmaster, f"{'; '.join(told)}; start times agree", live=bool(live)) if told else None


def _started_then(server: Server, postmaster: Process) -> bool:
    started = postmaster.started()
    return started is not None and -FORK_S <= server.postmaster_start - started <= BOOT_S


def _backend(server: Server, postmaster: Process, processes: tuple[Process, ...]) -> Process | None:
    """The session's own process among the postmaster's children."""
    for process in processes:
        if process.parent == postmaster.pid and process.inner_pids[-1:] == (server.backend_pid,):
            started = process.started()
            if started is not None and abs(server.backend_start - started) <= FORK_S:
                return process
    return None


def _contradicted(server: Server, postmaster: Process, processes: tuple[Process, ...]) -> bool:
    """True if a readable file or the socket's peer says that this is another server."""
    pidfile = _read_pidfile(server, postmaster)
    if pidfile is not None and not _fits(pidfile, server, postmaster):
        return True
    peer = next((each for each in processes if each.pid == server.peer_pid), None)
    if peer is not None and peer.name in PROGRAMS and peer.pid != postmaster.pid:  # else a pooler is in between
        return True
    identifier = _system_identifier(server, postmaster)
    return None not in {identifier, server.system_identifier} and identifier != server.system_identifier


def _fits(pidfile: _Pidfile, server: Server, postmaster: Process) -> bool:
    return (
        pidfile.pid == postmaster.inner_pids[-1]
        and server.data_directory in {None, pidfile.data_directory}
        and pidfile.port == _own_port(server)
        and -FORK_S <= server.postmaster_start - pidfile.started <= BOOT_S
    )


def _own_port(server: Server) -> int:
    """The port that the server itself listens on: the client's may be a container's or a pooler's."""
    setting = server.settings.get("port")
    return int(setting.value) if setting else server.port


def _read_pidfile(server: Server, postmaster: Process) -> _Pidfile | None:
    for folder in reach.data_directories(server.data_directory, postmaster):
        lines = (files.text(folder / "postmaster.pid") or "").splitlines()
        with contextlib.suppress(ValueError, IndexError):
            return _Pidfile(int(lines[0]), lines[1], int(lines[2]), int(lines[3]))
    return None


def _system_identifier(server: Server, postmaster: Process) -> str | None:
    for folder in reach.data_directories(server.data_directory, postmaster):
        with contextlib.suppress(OSError), (folder / CONTROL_FILE).open("rb") as file:
            return str(int.from_bytes(file.read(8), sys.byteorder))
    return None


def _located(server: Server, proof: _Proof, processes: tuple[Process, ...]) -> Located:
    postmaster = proof.postmaster
    apart = reach.in_other_container(postmaster)
    folders = (
        folder for folder in reach.data_directories(server.data_directory, postmaster) if reach.is_folder(folder)
    )
    return Located(
        pid=postmaster.pid,
        uid=postmaster.uid,
        account=postmaster.account,
        data_directory=next(folders, None),
        binaries=reach.binaries(postmaster),
        in_container=apart,
        unit=None if apart else reach.unit(postmaster, processes),
        evidence=proof.sentence,
    )
