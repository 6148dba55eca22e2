"""A memory cgroup to run a server in: made as root below the group that this process is in, removed in the end.

Below our own group and not at the top, so that no limit that already holds for us is escaped.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

V1_ROOT = Path("/sys/fs/cgroup/memory")
V2_ROOT = Path("/sys/fs/cgroup")


class NoCgroup(Exception):
    """No memory cgroup can be made here; the message says why."""


@dataclass(frozen=True, slots=True)
class Cgroup:
    """A group with a limit. `version` is 1 or 2; v1 and v2 name their files differently."""

    folder: Path
    version: int

    @property
    def peak(self) -> int | None:
        """The greatest memory use of the group in bytes, page cache included; None where the kernel keeps none."""
        return self._number("memory.max_usage_in_bytes" if self.version == 1 else "memory.peak")

    @property
    def kills(self) -> int:
        """How many processes the kernel killed for want of memory."""
        text = self._text("memory.oom_control" if self.version == 1 else "memory.events")
        words = dict(line.split() for line in text.splitlines())
        return int(words.get("oom_kill", 0))

    def reset_peak(self) -> None:
        """Begin a new peak; where the kernel cannot, the old one stays."""
        name = "memory.max_usage_in_bytes" if self.version == 1 else "memory.peak"
        with contextlib.suppress(OSError):
            (self.folder / name).write_text("0")

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Processes started inside this block, and their children, belong to the group; this one goes back after."""
        home = _own_folder(self.version)
        me = str(os.getpid())
        (self.folder / "cgroup.procs").write_text(me)
        try:
            yield
        finally:
            (home / "cgroup.procs").write_text(me)

    def _number(self, name: str) -> int | None:
        text = self._text(name).strip()
        return int(text) if text.isdigit() else None

    def _text(self, name: str) -> str:
        try:
            return (self.folder / name).read_text(encoding="ascii")
        except OSError:
            return ""


@contextmanager
def limited(limit: int) -> Iterator[Cgroup]:
    """A group that holds at most `limit` bytes, swap included.

    Raises:
        NoCgroup: not root, or the hierarchy cannot be written.
    """
    group = _made(limit)
    try:
        yield group
    finally:
        _remove(group.folder)


def _made(limit: int) -> Cgroup:
    version = 1 if (V1_ROOT / "memory.limit_in_bytes").exists() else 2
    if os.geteuid() != 0:
        raise NoCgroup("a memory cgroup can only be made as root")
    folder = _own_folder(version) / f"pgtune-bench-{os.getpid()}"
    try:
        folder.mkdir()
    except OSError as error:
        raise NoCgroup(f"no cgroup below {folder.parent}: {error.strerror}") from None
    try:
        _write_limit(folder, version, limit)
    except OSError as error:
        folder.rmdir()
        raise NoCgroup(f"{folder.parent} gives no memory limit to its children: {error.strerror}") from None
    return Cgroup(folder, version)


def _write_limit(folder: Path, version: int, limit: int) -> None:
    if version == 1:
        (folder / "memory.limit_in_bytes").write_text(str(limit))
        with contextlib.suppress(OSError):  # absent without swap accounting
            (folder / "memory.memsw.limit_in_bytes").write_text(str(limit))
    else:
        (folder / "memory.max").write_text(str(limit))
        with contextlib.suppress(OSError):
            (folder / "memory.swap.max").write_text("0")


def _own_folder(version: int) -> Path:
    """The folder of the group that this process is in (cgroups(7): /proc/self/cgroup).

    In a container whose cgroup file system shows only its own part, the path in /proc is not found below the root;
    the root then is our own group.
    """
    root, controller = (V1_ROOT, "memory") if version == 1 else (V2_ROOT, "")
    for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _number, controllers, path = line.split(":", 2)
        if controller in controllers.split(",") and (version == 1 or not controllers):
            folder = root / path.lstrip("/")
            return folder if folder.is_dir() else root
    return root


def _remove(folder: Path) -> None:
    """The server in it has been stopped; its last processes may need a moment."""
    for _attempt in range(50):
        try:
            folder.rmdir()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{folder} could not be removed: processes are still in it")
