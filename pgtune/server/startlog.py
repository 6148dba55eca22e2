"""Why a server did not start: its own line, wherever its words went."""

import contextlib
import os
import re
import stat
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TAIL = 1 << 20  # bytes of new log that are searched for the reason

_ENDS = re.compile(r"(?:PANIC|FATAL):\s.*")
# What clients are told while a server goes and comes (SQLSTATE 57P01 and 57P03): no reason of its own.
_TO_CLIENTS = re.compile(r"FATAL:\s+(?:terminating |the database system is )")
_MORE = re.compile(r".*?((?:DETAIL|HINT):\s.*)")


@dataclass(frozen=True, slots=True)
class StartLog:
    """Where a server's words go: `file` is its standard error, `unit` the systemd service that keeps a journal."""

    file: Path
    data_directory: Path
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """The length of each log at a moment, so that only what came after it is read; `at` is the clock's time."""

    at: float
    lengths: Mapping[Path, int]


def standard_error(pid: int, uid: int, data_directory: Path) -> Path:
    """The regular file that the postmaster's standard error goes to, if its account may append to it; else a new one.

    The new one lies in the data directory, where nobody else can put a link of that name.
    """
    new = data_directory / "pgtune-restart.log"
    link = Path(f"/proc/{pid}/fd/2")
    try:
        path, status = link.readlink(), link.stat()
        same = path.stat().st_ino == status.st_ino
    except OSError:  # another account's process, or a pipe
        return new
    usable = stat.S_ISREG(status.st_mode) and status.st_uid == uid and status.st_mode & stat.S_IWUSR
    return path if same and usable else new


def mark(log: StartLog) -> Mark:
    """Note how long every log is now."""
    return Mark(time.time(), {path: path.stat().st_size for path in _files(log, 0)})


def reason(log: StartLog, since: Mark) -> str:
    """The first line since then in which the server says why it ended, with detail and hint; empty if there is none."""
    for path in _files(log, since.at):
        if said := _telling(_new_text(path, since.lengths.get(path, 0))):
            return said
    return _telling(_journal(log, since))


def _telling(text: str) -> str:
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if (found := _ENDS.search(line)) and not _TO_CLIENTS.match(found[0]):
            more = (_MORE.fullmatch(each) for each in lines[number + 1 : number + 3])
            return " ".join([found[0], *(match[1] for match in more if match)])
    return ""


def _files(log: StartLog, since: float) -> list[Path]:
    """Standard error's file, and the files of the logging collector (current_logfiles names the one in use)."""
    found = [log.file]
    with contextlib.suppress(OSError):
        for line in (log.data_directory / "current_logfiles").read_text().splitlines():
            current = log.data_directory / line.partition(" ")[2]
            found += [path for path in sorted(current.parent.iterdir()) if path.stat().st_mtime >= since]
    return list(dict.fromkeys(path for path in found if path.is_file()))


def _new_text(path: Path, start: int) -> str:
    with contextlib.suppress(OSError), path.open("rb") as file:
        file.seek(max(start, path.stat().st_size - TAIL))
        return file.read().decode(errors="replace")
    return ""


def _journal(log: StartLog, since: Mark) -> str:
    """What systemd kept of the unit's words."""
    if not log.unit:
        return ""
    words = ("journalctl", "--unit", log.unit, "--since", f"@{int(since.at)}", "--no-pager", "--output", "cat")
    try:
        done = subprocess.run(words, check=False, capture_output=True, stdin=subprocess.DEVNULL, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return os.fsdecode(done.stdout)
