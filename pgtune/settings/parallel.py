"""Parallel query: how many workers there are and how many one query may take."""

from math import ceil

from pgtune.settings.sheet import Advice, Sheet, rule

PARALLEL = "PostgreSQL documentation, 19.4.6 Worker Processes"
FEW_CPUS = 2  # measured: on 2 CPUs TPC-H Q18 took 27.9 CPU seconds with two workers and 10.3 with none


def _cpus(sheet: Sheet) -> int:
    return max(1, ceil(sheet.situation.hardware.cpus.value))


def _named(cpus: int) -> str:
    return f"{cpus} CPU{'s' if cpus > 1 else ''}"


@rule(f"{PARALLEL}, max_worker_processes", never_lower=True)
def max_worker_processes(sheet: Sheet) -> Advice:
    """Never below what is set, for extensions and replication take workers too; from 5 CPUs on one a CPU and 4."""
    need = max(8, _cpus(sheet) + 4 if _cpus(sheet) > 4 else 8)
    return Advice(
        need, f"{_named(_cpus(sheet))} for parallel workers, and room for extensions and replication", (need, 1024)
    )


@rule(f"{PARALLEL}, max_parallel_workers")
def max_parallel_workers(sheet: Sheet) -> Advice:
    """As many as there are CPUs, at least 2: more would only take turns. Never above max_worker_processes."""
    workers = min(max(2, _cpus(sheet)), int(sheet.number("max_worker_processes")))
    return Advice(workers, f"more workers than {workers} would only take turns on {_named(_cpus(sheet))}")


@rule(f"{PARALLEL}, max_parallel_workers_per_gather; benchmarks/settings for 2 CPUs")
def max_parallel_workers_per_gather(sheet: Sheet) -> Advice:
    """Half the CPUs for one query: up to 8 in a warehouse, 4 in a mixed load, 2 where short queries rule.

    On 2 CPUs none, or one in a warehouse: each worker repeats part of the work, and there is no idle CPU to do it on.
    """
    cpus, profile = _cpus(sheet), sheet.situation.wishes.profile
    if cpus <= FEW_CPUS:
        if profile == "dw" and cpus > 1:
            return Advice(1, f"on {_named(cpus)} one worker shortens a warehouse's scans, and a second only costs CPU")
        return Advice(0, f"with {_named(cpus)} a parallel query costs more CPU than it saves time")
    most = {"dw": 8, "mixed": 4}.get(profile, 2)
    return Advice(
        min(most, ceil(cpus / 2)), f"half of {_named(cpus)} for one query, at most {most} in a {profile} load"
    )


@rule(f"{PARALLEL}, max_parallel_maintenance_workers")
def max_parallel_maintenance_workers(sheet: Sheet) -> Advice:
    """Half the CPUs, at most 4, for one index build; at least 1."""
    cpus = _cpus(sheet)
    workers = max(1, min(4, ceil(cpus / 2)))
    return Advice(workers, f"one index build may take {workers} of {_named(cpus)} beside its own, at most 4")
