"""The words that the forms of a tuning share."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from pgtune.model.hardware import Figure, Hardware, Neighbour
from pgtune.model.units import human_bytes
from pgtune.report.plain import count, version_text
from pgtune.settings.tuning import Budget, Line, Tuning

FAMILIES = {
    "connections": "Connections",
    "memory": "Memory",
    "wal": "WAL and checkpoints",
    "planner": "Planner",
    "parallel": "Parallel query",
    "vacuum": "Autovacuum",
    "io": "I/O",
    "statistics": "Statistics and logging",
}

ASSUMED = (
    "This is an assumed peak, not a bound: work_mem counts for each sort or hash node of a plan, "
    "and a query may have any number of them, so no true bound exists."
)


def title(tuning: Tuning) -> str:
    """What the answer is for; a target that names its PostgreSQL already is not told twice."""
    version = "" if "PostgreSQL" in tuning.target else f": PostgreSQL {version_text(tuning.version)}"
    return f"{tuning.target}{version}, profile {tuning.profile}"


def families(lines: Iterable[Line]) -> Iterator[tuple[str, list[Line]]]:
    """The lines by family, with the family's title, in the order in which they come."""
    for family, group in groupby(lines, key=lambda line: line.family):
        yield FAMILIES.get(family, family), list(group)


def takes(line: Line) -> str:
    """What makes the value take effect."""
    return "restart" if line.restart else "reload"


def summary(tuning: Tuning) -> str:
    """How many changes there are and what they take, or that there is nothing to change."""
    restarts = sum(line.restart for line in tuning.lines)
    reloads = len(tuning.lines) - restarts
    if not tuning.lines and tuning.waiting:
        return f"Nothing to change but a restart to be made: {', '.join(tuning.waiting)} will be in force after it."
    if not tuning.lines:
        return "Nothing to change: every setting is as pgtune would set it, or near enough."
    parts = [f"{restarts} need{'s' if restarts == 1 else ''} a restart"] if restarts else []
    parts += [f"{reloads} need{'s' if reloads == 1 else ''} only a reload"] if reloads else []
    return f"{count(len(tuning.lines), 'change')}: {', '.join(parts)}"


def found(hardware: Hardware) -> list[tuple[str, str, str]]:
    """What was found: name, figure and where it was read."""
    rows = [("memory", human_bytes(hardware.memory.value), hardware.memory.source)]
    if hardware.machine_memory and hardware.machine_memory.value != hardware.memory.value:
        rows.append(_size("of the machine's", hardware.machine_memory))
    rows += [_neighbour(each) for each in hardware.neighbours]
    rows.append(("CPUs", f"{hardware.cpus.value:g}", hardware.cpus.source))
    rows.append(("storage", hardware.storage.kind.value, _storage(hardware)))
    rows += [_size(what, free) for what, free in _free(hardware) if free is not None]
    rows += [
        (what, value, "") for what, value in (("container", hardware.container), ("cloud", hardware.cloud)) if value
    ]
    return rows


def _neighbour(each: Neighbour) -> tuple[str, str, str]:
    return "less", human_bytes(each.bytes), f"{each.name}, process {each.pid}: {each.source}"


def _size(what: str, figure: Figure[int]) -> tuple[str, str, str]:
    return what, human_bytes(figure.value), figure.source


def _storage(hardware: Hardware) -> str:
    disk = hardware.storage
    where = ", ".join(part for part in (disk.device, disk.filesystem) if part)
    return f"{disk.kind.source} ({where})" if where else disk.kind.source


def _free(hardware: Hardware) -> tuple[tuple[str, Figure[int] | None], ...]:
    disk = hardware.storage
    wal = disk.wal_free if disk.wal_apart or disk.data_free is None else None
    return ("free for data", disk.data_free), ("free for WAL", wal)


def share(part: float, whole: float) -> str:
    """A part of a whole in percent; `<1 %` for what is not nothing."""
    percent = 100 * part / whole if whole else 0
    return "<1 %" if 0 < percent < 1 else f"{percent:.0f} %"


def budget_sum(budget: Budget) -> str:
    """The sum beside its limit, in words."""
    limit = f"{human_bytes(budget.limit)}, {share(budget.limit, budget.memory)} of {human_bytes(budget.memory)}"
    return f"within the limit of {limit}" if budget.fits else f"MORE than the limit of {limit}"


def overrun(budget: Budget) -> str | None:
    """What to do where the budget does not fit; None where it does."""
    if budget.fits:
        return None
    fit = budget.connections_that_fit
    advice = f"{count(fit, 'connection')} would fit; put a pooler in front" if fit else "the server needs more memory"
    return f"The budget does not fit even with the least work_mem: {advice}."
