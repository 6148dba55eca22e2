"""Who else lives on the same memory: other PostgreSQL servers and Redis, by what they hold or may hold."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from pgtune.host import files
from pgtune.host.postmaster import postmasters
from pgtune.host.process import Process, every, family
from pgtune.model.hardware import Neighbour

REDIS = frozenset({"redis-server", "valkey-server", "keydb-server"})
REDIS_FILES = ("/etc/redis/redis.conf", "/etc/redis.conf", "/etc/valkey/valkey.conf", "/etc/valkey.conf")
REDIS_PORT = 6379
REDIS_UNITS = {"": 1, "k": 1000, "kb": 1 << 10, "m": 1000**2, "mb": 1 << 20, "g": 1000**3, "gb": 1 << 30}

# How the kernel names PostgreSQL's main shared memory in /proc/PID/maps: shared and anonymous, of small or huge pages,
# or of System V.
SHARED = re.compile(
    r"^([0-9a-f]+)-([0-9a-f]+) rw-s .* (?:/dev/zero|/anon_hugepage|/SYSV[0-9a-f]+)(?: \(deleted\))?$", re.MULTILINE
)


def servers(root: Path, own: int | None = None) -> tuple[Neighbour, ...]:
    """Every PostgreSQL server that we may see, but the one that process `own` belongs to."""
    return tuple(_servers(every(root), own))


def caches(root: Path) -> tuple[Neighbour, ...]:
    """Every Redis and its relatives that we may see."""
    return tuple(_redis(every(root)))


def _servers(processes: tuple[Process, ...], own: int | None) -> Iterator[Neighbour]:
    for postmaster in postmasters(processes):
        members = family(postmaster.pid, processes)
        if own not in {member.pid for member in members}:
            size, source = _held(postmaster, members)
            yield Neighbour(f"PostgreSQL{_where(postmaster)}", postmaster.pid, size, source)


def _where(postmaster: Process) -> str:
    """The data directory, if the command line or the process itself tells it."""
    command = postmaster.command
    named = [after for word, after in pairwise(command) if word == "-D"]
    folder = postmaster.link("cwd") or next(iter(named), None)
    return f" in {folder}" if folder else ""


def _held(postmaster: Process, members: list[Process]) -> tuple[int, str]:
    """The private memory of all its processes and its shared memory once: all that is set aside, if that is known."""
    private = sum(member.private() for member in members)
    reserved = _reserved(postmaster)
    if reserved:
        return private + reserved, "private memory of its processes and its shared memory, once"
    touched = max(member.size("RssShmem") + member.size("HugetlbPages") for member in members)
    return private + touched, "private memory of its processes and the shared memory they touched, once"


def _reserved(postmaster: Process) -> int:
    """The size of its shared memory, touched or not; 0 where only its owner may know."""
    maps = files.text(postmaster.folder / "maps") or ""
    return sum(int(end, 16) - int(begin, 16) for begin, end in SHARED.findall(maps))


def _redis(processes: tuple[Process, ...]) -> Iterator[Neighbour]:
    for process in processes:
        if process.name in REDIS and process.size("VmRSS"):
            held, may = process.size("VmRSS"), _redis_limit(process)
            size, source = (may[0], f"maxmemory in {may[1]}") if may and may[0] > held else (held, "resident memory")
            yield Neighbour(process.name, process.pid, size, source)


def _redis_limit(process: Process) -> tuple[int, str] | None:
    """What its command line or its configuration lets it hold; None without a limit that can be seen."""
    line = " ".join(process.command)
    given = re.search(r"--maxmemory (\d+)([a-z]*)", line, re.IGNORECASE)
    if given:
        return _redis_size(given[1], given[2]), "its command line"
    named = [word for word in process.command if word.startswith("/") and word.endswith(".conf")]
    bases = [process.folder / "root"] if len(process.inner_pids) > 1 else [process.folder / "root", process.root]
    for path in (*named, *REDIS_FILES):
        for base in bases:
            text = files.text(files.below(base, path))
            if text is not None and (path in named or _redis_port(text) == _port(line)):
                limit = re.search(r"^\s*maxmemory\s+(\d+)([a-z]*)\s*$", text, re.IGNORECASE | re.MULTILINE)
                return (_redis_size(limit[1], limit[2]), path) if limit else None
    return None


def _redis_size(number: str, unit: str) -> int:
    return int(number) * REDIS_UNITS.get(unit.lower(), 1)


def _port(title: str) -> int:
    """The port of `redis-server 127.0.0.1:6379`, as it titles itself."""
    match = re.search(r":(\d+)\b", title)
    return int(match[1]) if match else REDIS_PORT


def _redis_port(text: str) -> int:
    match = re.search(r"^\s*port\s+(\d+)", text, re.IGNORECASE | re.MULTILINE)
    return int(match[1]) if match else REDIS_PORT
