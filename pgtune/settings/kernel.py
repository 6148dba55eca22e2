"""What to ask of the kernel. pgtune prints it and never sets it."""

from math import ceil

from pgtune.model.hardware import Kernel
from pgtune.model.units import GB, MB, human_bytes
from pgtune.settings import budget
from pgtune.settings.sheet import Sheet

WORTH_HUGE_PAGES = 2 * GB  # of shared_buffers: below, page tables are a few MB a process
# What sizes shared memory (source: CalculateShmemSize and the functions it calls), each where the version has it.
SIZES = (
    "shared_buffers", "wal_buffers", "max_connections", "max_worker_processes", "autovacuum_max_workers",
    "autovacuum_worker_slots", "max_wal_senders", "max_prepared_transactions", "max_locks_per_transaction",
    "max_pred_locks_per_transaction", "max_replication_slots", "max_active_replication_origins",
    "track_activity_query_size", "track_commit_timestamp", "min_dynamic_shared_memory", "huge_page_size",
    "commit_timestamp_buffers", "multixact_member_buffers", "multixact_offset_buffers", "notify_buffers",
    "serializable_buffers", "subtransaction_buffers", "transaction_buffers", "io_method", "io_max_concurrency",
    "io_workers", "io_max_combine_limit", "io_combine_limit", "shared_preload_libraries", "pg_stat_statements.max",
)  # fmt: skip
RESOURCES = "PostgreSQL documentation, 18.4"


def advice(sheet: Sheet) -> tuple[str, ...]:
    """Advice on huge pages, overcommit, shared memory and transparent huge pages; none where nothing is known."""
    kernel = sheet.situation.hardware.kernel
    if kernel is None:
        return ()
    found = (_huge_pages(sheet, kernel), _overcommit(sheet, kernel), _shared(sheet, kernel), _transparent(kernel))
    return tuple(line for line in found if line)


def _huge_pages(sheet: Sheet, kernel: Kernel) -> str | None:
    """The count for the proposed settings: PostgreSQL's own figure where it can be asked, else an estimate."""
    if sheet.number("shared_buffers") < WORTH_HUGE_PAGES or not kernel.huge_page_size:
        return None
    if sheet.situation.settings["huge_pages"].coming() == "off":
        return f"huge_pages = off: `try`, the default, would spare each process its page tables ({RESOURCES}.5)"
    counted = _counted(sheet)
    pages = counted or ceil(budget.shared_memory(sheet) / kernel.huge_page_size)
    if (kernel.huge_pages or 0) >= pages:
        return None
    later = "; `SHOW shared_memory_size_in_huge_pages` after the restart gives the exact count"
    return (
        f"vm.nr_hugepages = {pages}: {'exactly' if counted else 'about'} what shared memory needs in pages of "
        f"{human_bytes(kernel.huge_page_size)} ({kernel.huge_pages or 0} are reserved); huge_pages = try, the default, "
        f"then uses them{later if counted is None and sheet.situation.major >= 15 else ''} ({RESOURCES}.5)"
    )


def _counted(sheet: Sheet) -> int | None:
    """What the running server says where nothing that sizes shared memory changes, else what its programs say."""
    own = sheet.situation.settings.get("shared_memory_size_in_huge_pages")
    cells = [sheet.cell(name) for name in SIZES if sheet.has(name)]
    if own is not None and int(own.value) > 0 and all(cell.value == cell.setting.natural() for cell in cells):
        return int(own.value)
    # What nobody set, the server reckons itself from the rest; pg_settings shows what came out.
    said = [cell for cell in cells if cell.changed or cell.setting.source not in {"default", "override"}]
    count = sheet.situation.count_pages
    return count({cell.setting.name: cell.setting.show(cell.value) for cell in said}) if count else None


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
