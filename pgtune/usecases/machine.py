"""A live server and the machine under it: found among the processes here, or read through the server itself."""

from dataclasses import dataclass, replace
from pathlib import Path

from pgtune import host
from pgtune.host.postmaster import Located, locate
from pgtune.model.hardware import Figure, Hardware, Storage
from pgtune.model.server import Server
from pgtune.server import facts, remote
from pgtune.server.connect import reading

READ_THROUGH = "the server is on another machine: its memory and CPUs were read from /proc through the server itself"


@dataclass(frozen=True, slots=True)
class Machine:
    """A server and its machine. `hardware` is None where nothing of it can be read, and `why` says why."""

    server: Server
    located: Located | None
    hardware: Hardware | None
    why: str = ""


def of(conninfo: str, data_directory: Path | None = None) -> Machine:
    """Read the server and find its machine; `data_directory` overrules where its disk is looked for.

    The session stays open while the server's process is looked for: it is the proof.

    Raises:
        BadInput, CannotConnect, NotAllowed, ConnectionLost: as the server answers.
    """
    with reading(conninfo) as connection:
        server = facts.read_from(connection)
        located = locate(server)
    if located is None:
        return _elsewhere(conninfo, server)
    hardware = host.probe(pid=located.pid, data_directory=data_directory or located.data_directory)
    return Machine(server, located, replace(hardware, notes=(_whose(located), *hardware.notes)))


def _whose(located: Located) -> str:
    where = " in a container" if located.in_container else ""
    unit = f" of {located.unit}" if located.unit else ""
    return f"limits are those of the server's own process {located.pid}{unit}{where}, not of pgtune"


def _elsewhere(conninfo: str, server: Server) -> Machine:
    """What the server itself shows of its machine, to a role that may read files there."""
    with remote.files(conninfo, server) as (root, why):
        hardware = host.probe(root) if root else None
    if hardware is None:
        return Machine(server, None, None, why)
    unknown = Storage(Figure("unknown", "on another machine"))
    hardware = replace(hardware, storage=unknown, cloud=None, notes=(READ_THROUGH, *hardware.notes))
    return Machine(server, None, hardware)
