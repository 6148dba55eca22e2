"""The memory budget: what the settings may make the server take at once, line by line.

It is an assumed peak, not a bound: work_mem counts for each sort or hash node, and a query may have any number.
The figures per process were measured by `benchmarks/memory_overhead`.
"""

from math import ceil
from typing import TYPE_CHECKING

from pgtune.model.units import GB, KB, MB, human_bytes
from pgtune.settings.evidence import sessions_active
from pgtune.settings.tuning import Budget, BudgetLine

if TYPE_CHECKING:
    from pgtune.settings.sheet import Sheet
    from pgtune.settings.situation import Situation

SHARE = 0.9  # of the memory that the server may use; the rest is the system's, the page cache's and for errors
NODES = {"web": 1, "oltp": 1, "desktop": 2, "mixed": 2, "dw": 3}  # sorts and hashes of one query at its peak
SESSIONS_PER_CPU, LEAST_ACTIVE = 4, 8  # beyond about four a CPU active sessions only wait for each other
LEAST_WORK_MEM = 1 * MB
PAGE_TABLE_RATIO = 512  # a page table entry takes 8 bytes for each page of 4096
BACKEND = 7 * MB // 2  # private memory of a session that has touched 200 tables: 3.1 to 3.5 MB measured
FIXED = 10 * MB  # postmaster, checkpointer, writers, launchers and I/O workers: private memory of all, 8 MB measured
OWN_PROCESSES = 3  # checkpointer, background writer and one more map shared_buffers as sessions do

# Shared memory as `postgres -C shared_memory_size` gives it on 14 to 18, fitted by `benchmarks/memory_overhead` within
# 2 %: a part of shared_buffers, a constant, and for each process slot a constant and its lock tables.
BUFFER_FACTOR, SHARED_CONSTANT = 1.03, 4 * MB
SLOT, SLOT_PER_LOCK, SLOT_PER_PREDICATE_LOCK, SLOT_IO = 9 * KB, 420, 266, 34 * KB
SLRU = {17: 4.0, 18: 9.1}  # since 17 the SLRU caches follow shared_buffers: times 1/512 of it, at most 8 MB


def active_sessions(sheet: "Sheet") -> int:
    """Sessions assumed to work at once: four a CPU, at least 8, as many as were seen, never above max_connections."""
    now = sheet.situation
    assumed = max(LEAST_ACTIVE, ceil(now.hardware.cpus.value * SESSIONS_PER_CPU), sessions_active(now))
    return min(assumed, int(sheet.number("max_connections")))


def parallel_processes(sheet: "Sheet") -> int:
    """Parallel workers that can run at once, as the three limits on them allow."""
    wanted = active_sessions(sheet) * int(sheet.number("max_parallel_workers_per_gather"))
    return min(wanted, int(sheet.number("max_parallel_workers")), int(sheet.number("max_worker_processes")))


def page_table_processes(sheet: "Sheet") -> int:
    """Processes that may map all of shared_buffers: the active ones, parallel workers and the server's own."""
    own = OWN_PROCESSES + (int(sheet.number("io_workers")) if sheet.has("io_workers") else 0)
    return own + active_sessions(sheet) + parallel_processes(sheet)


def nodes(sheet: "Sheet") -> int:
    """Sorts and hashes that one query is assumed to hold at its peak, by profile."""
    return NODES[sheet.situation.wishes.profile]


def hash_multiplier(sheet: "Sheet") -> float:
    """What a hash may take in work_mem."""
    return sheet.number("hash_mem_multiplier")


def huge_pages_ready(now: "Situation") -> bool:
    """True if the kernel holds huge pages for a quarter of memory and the server takes them: page tables are small."""
    kernel = now.hardware.kernel
    if now.settings["huge_pages"].coming() == "off":
        return False
    if kernel is None or not kernel.huge_pages or not kernel.huge_page_size:
        return False
    return kernel.huge_pages * kernel.huge_page_size >= now.hardware.memory.value / 5


def affordable_work_mem(sheet: "Sheet") -> float:
    """The work_mem at which the budget is just spent; negative where the rest alone exceeds it."""
    rest = sum(line.bytes for line in _fixed_lines(sheet, int(sheet.number("max_connections"))))
    return (SHARE * sheet.situation.hardware.memory.value - rest) / _work_units(sheet)


def _work_units(sheet: "Sheet") -> float:
    return (active_sessions(sheet) + parallel_processes(sheet)) * nodes(sheet) * hash_multiplier(sheet)


def reckon(sheet: "Sheet") -> Budget:
    """The budget of the settings on the sheet."""
    memory, connections = sheet.situation.hardware.memory.value, int(sheet.number("max_connections"))
    lines = (*_fixed_lines(sheet, connections), _work_line(sheet))
    total, limit = sum(line.bytes for line in lines), int(SHARE * memory)
    fits = total <= limit
    return Budget(lines, total, limit, memory, fits, None if fits else _connections_that_fit(sheet, limit))


def _connections_that_fit(sheet: "Sheet", limit: int) -> int:
    """The most connections whose budget stays in the limit with the least work_mem (0: not even one does)."""
    work = LEAST_WORK_MEM * nodes(sheet) * hash_multiplier(sheet)
    per_active = work + sheet.number("shared_buffers") / PAGE_TABLE_RATIO
    idle = sum(line.bytes for line in _fixed_lines(sheet, 0))
    left = limit - idle - parallel_processes(sheet) * work
    active = active_sessions(sheet)
    each = BACKEND + (shared_memory(sheet, 1000) - shared_memory(sheet, 0)) / 1000
    all_active = int(left // (each + per_active))
    return max(0, all_active if all_active <= active else int((left - active * per_active) // each))


def _fixed_lines(sheet: "Sheet", connections: int) -> tuple[BudgetLine, ...]:
    return (
        _shared_line(sheet, connections),
        BudgetLine(
            "sessions", connections * BACKEND + FIXED, f"{connections} connections x {human_bytes(BACKEND)} for "
            f"themselves, {human_bytes(FIXED)} for the server's own processes",
        ),
        _page_table_line(sheet, connections),
        BudgetLine(
            "maintenance", int(sheet.number("maintenance_work_mem")), "one index build or VACUUM, maintenance_work_mem",
        ),
        _autovacuum_line(sheet),
        _wal_line(sheet),
    )  # fmt: skip


def shared_memory(sheet: "Sheet", connections: int | None = None) -> int:
    """The server's shared memory in bytes, by the measured fit; `connections` None: as on the sheet."""
    buffers, major = sheet.number("shared_buffers"), sheet.situation.major
    locks = sheet.number("max_locks_per_transaction") * SLOT_PER_LOCK
    locks += sheet.number("max_pred_locks_per_transaction") * SLOT_PER_PREDICATE_LOCK
    slots = _slots(sheet, connections) * (SLOT + locks + (SLOT_IO if major >= 18 else 0))
    slru = min(buffers / 512, 8 * MB) * SLRU.get(min(major, 18), 0)
    return int(buffers * BUFFER_FACTOR + SHARED_CONSTANT + slots + slru + _wal_buffers(sheet))


def _slots(sheet: "Sheet", connections: int | None) -> float:
    """Process slots that shared memory is made for."""
    connections = int(sheet.number("max_connections")) if connections is None else connections
    vacuum = "autovacuum_worker_slots" if sheet.has("autovacuum_worker_slots") else "autovacuum_max_workers"
    others = ("max_wal_senders", "max_worker_processes", "max_prepared_transactions", vacuum)
    return connections + sum(sheet.number(name) for name in others) + 1


def _wal_buffers(sheet: "Sheet") -> float:
    """WAL buffers in bytes; -1 stands for 1/32 of shared_buffers, at most a segment (19.5.1)."""
    size = sheet.number("wal_buffers")
    return size if size >= 0 else min(sheet.number("wal_segment_size"), sheet.number("shared_buffers") / 32)


def _shared_line(sheet: "Sheet", connections: int) -> BudgetLine:
    buffers, size = int(sheet.number("shared_buffers")), shared_memory(sheet, connections)
    how = f"shared_buffers {human_bytes(buffers)}; locks, WAL buffers and bookkeeping {human_bytes(size - buffers)}"
    return BudgetLine("shared memory", size, how)


def _page_table_line(sheet: "Sheet", connections: int) -> BudgetLine:
    if huge_pages_ready(sheet.situation):
        return BudgetLine("page tables", 0, "huge pages: next to none")
    without = 0 if connections else active_sessions(sheet)
    processes = page_table_processes(sheet) - without
    size = int(processes * sheet.number("shared_buffers") / PAGE_TABLE_RATIO)
    return BudgetLine("page tables", size, f"{processes} active processes x 1/{PAGE_TABLE_RATIO} of shared_buffers")


def _autovacuum_line(sheet: "Sheet") -> BudgetLine:
    workers, each = int(sheet.number("autovacuum_max_workers")), sheet.number("autovacuum_work_mem")
    each = each if each >= 0 else sheet.number("maintenance_work_mem")
    each = each if sheet.situation.major >= 17 else min(each, GB)
    return BudgetLine("autovacuum", int(workers * each), f"{workers} workers x autovacuum_work_mem {human_bytes(each)}")


def _wal_line(sheet: "Sheet") -> BudgetLine:
    seen = sheet.situation.activity
    senders = (seen.walsenders or 0) if seen else 0
    decoding = sheet.number("logical_decoding_work_mem")
    how = f"{senders} senders x logical_decoding_work_mem {human_bytes(decoding)}; wal_buffers are in shared memory"
    return BudgetLine("WAL", int(senders * decoding), how)


def _work_line(sheet: "Sheet") -> BudgetLine:
    work, units = sheet.number("work_mem"), _work_units(sheet)
    how = (
        f"({active_sessions(sheet)} active of {sheet.number('max_connections'):g} sessions + "
        f"{parallel_processes(sheet)} parallel workers) x {nodes(sheet)} sorts or hashes a query x "
        f"work_mem {human_bytes(work)} x hash_mem_multiplier {hash_multiplier(sheet):g}"
    )
    return BudgetLine("queries", int(units * work), how)
