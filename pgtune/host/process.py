"""Processes as /proc shows them (proc(5)): what a user without any rights may read of everyone's."""

import os
import pwd
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pgtune.host import files

START_TIME, PARENT = 19, 1  # fields of /proc/PID/stat, counted from the one after the name in brackets


@dataclass(frozen=True)
class Process:
    """One process. `pid` is its number as seen from here; files are read when they are first asked for."""

    root: Path
    pid: int

    @property
    def folder(self) -> Path:
        """Its folder in /proc."""
        return self.root / "proc" / str(self.pid)

    @cached_property
    def status(self) -> dict[str, str]:
        """The fields of its status file."""
        return files.fields(self.folder / "status")

    @cached_property
    def _stat(self) -> list[str]:
        return (files.text(self.folder / "stat") or "").rpartition(")")[2].split()

    @property
    def name(self) -> str:
        """The program's name, at most 15 letters."""
        return self.status.get("Name", "")

    @property
    def parent(self) -> int:
        """The parent's number, 0 where it has none here."""
        return files.as_integer(self._stat[PARENT]) or 0 if len(self._stat) > PARENT else 0

    @property
    def inner_pids(self) -> tuple[int, ...]:
        """Its number in our namespace and in each one nested deeper, where it may be a container's."""
        words = self.status.get("NSpid", str(self.pid)).split()
        return tuple(int(word) for word in words if word.isdecimal())

    @property
    def uid(self) -> int:
        """The account it runs as (the effective user), -1 where that cannot be read."""
        words = self.status.get("Uid", "").split()
        return int(words[1]) if len(words) > 1 and words[1].isdecimal() else -1

    @property
    def account(self) -> str:
        """The account's name on this machine, or its number where it has none here."""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except (KeyError, OverflowError):
            return str(self.uid)

    @property
    def command(self) -> tuple[str, ...]:
        """The command line; for a process that titles itself, its title."""
        return tuple((files.text(self.folder / "cmdline") or "").rstrip("\0").split("\0"))

    def size(self, field: str) -> int:
        """A size of the status file in bytes, 0 where it is missing."""
        return files.kilobytes(self.status.get(field)) or 0

    def private(self) -> int:
        """The memory that is its own: shared pages by its part of them, which only its owner may know; else all."""
        part = files.kilobytes(files.fields(self.folder / "smaps_rollup").get("Pss_Anon"))
        return self.size("RssAnon") if part is None else part

    def link(self, name: str) -> str | None:
        """Where one of its links leads (`exe`, `cwd`), None where only its owner may know."""
        try:
            return str((self.folder / name).readlink())
        except OSError:
            return None

    def started(self) -> float | None:
        """When it started, in seconds since 1970."""
        ticks = files.as_integer(self._stat[START_TIME]) if len(self._stat) > START_TIME else None
        booted = boot_time(self.root)
        return None if ticks is None or booted is None else booted + ticks / os.sysconf("SC_CLK_TCK")


def boot_time(root: Path) -> float | None:
    """When the machine started, in whole seconds since 1970, as the kernel reckons it from the clock of now."""
    for line in (files.text(root / "proc/stat") or "").splitlines():
        if line.startswith("btime "):
            return files.as_integer(line.partition(" ")[2])
    return None


def every(root: Path) -> tuple[Process, ...]:
    """Every process that we may see."""
    try:
        names = [folder.name for folder in (root / "proc").iterdir()]
    except OSError:
        return ()
    return tuple(Process(root, int(name)) for name in sorted(names, key=len) if name.isdecimal())


def family(ancestor: int, processes: Iterable[Process]) -> list[Process]:
    """The process and everything that descends from it."""
    children: dict[int, list[Process]] = {}
    found = []
    for process in processes:
        children.setdefault(process.parent, []).append(process)
        if process.pid == ancestor:
            found.append(process)
    for process in found:  # grows while it is walked
        found += children.get(process.pid, [])
    return found
