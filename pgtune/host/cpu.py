"""How many CPUs a process may use: the least of those online, its affinity, its cpuset and its quotas."""

from collections.abc import Iterator
from pathlib import Path

from pgtune.host import cgroup, files
from pgtune.model.hardware import Figure

MOST_CPUS = 8192  # the kernel's own bound (NR_CPUS on x86-64): keeps a garbled list from filling the memory
CPUSET_FILES = ("cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus")


def usable(root: Path, pid: int | None = None) -> Figure[float]:
    """The CPUs that a process may use, fractions of a quota kept; one where nothing can be read."""
    online = _online(root)
    found = [Figure(float(len(online[0])), online[1])] if online else []
    for cpus, source in _sets(root, pid):
        allowed = cpus & online[0] if online else cpus
        if allowed:
            found.append(Figure(float(len(allowed)), source))
    found += _quotas(root, pid)
    return min(found, key=lambda figure: figure.value, default=Figure(1.0, "assumed: nothing could be read"))


def parse_list(text: str | None) -> frozenset[int]:
    """The numbers of `0-3,8`; empty for an empty or unreadable list."""
    found: set[int] = set()
    for part in (text or "").replace(",", " ").split():
        first, dash, last = part.partition("-")
        if first.isdecimal() and (last.isdecimal() or not dash):
            found.update(range(int(first), min(int(last or first) + 1, MOST_CPUS)))
    return frozenset(found)


def _online(root: Path) -> tuple[frozenset[int], str] | None:
    """The CPUs that run; an affinity may list more, for it names every CPU that could be plugged in."""
    cpus = parse_list(files.text(root / "sys/devices/system/cpu/online"))
    if cpus:
        return cpus, "/sys/devices/system/cpu/online"
    lines = (files.text(root / "proc/cpuinfo") or "").splitlines()
    numbers = {files.as_integer(line.partition(":")[2]) for line in lines if line.startswith("processor")}
    cpus = frozenset(number for number in numbers if number is not None)
    return (cpus, "/proc/cpuinfo") if cpus else None


def _sets(root: Path, pid: int | None) -> Iterator[tuple[frozenset[int], str]]:
    """Affinity and cpusets: which CPUs."""
    status = root / "proc" / (str(pid) if pid else "self") / "status"
    yield parse_list(files.fields(status).get("Cpus_allowed_list")), f"{files.shown(root, status)} Cpus_allowed_list"
    for group in cgroup.groups(root, "cpuset", pid):
        for name in CPUSET_FILES:
            path = group.folder / name
            yield parse_list(files.text(path)), files.shown(root, path)


def _quotas(root: Path, pid: int | None) -> Iterator[Figure[float]]:
    """How much CPU time in each period: of 1.5 periods' time, 1.5 CPUs."""
    for group in cgroup.groups(root, "cpu", pid):
        words = (files.text(group.folder / "cpu.max") or "").split()
        quota = group.folder / "cpu.cfs_quota_us"
        pairs = (
            (group.folder / "cpu.max", words[0] if words else None, words[1] if len(words) > 1 else "100000"),
            (quota, files.text(quota), files.text(group.folder / "cpu.cfs_period_us")),
        )
        for path, time, period in pairs:
            share, whole = files.as_integer(time), files.as_integer(period)
            if share and whole and share > 0 and whole > 0:
                yield Figure(share / whole, files.shown(root, path))
