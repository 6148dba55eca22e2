"""The kernel's settings that PostgreSQL depends on (documentation, 18.4 Managing Kernel Resources)."""

import ctypes
import os
import re
from pathlib import Path

from pgtune.host import files, mounts
from pgtune.host.process import Process
from pgtune.model.hardware import Kernel
from pgtune.model.units import parse_bytes

IO_URING_SETUP = 425  # the system call's number on every architecture since 5.1 but Alpha
PARAMETERS_BYTES = 120  # sizeof(struct io_uring_params)
NEVER, PRIVILEGED = 2, 1  # kernel.io_uring_disabled: nobody, only CAP_SYS_ADMIN and one group
WITHOUT_MEMLOCK = (5, 12)  # from here on a ring no longer counts against the limit on locked memory
SHARED_MEMORY = "/dev/shm"  # noqa: S108  (POSIX shared memory, where parallel queries keep theirs)
SIZE_LETTERS = {"k": "kB", "m": "MB", "g": "GB", "t": "TB", "": "B"}


def read(root: Path, pid: int | None = None, scheduler: str | None = None) -> Kernel:
    """The kernel's settings as they count for a process; `scheduler` is that of the data's disk."""
    memory = files.fields(root / "proc/meminfo")
    return Kernel(
        release=files.text(root / "proc/sys/kernel/osrelease") or "unknown",
        huge_pages=files.as_integer(memory.get("HugePages_Total")),
        huge_pages_free=files.as_integer(memory.get("HugePages_Free")),
        huge_page_size=files.kilobytes(memory.get("Hugepagesize")),
        overcommit_memory=files.integer(root / "proc/sys/vm/overcommit_memory"),
        overcommit_ratio=files.integer(root / "proc/sys/vm/overcommit_ratio"),
        swappiness=files.integer(root / "proc/sys/vm/swappiness"),
        transparent_huge_pages=chosen(files.text(root / "sys/kernel/mm/transparent_hugepage/enabled")),
        shm_size=_shared_memory(root, pid),
        io_scheduler=scheduler,
        io_uring=io_uring(root, pid),
    )


def chosen(text: str | None) -> str | None:
    """The word in brackets of `always [madvise] never`, or the only word."""
    match = re.search(r"\[([^\]]+)\]", text or "")
    return match[1] if match else (text or None)


def _shared_memory(root: Path, pid: int | None) -> int | None:
    """The size of /dev/shm as the process sees it; a container's is its own."""
    mount = mounts.holding(mounts.read(root, pid), Path(SHARED_MEMORY))
    if mount is None or mount.point != SHARED_MEMORY:
        return None
    match = re.fullmatch(r"(\d+)([kmgt]?)", mount.option("size") or "")
    if match:
        return parse_bytes(match[1] + SIZE_LETTERS[match[2]])
    return _file_system_size(root / "dev/shm" if pid is None else Process(root, pid).folder / "root/dev/shm")


def _file_system_size(path: Path) -> int | None:
    try:
        status = os.statvfs(path)
    except OSError:
        return None
    return status.f_blocks * status.f_frsize


def io_uring(root: Path, pid: int | None = None) -> bool | None:
    """Whether the process may set up a ring; None where that cannot be tried in its stead.

    The kernel's switch and the limit on locked memory are read for the process. Then a ring is set up here and closed
    at once, which has no other effect; a system-call filter that is not ours cannot be tried.
    """
    switch = files.integer(root / "proc/sys/kernel/io_uring_disabled")
    process = Process(root, pid) if pid is not None else None
    if switch == NEVER or (switch == PRIVILEGED and not _in_group(root, process)):
        return False
    if not _memory_may_be_locked(root, process):
        return False
    return ring() if root == Path("/") and _same_filter(process) else None


def _same_filter(process: Process | None) -> bool:
    """True if system calls are filtered for the process as for ourselves: not at all, or in the same container."""
    if process is None:
        return True
    ours, theirs = (each.status.get("Seccomp") for each in (Process(process.root, os.getpid()), process))
    return ours == theirs and (ours == "0" or len(process.inner_pids) == 1)


def _in_group(root: Path, process: Process | None) -> bool:
    """True if the process is in the group that kernel.io_uring_group names, or has every right."""
    group = files.integer(root / "proc/sys/kernel/io_uring_group")
    status = process.status if process else files.fields(root / "proc/self/status")
    return group is not None and str(group) in (status.get("Groups", "") + " " + status.get("Gid", "")).split()


def _memory_may_be_locked(root: Path, process: Process | None) -> bool:
    release = re.match(r"(\d+)\.(\d+)", files.text(root / "proc/sys/kernel/osrelease") or "")
    if release and (int(release[1]), int(release[2])) >= WITHOUT_MEMLOCK:
        return True
    folder = process.folder if process else root / "proc/self"
    limit = re.search(r"^Max locked memory\s+(\S+)", files.text(folder / "limits") or "", re.MULTILINE)
    return limit is None or limit[1] == "unlimited"


def ring() -> bool:
    """True if the kernel lets this process set up a ring of one entry; it is closed at once."""
    library = ctypes.CDLL(None, use_errno=True)
    descriptor = library.syscall(IO_URING_SETUP, 1, ctypes.create_string_buffer(PARAMETERS_BYTES))
    if descriptor < 0:
        return False
    os.close(descriptor)
    return True
