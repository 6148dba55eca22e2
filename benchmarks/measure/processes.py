"""Processor time and memory of a server's processes, read from /proc."""

import contextlib
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

PROC = Path("/proc")
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of one process. `private` is what ends with it: its own anonymous pages and its page tables.

    `pss` counts shared pages by the share of the process, so that a sum over processes counts each page once.
    """

    private: int
    page_tables: int
    shared_mapped: int
    pss: int


def memory(pid: int) -> Memory:
    """What /proc/PID/smaps_rollup and status say; raises OSError where the process is gone or another user's."""
    rollup = _kilobytes((PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii"))
    status = _kilobytes((PROC / str(pid) / "status").read_text(encoding="utf-8", errors="replace"))
    tables = status.get("VmPTE", 0)
    private = rollup["Pss_Anon"] + tables
    return Memory(private, tables, rollup.get("Pss_Shmem", 0), rollup["Pss"] + tables)


def _kilobytes(text: str) -> dict[str, int]:
    """The lines `Name:  123 kB` as bytes by name."""
    words = (line.split() for line in text.splitlines() if line.endswith(" kB"))
    return {word[0].rstrip(":"): int(word[1]) * 1024 for word in words}


def dynamic_segments(pid: int) -> dict[str, int]:
    """Bytes of the dynamic shared memory that a process has mapped (parallel queries allocate it), by segment."""
    found: dict[str, int] = {}
    for line in (PROC / str(pid) / "maps").read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.split()
        if len(words) > 5 and words[5].startswith("/dev/shm/PostgreSQL."):
            start, _, end = words[0].partition("-")
            found[words[5]] = int(end, 16) - int(start, 16)
    return found


def family(postmaster: int) -> list[int]:
    """The postmaster and all its living descendants."""
    try:
        children = psutil.Process(postmaster).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return [postmaster, *(child.pid for child in children)]


def cpu_seconds(postmaster: int) -> float:
    """User and system time of every process of a server, those that have ended included.

    A living process counts by utime and stime, an ended one by the cutime and cstime of the postmaster that reaped it
    (proc(5), fields 14 to 17). The postmaster is read first: a child that ends then is missed, never counted twice.
    """
    ended = sum(_times(postmaster))
    living = sum(sum(_times(pid)[:2]) for pid in family(postmaster) if pid != postmaster)
    return (ended + living) / TICKS_PER_SECOND


def _times(pid: int) -> tuple[int, int, int, int]:
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:  # it has ended
        return (0, 0, 0, 0)
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]), int(fields[12]), int(fields[13]), int(fields[14]))


def shared_resident(postmaster: int) -> int:
    """Bytes of shared memory that the server's processes have touched, each page once. Slow with large buffers."""
    total = 0
    for pid in family(postmaster):
        with contextlib.suppress(OSError):  # it has ended
            total += memory(pid).shared_mapped
    return total


def own_pages(pid: int) -> int:
    """Anonymous memory and page tables from /proc/PID/status: cheap, but pages shared since fork count in full."""
    status = _kilobytes((PROC / str(pid) / "status").read_text(encoding="utf-8", errors="replace"))
    return status.get("RssAnon", 0) + status.get("VmPTE", 0)


class PeakMemory:
    """Samples the memory of a server in the background and keeps the greatest of what it saw.

    `private` is the peak of all processes together, `by_process` of each by its pid, `dynamic` the peak of the dynamic
    shared memory that any of them had mapped; all in bytes. What lives shorter than a sample is missed.
    """

    def __init__(self, postmaster: int, every_s: float = 0.2) -> None:
        self.private = 0
        self.dynamic = 0
        self.by_process: dict[int, int] = {}
        self._postmaster, self._every = postmaster, every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self._sample()
            if self._stop.wait(self._every):
                return

    def _sample(self) -> None:
        total = 0
        segments: dict[str, int] = {}
        for pid in family(self._postmaster):
            try:
                seen = own_pages(pid)
                segments |= dynamic_segments(pid)
            except OSError:  # it ended between the list and the reading
                continue
            total += seen
            self.by_process[pid] = max(self.by_process.get(pid, 0), seen)
        self.private = max(self.private, total)
        self.dynamic = max(self.dynamic, sum(segments.values()))
