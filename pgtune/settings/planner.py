"""The planner's cost constants and what it learns from ANALYZE."""

from pgtune.model.units import human_bytes
from pgtune.settings.evidence import data_bytes
from pgtune.settings.sheet import Advice, Sheet, rule

COSTS = "PostgreSQL documentation, 19.7.2 Planner Cost Constants"
WAREHOUSE_COST = 2.0
SPINNING_COST = 4.0  # the documentation's default, made for disks that turn with 90 % of pages cached


@rule(f"{COSTS}, random_page_cost; benchmarks/settings for a warehouse")
def random_page_cost(sheet: Sheet) -> Advice:
    """The guide's figure for storage without moving parts, and for data that fit in memory.

    A spinning disk keeps 4, the documentation's default for it. A warehouse gets 2: measured on TPC-H, 1.1 turns a hash
    join of Q3 into a nested loop of index scans that takes 1.7 times the time. A disk of unknown kind is taken for an
    SSD, and the output says so. A value near enough to do the same is left alone.
    """
    now, guide = sheet.situation, sheet.situation.guide.number("random_page_cost")
    kind, data = now.hardware.storage.kind.value, data_bytes(now)
    cached = data is not None and data < sheet.number("effective_cache_size")
    if kind == "hdd" and not cached:
        return Advice(SPINNING_COST, "a spinning disk seeks for each random page", (3, SPINNING_COST))
    if now.wishes.profile == "dw":
        return Advice(WAREHOUSE_COST, "lower, and large joins turn into nested loops of index scans", (1.5, 2.5))
    why = f"{kind} storage reads a random page almost as fast as the next one"
    if cached:
        why = f"all data ({human_bytes(data or 0)}) fit in the caches: a random page costs what any does"
    elif kind == "unknown":
        why = "the disk's kind is unknown and taken for an SSD: measure it with `pgtune probe --disk`"
    return Advice(guide, why, (1, 1.5))


WAREHOUSE_TARGET = 500  # benchmarks/settings, TPC-H: with 64MB of work_mem nothing spills; with 100, Q18 spills 360 MB


@rule("PostgreSQL documentation, 19.7.4 Other Planner Options, default_statistics_target; benchmarks/settings")
def default_statistics_target(sheet: Sheet) -> Advice:
    """The guide's figure; a larger one in force is left alone, since somebody raised it for a reason.

    A warehouse gets 500: measured on TPC-H, a larger sample finds how many groups there are, Q18 aggregates in order
    instead of in hashes that spill, and takes half the default's processor time; ANALYZE reads five times the rows.
    """
    guide = int(sheet.situation.guide.number("default_statistics_target"))
    if sheet.situation.wishes.profile == "dw" and guide < WAREHOUSE_TARGET:
        why = (
            "a larger sample sees how many groups a large table has, so that fewer aggregates spill; ANALYZE afterwards"
        )
        return Advice(WAREHOUSE_TARGET, why, (WAREHOUSE_TARGET, 10_000))
    return Advice(guide, "the guide's figure; raise single columns where estimates are wrong", (guide, 10_000))


@rule("PostgreSQL documentation, 30.2 When to JIT?")
def jit(sheet: Sheet) -> Advice | None:
    """Off where short queries rule: compiling pays only in long CPU-bound ones.

    A warehouse keeps what it has, and so does a server built without a compiler.
    """
    if sheet.situation.wishes.profile == "dw" or sheet.situation.jit_available is False:
        return None
    return Advice(value=False, why="compiling pays only in long analytic queries and delays the many short ones")
