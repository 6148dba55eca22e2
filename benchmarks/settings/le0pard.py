"""The rules of the web calculator pgtune.leopard.in.ua as of July 2026, written anew from its published formulas.

The unit is kB and every division floors, as the calculator's does; where its answer is a whole number of MB or GB it is
printed so. `le0pard-cases.json` has twelve answers of the calculator itself, which a test compares. Without a number of
connections it takes its own by profile.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.settings.target import Target
from pgtune.model.units import KB

MB, GB = 1024, 1024 * 1024  # in kB
CONNECTIONS = {"web": 200, "oltp": 300, "dw": 40, "desktop": 20, "mixed": 100}
WAL_SIZES = {
    "web": (1 * GB, 4 * GB),
    "mixed": (1 * GB, 4 * GB),
    "oltp": (2 * GB, 8 * GB),
    "dw": (4 * GB, 16 * GB),
    "desktop": (100 * MB, 2 * GB),
}
CONCURRENCY = {"hdd": 2, "ssd": 200, "san": 300, "nvme": 1000}


@dataclass(frozen=True, slots=True)
class Form:
    """The calculator's form: `memory` in kB, `data` one of less_ram, mid_ram, greater_ram."""

    major: int
    profile: str
    memory: int
    cpus: int
    disk: str
    data: str = "mid_ram"
    connections: int | None = None
    system: str = "linux"


def form(target: Target) -> Form:
    """The form as a careful user would fill it in; it knows whole CPUs, and offers no gp3: san is the nearest."""
    share = target.data / target.memory
    data = "less_ram" if share < 0.75 else "greater_ram" if share > 1.5 else "mid_ram"
    disk = "san" if target.storage == "gp3" else target.storage
    cpus = max(1, int(target.cpus))
    return Form(target.major, target.profile, target.memory // KB, cpus, disk, data, target.connections)


def settings(form: Form) -> dict[str, str]:
    """The calculator's answer, name to value as it prints them."""
    answer = _memory(form) | _disk(form) | _wal(form) | _parallel(form) | _by_version(form)
    if form.profile == "desktop":
        answer |= {"wal_level": "minimal", "max_wal_senders": "0"}
    return answer


def _size(kilobytes: int) -> str:
    for unit, size in (("GB", GB), ("MB", MB)):
        if kilobytes % size == 0:
            return f"{kilobytes // size}{unit}"
    return f"{kilobytes}kB"


def _shared_buffers(form: Form) -> int:
    return form.memory // (16 if form.profile == "desktop" else 4)


def _connections(form: Form) -> int:
    return form.connections or CONNECTIONS[form.profile]


def _old_windows(form: Form) -> bool:
    """Before 18 a Windows build holds memory sizes in 32 bits: the calculator stays below 2 GB."""
    return form.system == "windows" and form.major <= 17


def _memory(form: Form) -> dict[str, str]:
    buffers = _shared_buffers(form)
    maintenance = min(form.memory // (8 if form.profile == "dw" else 16), 8 * GB)
    if _old_windows(form):
        maintenance = min(maintenance, 2 * GB - MB)
    answer = {
        "max_connections": str(_connections(form)),
        "shared_buffers": _size(buffers),
        "effective_cache_size": _size(form.memory // 4 if form.profile == "desktop" else form.memory * 3 // 4),
        "maintenance_work_mem": _size(maintenance),
        "work_mem": _size(_work_mem(form)),
        "huge_pages": "try" if buffers >= 2 * GB and form.system != "mac" else "off",
    }
    if maintenance >= 2 * GB:
        answer["autovacuum_work_mem"] = "2GB"
    return answer


def _work_mem(form: Form) -> int:
    workers = form.cpus if form.cpus >= 4 else 8
    base = (form.memory - _shared_buffers(form)) / ((_connections(form) + workers) * 3)
    by_profile = {"dw": base / 2, "mixed": base / 2, "desktop": base / 6}.get(form.profile, base)
    by_data = {"less_ram": 1.3, "greater_ram": 0.9}.get(form.data, 1.0)
    return max(math.floor(by_profile * by_data), 4 * MB)


def _disk(form: Form) -> dict[str, str]:
    if form.data == "less_ram":
        cost = "1.1"
    else:
        cost = "4" if form.disk == "hdd" or (form.data == "greater_ram" and form.profile == "dw") else "1.1"
    answer = {"random_page_cost": cost}
    if form.system == "linux":
        answer["effective_io_concurrency"] = str(CONCURRENCY[form.disk])
    return answer


def _wal(form: Form) -> dict[str, str]:
    least, most = WAL_SIZES[form.profile]
    buffers = min(_shared_buffers(form) * 3 // 100, 16 * MB)
    return {
        "min_wal_size": _size(least),
        "max_wal_size": _size(most),
        "checkpoint_completion_target": "0.9",
        "wal_buffers": _size(max(16 * MB if buffers > 14 * MB else buffers, 32)),
    }


def _parallel(form: Form) -> dict[str, str]:
    if form.cpus < 4:
        return {}
    half = math.ceil(form.cpus / 2)
    return {
        "max_worker_processes": str(form.cpus),
        "max_parallel_workers": str(form.cpus),
        "max_parallel_workers_per_gather": str(half if form.profile == "dw" else min(half, 4)),
        "max_parallel_maintenance_workers": str(min(half, 4)),
    }


def _by_version(form: Form) -> dict[str, str]:
    answer: dict[str, str] = {
        "default_statistics_target": "500" if form.profile == "dw" else "100",
        "wal_compression": "lz4" if form.major >= 15 else "on",
    }
    if form.profile in ("web", "oltp", "mixed") and form.major >= 12:
        answer["jit"] = "off"
    if form.cpus >= 16:
        answer["autovacuum_max_workers"] = "5" if form.cpus >= 32 else "4"
    if form.major >= 18:
        answer["io_method"] = "io_uring" if form.system == "linux" else "worker"
        if form.system != "linux" and form.cpus // 4 > 3:
            answer["io_workers"] = str(min(form.cpus // 4, 32))
    return answer


def differences(ours: Mapping[str, str], reference: Mapping[str, object]) -> list[str]:
    """Where two answers differ, a line each; numbers are compared as text."""
    names = sorted(set(ours) | set(reference))
    return [
        f"{name}: {ours.get(name)} instead of {reference.get(name)}"
        for name in names
        if ours.get(name) != (str(reference[name]) if name in reference else None)
    ]
