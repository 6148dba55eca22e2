"""How much memory a process may use: the least of the machine's and of every limit above it."""

from dataclasses import dataclass
from pathlib import Path

from pgtune.host import cgroup, files
from pgtune.host.cgroup import Group
from pgtune.model.hardware import Figure

UNLIMITED = 1 << 62  # v1 writes `no limit` as the largest number of whole pages below 2^63
LIMIT_FILES = ("memory.max", "memory.high", "memory.limit_in_bytes")  # v2: killed above, throttled above; v1: killed


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound on memory and whom it binds: the processes in `group`, or everyone on the machine where it is None."""

    figure: Figure[int]
    group: Group | None = None

    def holds(self, root: Path, pid: int) -> bool:
        """True if the bound counts for this process as well."""
        return self.group is None or self.group.holds(root, pid)


def machine(root: Path) -> Figure[int] | None:
    """The memory that the kernel of this machine has; None where /proc is not there."""
    total = files.kilobytes(files.fields(root / "proc/meminfo").get("MemTotal"))
    return None if not total else Figure(total, "/proc/meminfo MemTotal")


def swap(root: Path) -> int | None:
    """The machine's swap space in bytes."""
    return files.kilobytes(files.fields(root / "proc/meminfo").get("SwapTotal"))


def limits(root: Path, pid: int | None = None) -> tuple[Limit, ...]:
    """Every bound that counts for the process: the machine's first, then those of its groups and their ancestors."""
    total = machine(root)
    groups = cgroup.groups(root, "memory", pid)
    found = [Limit(figure, group) for group in groups for figure in _of_group(root, group)]
    found += _inherited(root, groups, found)
    return (*([Limit(total)] if total else []), *found)


def _of_group(root: Path, group: Group) -> list[Figure[int]]:
    """The group's own limits; a missing file, `max` and the number that means `unlimited` are none."""
    read = [(group.folder / name, _bound(files.text(group.folder / name))) for name in LIMIT_FILES]
    return [Figure(size, files.shown(root, path)) for path, size in read if size is not None]


def _inherited(root: Path, groups: tuple[Group, ...], found: list[Limit]) -> list[Limit]:
    """What v1 says to be the least limit of a group and its ancestors: those above a container are seen only here.

    Whom such a limit binds cannot be seen: everyone who can be seen below the highest group.
    """
    versions = [group for group in groups if group.hierarchy]
    if not versions:
        return []
    path = versions[0].folder / "memory.stat"
    for line in (files.text(path) or "").splitlines():
        name, _, written = line.partition(" ")
        size = _bound(written) if name == "hierarchical_memory_limit" else None
        if size is not None and all(limit.figure.value > size for limit in found):
            return [Limit(Figure(size, f"{files.shown(root, path)} {name}"), versions[-1])]
    return []


def _bound(written: str | None) -> int | None:
    size = files.as_integer(written)
    return size if size is not None and 0 < size < UNLIMITED else None
