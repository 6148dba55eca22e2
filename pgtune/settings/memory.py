"""Memory: shared_buffers, the caches the planner may count on, and what sessions and maintenance may take."""

from pgtune.model.units import GB, MB, floor_to, human_bytes, power_of_two
from pgtune.settings import budget
from pgtune.settings.evidence import data_bytes, spilled
from pgtune.settings.sheet import Advice, Sheet, rule

RESOURCE = "PostgreSQL documentation, 19.4.1 Memory"

SMALL_MACHINE = GB  # 19.4.1: 25 % from 1 GB of RAM on; "smaller" below, so that the system keeps enough
SMALL_SHARE = 0.15
MOST_SHARE = 0.4  # 19.4.1: more than 40 % is unlikely to work better
DESKTOP_DIVISOR = 4  # a desktop's memory belongs to its other programs: a quarter of the usual share
LEAST_SHARE = 0.1  # of memory, however many processes: beyond that huge pages are the answer, not a smaller cache
SCANNED = 4  # a table beyond 1/4 of shared_buffers is read through a ring (source: access/heap, initscan); benchmarks
LEAST_SHARED_BUFFERS = 128 * MB  # what initdb leaves
PAGE_TABLE_SHARE = 0.05  # of memory, for mapping shared_buffers in every active process; see budget.page_tables


@rule(f"{RESOURCE}, shared_buffers")
def shared_buffers(sheet: Sheet) -> Advice:
    """The house guide's share of the memory that the server may use; less where that is wasteful or unsafe.

    Below 1 GB of memory 15 %, so that the system keeps enough. On a desktop a quarter of the share. No more than four
    times the data, when their size is known (stated, or a server that has run for a week): a table larger than a
    quarter of shared_buffers is scanned through a small ring and not kept. Without huge pages, each process that uses
    all of shared_buffers needs page tables of 1/512 of it: no more than keeps these under 5 % of memory.
    """
    now, memory = sheet.situation, sheet.situation.hardware.memory.value
    share, why = now.guide.share("shared_buffers"), "the guide's share of memory: the page cache holds the rest"
    if memory < SMALL_MACHINE:
        share, why = SMALL_SHARE, "under 1 GB of memory the system needs a larger part for itself"
    if now.wishes.profile == "desktop":
        share, why = share / DESKTOP_DIVISOR, "on a desktop most of the memory belongs to other programs"
    size = memory * share
    for limit, reason in (_data_limit(sheet), _page_table_limit(sheet)):
        if limit < size:
            size, why = max(limit, min(size, LEAST_SHARED_BUFFERS)), reason
    return Advice(_tidy(size), why, (size * 0.95, _most_shared_buffers(sheet, share)))


def _most_shared_buffers(sheet: Sheet, share: float) -> float:
    """What is left alone if somebody set it: up to 40 % of memory (19.4.1)."""
    usual = share == sheet.situation.guide.share("shared_buffers")
    return sheet.situation.hardware.memory.value * (max(share, MOST_SHARE) if usual else share * 1.05)


def _data_limit(sheet: Sheet) -> tuple[float, str]:
    data = data_bytes(sheet.situation)
    if data is None:
        return float("inf"), ""
    return power_of_two(data * SCANNED / MB) * MB, f"all data are {human_bytes(data)}: more would lie idle"


def _page_table_limit(sheet: Sheet) -> tuple[float, str]:
    if budget.huge_pages_ready(sheet.situation):
        return float("inf"), ""
    processes = budget.page_table_processes(sheet)
    memory = sheet.situation.hardware.memory.value
    limit = memory * max(PAGE_TABLE_SHARE * budget.PAGE_TABLE_RATIO / processes, LEAST_SHARE)
    return limit, f"without huge pages, {processes} active processes would spend more than 5 % of memory on page tables"


def _tidy(size: float) -> int:
    """A round figure below the size: steps of 1 GB from 64 GB on, 128 MB from 4 GB, 16 MB from 512 MB, else 1 MB."""
    steps = ((64 * GB, GB), (4 * GB, 128 * MB), (512 * MB, 16 * MB), (0, MB))
    step = next(step for least, step in steps if size >= least)
    return floor_to(size, step)


@rule("PostgreSQL documentation, 19.7.2 Planner Cost Constants, effective_cache_size")
def effective_cache_size(sheet: Sheet) -> Advice:
    """The guide's share of memory; nothing is allocated, it tells the planner what may be found in a cache.

    On a desktop a quarter of the share. Never below shared_buffers.
    """
    now = sheet.situation
    share, why = now.guide.share("effective_cache_size"), "what shared_buffers and the page cache can hold together"
    if now.wishes.profile == "desktop":
        share, why = share / DESKTOP_DIVISOR, "on a desktop the page cache serves other programs too"
    size = max(_tidy(now.hardware.memory.value * share), int(sheet.number("shared_buffers")))
    return Advice(size, why)


@rule(f"{RESOURCE}, work_mem; the memory budget; benchmarks/settings for a warehouse")
def work_mem(sheet: Sheet) -> Advice:
    """The guide's figure, as far as the memory budget carries it.

    What remains under 90 % of memory after everything else is divided by the number of sorts and hashes that may run
    at once: (active sessions + parallel workers) x nodes a query x hash_mem_multiplier. A warehouse gets no more:
    measured on TPC-H, 223MB makes Q18 aggregate in hashes that spill, at twice the processor time of 64MB.
    """
    value, why = _affordable(sheet)
    evidence = spilled(sheet.situation)
    return Advice(value, f"{why}; {evidence}" if evidence else why)


def _affordable(sheet: Sheet) -> tuple[int, str]:
    guide, affordable = sheet.situation.guide.bytes("work_mem"), budget.affordable_work_mem(sheet)
    if affordable >= guide:
        return guide, "the budget carries the guide's figure"
    if affordable < budget.LEAST_WORK_MEM:
        return budget.LEAST_WORK_MEM, "the least that is of use: the budget has no room for more"
    active, workers = budget.active_sessions(sheet), budget.parallel_processes(sheet)
    who = f"{active} active sessions" + (f" and {workers} parallel workers" if workers else "")
    return _tidy_small(affordable), f"what the budget leaves, divided by the sorts and hashes of {who}"


def _tidy_small(size: float) -> int:
    return floor_to(size, MB) if size >= 4 * MB else floor_to(size, MB // 4)


SMALL_DIVISOR, LARGE_DIVISOR = 16, 64  # of memory: what one maintenance command may take on small and large machines
MOST_MAINTENANCE = 2 * GB  # tuplesort and vacuum gain little beyond; before 17 vacuum cannot use more than 1 GB


@rule(f"{RESOURCE}, maintenance_work_mem")
def maintenance_work_mem(sheet: Sheet) -> Advice:
    """The guide's figure; 1/16 of memory where that is less, 1/64 of memory, at most 2 GB, where that is more.

    Up to 1/16 of memory a larger value in force is left alone.
    """
    memory, guide = sheet.situation.hardware.memory.value, sheet.situation.guide.bytes("maintenance_work_mem")
    if memory / SMALL_DIVISOR < guide:
        return Advice(
            floor_to(memory / SMALL_DIVISOR, MB), "a sixteenth of a small memory for one index build or VACUUM"
        )
    size, most = min(memory / LARGE_DIVISOR, MOST_MAINTENANCE), memory / SMALL_DIVISOR
    if size <= guide:
        return Advice(guide, "the guide's figure: one index build or VACUUM at a time", (guide * 0.95, most))
    why = "index builds and VACUUM gain from 1/64 of a large memory, up to 2 GB"
    return Advice(floor_to(size, 16 * MB), why, (size * 0.95, most))


@rule(f"{RESOURCE}, autovacuum_work_mem")
def autovacuum_work_mem(sheet: Sheet) -> Advice:
    """Always set: left at -1, every autovacuum worker may take maintenance_work_mem at the same time.

    A sixteenth of memory shared by all workers, never more than maintenance_work_mem, at most 1 GB before 17, where
    VACUUM cannot use more.
    """
    workers = sheet.number("autovacuum_max_workers")
    size = min(
        sheet.situation.hardware.memory.value / SMALL_DIVISOR / workers, sheet.number("maintenance_work_mem"), GB
    )
    value = max(MB, floor_to(size, MB))
    why = f"{workers:g} workers may each take this at once; -1 would give each maintenance_work_mem"
    default = sheet.situation.settings["maintenance_work_mem"]
    enough = float(default.natural(default.boot))  # what the defaults give each worker
    return Advice(value, why, (min(value, enough), value * 1.05))


@rule("PostgreSQL release notes 17, E.1.3: the default was raised from 256 kB to 2 MB")
def vacuum_buffer_usage_limit(sheet: Sheet) -> Advice | None:
    """On 16 the ring of VACUUM and ANALYZE is 256 kB; 17 made it 2 MB. At most 1/8 of shared_buffers."""
    if sheet.situation.settings["vacuum_buffer_usage_limit"].natural() == 0:
        return None  # no ring at all: VACUUM may use all of shared_buffers
    size = min(2 * MB, int(sheet.number("shared_buffers")) // 8)
    return Advice(size, "the size that 17 chose: a ring of 256 kB makes VACUUM flush WAL too often", (size, 16 * GB))
