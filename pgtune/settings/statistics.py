"""Statistics and logging that pgtune's other commands read: an optional group, asked for with --statistics."""

from pgtune.settings.sheet import Advice, Sheet, rule

LIBRARY = "pg_stat_statements"
GROUP = "statistics"
RUNTIME = "PostgreSQL documentation, 19.9 Run-time Statistics"
LOGGING = "PostgreSQL documentation, 19.8.3 What To Log"


@rule(f"PostgreSQL documentation, appendix F, {LIBRARY}", group=GROUP)
def shared_preload_libraries(sheet: Sheet) -> Advice | None:
    """Adds pg_stat_statements to what is loaded, if the server has it: the workload that advice rests on."""
    now = sheet.situation
    if LIBRARY in now.libraries or LIBRARY not in now.available:
        return None
    return Advice(", ".join([*now.libraries, LIBRARY]), "records which statements cost the most, for `pgtune advise`")


@rule(f"{RUNTIME}, track_io_timing", group=GROUP)
def track_io_timing(_sheet: Sheet) -> Advice:
    """On: tells waiting for the disk from computing. Where clocks are slow, pg_test_timing shows the cost."""
    return Advice(value=True, why="tells waiting for the disk from computing")


@rule(f"{LOGGING}, log_checkpoints", group=GROUP)
def log_checkpoints(_sheet: Sheet) -> Advice:
    """On: one line a checkpoint, with what forced it."""
    return Advice(value=True, why="one line a checkpoint says what forced it and how long it took")


@rule(f"{LOGGING}, log_lock_waits", group=GROUP)
def log_lock_waits(_sheet: Sheet) -> Advice:
    """On: names who waited for whom longer than deadlock_timeout."""
    return Advice(value=True, why="names who waited for whom")


@rule(f"{LOGGING}, log_autovacuum_min_duration", group=GROUP)
def log_autovacuum_min_duration(_sheet: Sheet) -> Advice:
    """Ten minutes, the default from 15 on: the runs that matter, not every one."""
    return Advice(600_000.0, "logs the runs of autovacuum that took long", (0, 600_000))


@rule(f"{LOGGING}, log_temp_files", group=GROUP)
def log_temp_files(sheet: Sheet) -> Advice:
    """Files larger than work_mem: statements that spilled far."""
    size = int(sheet.number("work_mem"))
    return Advice(size, "names the statements that spilled more than work_mem to disk", (0, size * 4))
