"""What `pgtune probe` found, as a table: what, its value, and where it was read."""

import re
from collections.abc import Iterator, Sequence
from itertools import repeat

from tabulate import tabulate

from pgtune.model.hardware import DiskSpeed, Figure, Hardware, Kernel, Storage
from pgtune.model.units import human_bytes
from pgtune.report.paper import Paper, visible

Row = tuple[str, str, str]

HEADERS = ("what", "value", "where from")
BREAKS = re.compile(r"(?<=\w/)|(?<= )")  # after a blank, and after a slash inside a path
LEAST_VALUE, LEAST_SOURCE = 10, 14  # columns; narrower, they would be ribbons
NOT_TRUSTED = "queue/rotational; virtual disks say 1 of anything"


def table(title: str, hardware: Hardware, paper: Paper | None = None, evidence: str | None = None) -> str:
    """The whole answer for a terminal."""
    paper = paper or Paper()
    rows = [(visible(what), visible(value), visible(source)) for what, value, source in _rows(hardware)]
    lines = paper.wrapped(title, role="title")
    lines += paper.wrapped(evidence, 2, role="faint") if evidence else []
    lines += ["", *_tabulated(rows, paper.room)]
    if hardware.notes:
        lines += ["", paper.paint("Notes", "heading"), *paper.bullets(hardware.notes, repeat("-"))]
    return paper.finish(lines)


def _tabulated(rows: Sequence[Row], room: int) -> list[str]:
    """Three columns; what does not fit is folded, paths after a slash."""
    what = max(len(row[0]) for row in rows)
    value = min(max(len(row[1]) for row in rows), max(LEAST_VALUE, (room - what) // 3))
    source = max(LEAST_SOURCE, room - what - value - 4)
    folded = [(row[0], _folded(row[1], value), _folded(row[2], source)) for row in rows]
    return tabulate(folded, headers=HEADERS, tablefmt="simple", disable_numparse=True).splitlines()


def _folded(text: str, width: int) -> str:
    lines = [""]
    for piece in BREAKS.split(text):
        if len(lines[-1]) + len(piece.rstrip()) > width and lines[-1]:
            lines.append("")
        lines[-1] += piece
        while len(lines[-1].rstrip()) > width:
            lines[-1:] = [lines[-1][:width], lines[-1][width:]]
    return "\n".join(line.rstrip() for line in lines)


def _rows(hardware: Hardware) -> Iterator[Row]:
    yield _size("memory", hardware.memory)
    for other in hardware.neighbours:
        yield "- left to others", human_bytes(other.bytes), f"{other.name}, process {other.pid}: {other.source}"
    if hardware.machine_memory:
        yield _size("machine's memory", hardware.machine_memory)
    if hardware.swap is not None:
        yield "swap", human_bytes(hardware.swap), "/proc/meminfo SwapTotal"
    yield "CPUs", f"{hardware.cpus.value:g}", hardware.cpus.source
    yield from _storage(hardware.storage)
    if hardware.kernel:
        yield from _kernel(hardware.kernel)
    for what, hint, source in (("cloud", hardware.cloud, "/sys/class/dmi/id"), ("container", hardware.container, "")):
        if hint:
            yield what, hint, source


def _size(what: str, figure: Figure[int]) -> Row:
    return what, human_bytes(figure.value), figure.source


def _storage(storage: Storage) -> Iterator[Row]:
    yield "storage", storage.kind.value, storage.kind.source
    if storage.device:
        yield "device", storage.device, "mountinfo"
    if storage.filesystem:
        yield "file system", storage.filesystem, "mountinfo"
    if storage.rotational_flag is not None:
        yield "rotational flag", "1" if storage.rotational_flag else "0", NOT_TRUSTED
    if storage.data_free:
        yield _size("free for data", storage.data_free)
    if storage.wal_free:
        where = "a disk of its own" if storage.wal_apart else "the data's disk"
        yield "free for WAL", human_bytes(storage.wal_free.value), f"{storage.wal_free.source}: {where}"
    if storage.speed:
        yield from _speed(storage.speed)


def _speed(speed: DiskSpeed) -> Iterator[Row]:
    how = f"measured in {speed.seconds:.1f} s with {human_bytes(speed.bytes_written)}"
    yield "fsync", f"{speed.fsync_ms:.3g} ms", f"median of 8 kB writes; all {how}"
    yield "random read", f"{speed.read_ms:.3g} ms", "median of 8 kB reads, one after the other"
    yield "random reads", f"{speed.read_iops:.0f}/s", "8 kB, 16 at once"
    yield "writes", f"{human_bytes(speed.write_bytes_per_s)}/s", "1 MB blocks, in order"
    yield "reads", f"{human_bytes(speed.read_bytes_per_s)}/s", "1 MB blocks, in order"


def _kernel(kernel: Kernel) -> Iterator[Row]:
    yield "kernel", kernel.release, "/proc/sys/kernel/osrelease"
    if kernel.huge_pages is not None and kernel.huge_page_size:
        size = human_bytes(kernel.huge_page_size)
        yield "huge pages", f"{kernel.huge_pages} of {size}", f"/proc/meminfo; {kernel.huge_pages_free} are free"
    plain: tuple[tuple[str, object, str], ...] = (
        ("transparent ones", kernel.transparent_huge_pages, "/sys/kernel/mm/transparent_hugepage/enabled"),
        ("overcommit", kernel.overcommit_memory, "/proc/sys/vm/overcommit_memory"),
        ("- ratio", kernel.overcommit_ratio, "/proc/sys/vm/overcommit_ratio"),
        ("swappiness", kernel.swappiness, "/proc/sys/vm/swappiness"),
        ("shared memory", None if kernel.shm_size is None else human_bytes(kernel.shm_size), "mountinfo: /dev/shm"),
        ("I/O scheduler", kernel.io_scheduler, "queue/scheduler of the disk"),
    )
    yield from ((what, str(value), source) for what, value, source in plain if value is not None)
    words = {True: "allowed", False: "not allowed", None: "unknown"}
    yield (
        "io_uring",
        words[kernel.io_uring],
        "tried: one ring was set up and closed" if kernel.io_uring else _refused(kernel),
    )


def _refused(kernel: Kernel) -> str:
    """Why no ring was had."""
    return "cannot be tried in that process's stead" if kernel.io_uring is None else "refused by the kernel"
