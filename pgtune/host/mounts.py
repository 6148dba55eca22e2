"""What is mounted where, as /proc/PID/mountinfo says (proc(5)): for the cgroup files and for the data directory."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pgtune.host import files

_OCTAL = re.compile(r"\\([0-7]{3})")
FIXED_FIELDS = 6  # before the optional ones, which end with a lone `-`


@dataclass(frozen=True, slots=True)
class Mount:
    """One line: `device` is major:minor, `root` the folder of the file system that is seen at `point`."""

    device: str
    root: str
    point: str
    filesystem: str
    source: str
    options: tuple[str, ...]

    def option(self, name: str) -> str | None:
        """The value of `name=value` among the file system's own options."""
        for option in self.options:
            key, _, value = option.partition("=")
            if key == name:
                return value
        return None


def read(root: Path, pid: int | None = None) -> tuple[Mount, ...]:
    """The mounts that a process sees, ours where pid is None; empty where that cannot be read."""
    lines = (files.text(root / "proc" / (str(pid) if pid else "self") / "mountinfo") or "").splitlines()
    return tuple(mount for mount in map(_parse, lines) if mount)


def _parse(line: str) -> Mount | None:
    words = line.split(" ")
    try:
        dash = words.index("-", FIXED_FIELDS)
        filesystem, source, options = words[dash + 1 : dash + 4]
    except ValueError:
        return None
    return Mount(
        words[2], _plain(words[3]), _plain(words[4]), filesystem, _plain(source), tuple(_plain(options).split(","))
    )


def _plain(word: str) -> str:
    """Blanks and backslashes are written as octal numbers."""
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), word)


def holding(mounts: Iterable[Mount], path: Path) -> Mount | None:
    """The mount that an absolute path without links lies on: the deepest, and of several there the last."""
    found: Mount | None = None
    for mount in mounts:
        if path.is_relative_to(mount.point) and (found is None or len(mount.point) >= len(found.point)):
            found = mount
    return found
