"""Autovacuum: that it runs, and with how many workers. Its memory is in the memory family."""

from pgtune.settings.sheet import Advice, Sheet, rule

VACUUMING = "PostgreSQL documentation, 19.10 Vacuuming"


@rule(f"{VACUUMING}, autovacuum")
def autovacuum(_sheet: Sheet) -> Advice:
    """Always on: without it tables bloat, statistics age, and transaction ids run out."""
    return Advice(value=True, why="without it tables bloat, statistics age and transaction ids run out")


@rule("PostgreSQL documentation, 19.9.1 Cumulative Query and Index Statistics, track_counts")
def track_counts(_sheet: Sheet) -> Advice:
    """Always on: autovacuum does nothing without the counters."""
    return Advice(value=True, why="autovacuum does nothing without the counters")


@rule(f"{VACUUMING}, autovacuum_max_workers", never_lower=True)
def autovacuum_max_workers(sheet: Sheet) -> Advice | None:
    """One worker more than the default's 3 from 16 CPUs on, two more from 32 on; never fewer than are set."""
    cpus = sheet.situation.hardware.cpus.value
    if cpus < 16:
        return None
    workers = 5 if cpus >= 32 else 4
    return Advice(workers, f"{cpus:g} CPUs can vacuum {workers} tables at once", (workers, 1000))


@rule(f"{VACUUMING}, autovacuum_vacuum_scale_factor; the guide's dead-row threshold")
def autovacuum_vacuum_scale_factor(sheet: Sheet) -> Advice:
    """Not above the guide's dead-row threshold; a lower one is left alone."""
    ratio = float(sheet.situation.guide.figure("maintenance", "vacuum", "dead_row_ratio"))
    return Advice(ratio, "the guide's dead-row threshold", (0, ratio))
