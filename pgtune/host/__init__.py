"""The machine a server runs on, read from files of /proc and /sys: no rights are needed, no network is asked."""

from collections.abc import Mapping
from pathlib import Path

from pgtune.host import cloud, container, cpu, disk, kernel, memory, neighbours
from pgtune.host.memory import Limit
from pgtune.model.errors import BadInput
from pgtune.model.hardware import Figure, Hardware, Neighbour, Storage
from pgtune.model.units import MB, human_bytes

__all__ = ["probe"]

LEAST_MEMORY = 64 * MB  # what is left of a machine that others fill: below, PostgreSQL itself hardly fits


def probe(
    root: Path = Path("/"),
    pid: int | None = None,
    data_directory: Path | None = None,
    wal_directory: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Hardware:
    """What a server may use of its machine.

    Args:
        root: where the machine's /proc and /sys are; another than `/` is only read, nothing is tried there.
        pid: the postmaster: its groups, its affinity and its mounts count. None: those of this process.
        data_directory: whose disk to look at; through /proc/PID/root for one in a container.
        wal_directory: where its WAL is, if not in its pg_wal.
        environ: this process's environment, for what it says about a container.

    Raises:
        BadInput: there is no /proc/meminfo: this is no Linux machine.
    """
    storage, scheduler = disk.storage(root, data_directory, wal_directory)
    servers, caches = neighbours.servers(root, pid), neighbours.caches(root)
    figure, subtracted = _memory(root, pid, caches if pid is None else (*servers, *caches))
    notes = (*_left_out(subtracted), *(_not_named(servers) if pid is None else ()), *_disk(storage, data_directory))
    return Hardware(
        memory=figure,
        cpus=cpu.usable(root, pid),
        storage=storage,
        machine_memory=memory.machine(root),
        swap=memory.swap(root),
        neighbours=subtracted,
        kernel=kernel.read(root, pid, scheduler),
        cloud=cloud.hint(root),
        container=container.hint(root, pid, environ),
        notes=notes,
    )


def _memory(root: Path, pid: int | None, others: tuple[Neighbour, ...]) -> tuple[Figure[int], tuple[Neighbour, ...]]:
    """The least that any bound leaves when what others hold below it is subtracted, and who those others are."""
    bounds = [
        (limit, tuple(each for each in others if limit.holds(root, each.pid))) for limit in memory.limits(root, pid)
    ]
    if not bounds:
        raise BadInput("this machine's memory cannot be read, /proc/meminfo is missing: say --ram 64GB --cpus 16")
    limit, beside = min(bounds, key=lambda bound: _left(*bound))
    return Figure(max(_left(limit, beside), LEAST_MEMORY), limit.figure.source), beside


def _left(limit: Limit, others: tuple[Neighbour, ...]) -> int:
    return limit.figure.value - sum(other.bytes for other in others)


def _left_out(others: tuple[Neighbour, ...]) -> tuple[str, ...]:
    if not others:
        return ()
    named = ", ".join(each.name for each in others)
    total = human_bytes(sum(each.bytes for each in others))
    return (f"{total} of the memory are left to {named}; `pgtune tune --ram` overrules this",)


def _not_named(servers: tuple[Neighbour, ...]) -> tuple[str, ...]:
    """Without a server to ask about, one that runs here may be the one that is meant: nothing is subtracted."""
    if not servers:
        return ()
    named = ", ".join(f"{each.name} (process {each.pid}, {human_bytes(each.bytes)})" for each in servers)
    return (f"runs here, not subtracted because no server was named: {named}",)


def _disk(storage: Storage, data_directory: Path | None) -> tuple[str, ...]:
    """What the place of the data calls for a word."""
    if data_directory is not None and storage.data_free is None:
        return (f"{data_directory} cannot be looked at from this account: its free space is unknown",)
    if storage.filesystem == "overlay":
        return ("the data lie in the container's own layer (overlay) and are gone with it: give them a volume",)
    if storage.filesystem in disk.IN_MEMORY:
        return (f"the data lie in memory ({storage.filesystem}) and are gone with the machine",)
    return ()
