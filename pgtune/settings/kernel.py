"""What to ask of the kernel. pgtune prints it and never sets it."""

from math import ceil

from pgtune.model.hardware import Kernel
from pgtune.model.units import GB, MB, human_bytes
from pgtune.settings import budget
from pgtune.settings.sheet import Sheet

WORTH_HUGE_PAGES = 2 * GB  # of shared_buffers: below, page tables are a few MB a process
SIZES = ("shared_buffers", "max_connections", "max_worker_processes", "autovacuum_max_workers", "wal_buffers")
RESOURCES = "PostgreSQL documentation, 18.4"


def advice(sheet: Sheet) -> tuple[str, ...]:
    """Advice on huge pages, overcommit, shared memory and transparent huge pages; none where nothing is known."""
    kernel = sheet.situation.hardware.kernel
    if kernel is None:
        return ()
    found = (_huge_pages(sheet, kernel), _overcommit(sheet, kernel), _shared(sheet, kernel), _transparent(kernel))
    return tuple(line for line in found if line)


def _huge_pages(sheet: Sheet, kernel: Kernel) -> str | None:
    """The count for the proposed settings: the server's own figure, moved by the change of shared memory."""
    if sheet.number("shared_buffers") < WORTH_HUGE_PAGES or not kernel.huge_page_size:
        return None
    size, exact = budget.shared_memory(sheet), "about "
    own = sheet.situation.settings.get("shared_memory_size_in_huge_pages")
    current = sheet.situation.settings["shared_buffers"]
    if own is not None and int(own.value) > 0 and not any(sheet.cell(name).changed for name in SIZES):
        pages, exact = int(own.value), "exactly "
    else:
        pages = ceil(size / kernel.huge_page_size)
    if (kernel.huge_pages or 0) >= pages:
        return None
    return (
        f"vm.nr_hugepages = {pages}: {exact}what shared memory needs in pages of {human_bytes(kernel.huge_page_size)} "
        f"({kernel.huge_pages or 0} are reserved); huge_pages = try, the default, then uses them"
        + ("" if exact == "exactly " else "; `SHOW shared_memory_size_in_huge_pages` after the restart, or --prove "
           "before it, gives the exact count" if sheet.situation.major >= 15 and current else "")
        + f" ({RESOURCES}.5)"
    )  # fmt: skip


def _overcommit(sheet: Sheet, kernel: Kernel) -> str | None:
    """Strict accounting keeps the OOM killer away from a machine that serves PostgreSQL alone."""
    if kernel.overcommit_memory == 2 or sheet.situation.hardware.container:
        return None
    if sheet.situation.wishes.profile == "desktop":
        return None
    return (
        "vm.overcommit_memory = 2 on a machine that serves PostgreSQL alone: an allocation fails instead of the kernel "
        f"killing the server; with little swap raise vm.overcommit_ratio too ({RESOURCES}.4)"
    )


def _shared(sheet: Sheet, kernel: Kernel) -> str | None:
    """Parallel queries keep their hash tables in /dev/shm; a container's default of 64 MB breaks them."""
    workers = budget.parallel_processes(sheet)
    need = int(workers * sheet.number("work_mem") * budget.hash_multiplier(sheet))
    if not workers or kernel.shm_size is None or kernel.shm_size >= need:
        return None
    return (
        f"shared memory (/dev/shm) has {human_bytes(kernel.shm_size)}, parallel queries may need {human_bytes(need)}: "
        "give the container "
        f"--shm-size={ceil(need / MB)}m, or they fail with `could not resize shared memory segment`"
    )


def _transparent(kernel: Kernel) -> str | None:
    if kernel.transparent_huge_pages != "always":
        return None
    return "transparent huge pages = madvise or never: the documentation of huge_pages discourages `always`"
