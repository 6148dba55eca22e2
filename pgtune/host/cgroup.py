"""Control groups, version 1, 2 and both at once: the folders whose limits count for a process.

/proc/PID/cgroup names the group of a process in each hierarchy, /proc/self/mountinfo where a hierarchy is mounted and
which of its groups is seen there (cgroups(7), cgroup_namespaces(7)). Both are written as the reader's own cgroup
namespace sees them, so they fit together: inside a container both usually say `/`, and the mount's own folder holds
the container's limits. Limits above the namespace cannot be seen from inside.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pgtune.host import files, mounts
from pgtune.host.mounts import Mount

MOST_FOLDERS = 10_000  # looked through where a group's path cannot be followed
V2 = ""


@dataclass(frozen=True, slots=True)
class Group:
    """One group that a process is in, directly or as an ancestor.

    `hierarchy` is the v1 controller, or empty for v2; `path` the group as /proc/PID/cgroup writes it, None where it
    could only be found by its mount; `folder` holds its files.
    """

    hierarchy: str
    path: str | None
    folder: Path

    def holds(self, root: Path, pid: int) -> bool:
        """True if a process is in this group or below it. A group of unknown path holds everyone who is visible."""
        if self.path is None:
            return True
        other = paths(root, pid).get(self.hierarchy)
        return other is not None and PurePosixPath(other).is_relative_to(self.path)


def paths(root: Path, pid: int | None = None) -> dict[str, str]:
    """The process's group in each hierarchy by v1 controller (`memory`, `name=systemd`), v2 as the empty name."""
    found: dict[str, str] = {}
    for line in (files.text(root / "proc" / (str(pid) if pid else "self") / "cgroup") or "").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if path.startswith("/"):
            found |= {name: path for name in controllers.split(",") if name or number == "0"}
    return found


def groups(root: Path, controller: str, pid: int | None = None) -> tuple[Group, ...]:
    """The groups that may limit a process through this controller: its own first, then its ancestors; v1, then v2."""
    own = paths(root, pid)
    found: list[Group] = []
    for hierarchy in (controller, V2):
        if hierarchy in own:
            found += _chain(root, hierarchy, own[hierarchy], pid)
    return tuple(found)


def _chain(root: Path, hierarchy: str, path: str, pid: int | None) -> Iterator[Group]:
    for base, mount in _mounted(root, hierarchy, pid):
        inside = _inside(path, mount.root)
        top = files.below(base, mount.point)
        if inside is not None and (top / inside).is_dir():
            return _upwards(hierarchy, top, inside, mount.root)
        searched = _search(top, root, pid)
        if searched is not None:
            return _upwards(hierarchy, top, PurePosixPath(searched.relative_to(top)), None)
        if top.is_dir():
            return iter([Group(hierarchy, None, top)])
    return iter(())


def _mounted(root: Path, hierarchy: str, pid: int | None) -> list[tuple[Path, Mount]]:
    """Where the hierarchy is mounted: as we see it, the mount that shows most of it first; else as the process does."""
    seen = [(root, mount) for mount in mounts.read(root) if _carries(mount, hierarchy)]
    if not seen and pid is not None:
        base = root / "proc" / str(pid) / "root"
        seen = [(base, mount) for mount in mounts.read(root, pid) if _carries(mount, hierarchy)]
    return sorted(seen, key=lambda each: len(each[1].root))


def _carries(mount: Mount, hierarchy: str) -> bool:
    if hierarchy == V2:
        return mount.filesystem == "cgroup2"
    return mount.filesystem == "cgroup" and hierarchy in mount.options


def _inside(path: str, shown: str) -> PurePosixPath | None:
    """The group's path below the group that the mount shows; None where it leads out of what can be seen."""
    if ".." in PurePosixPath(path).parts or not PurePosixPath(path).is_relative_to(shown):
        return None
    return PurePosixPath(path).relative_to(shown)


def _upwards(hierarchy: str, top: Path, inside: PurePosixPath, shown: str | None) -> Iterator[Group]:
    for part in (inside, *inside.parents):
        yield Group(hierarchy, None if shown is None else str(PurePosixPath(shown, part)), top / part)


def _search(top: Path, root: Path, pid: int | None) -> Path | None:
    """The folder below `top` that lists the process: for groups whose path leads out of our cgroup namespace."""
    wanted = str(pid) if pid is not None else (files.text(root / "proc/self/stat") or "").partition(" ")[0]
    for count, (folder, _, names) in enumerate(os.walk(top)):
        if count > MOST_FOLDERS:
            return None
        if "cgroup.procs" in names and wanted in (files.text(Path(folder) / "cgroup.procs") or "").split():
            return Path(folder)
    return None
