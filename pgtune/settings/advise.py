"""From a situation to the answer: ask every rule, say who sets a value now, what stands in the way, and what else."""

from pgtune.model.server import Server
from pgtune.model.setting import Setting
from pgtune.settings import budget, kernel, notes
from pgtune.settings.sheet import Cell, Sheet
from pgtune.settings.situation import Situation
from pgtune.settings.tuning import Line, Tuning

# A standby must have at least the primary's value of these, or its replay pauses (documentation, 26.4.3).
STANDBY_FIRST = (
    "max_connections",
    "max_worker_processes",
    "max_wal_senders",
    "max_prepared_transactions",
    "max_locks_per_transaction",
)


def advise(situation: Situation, target: str, server: Server | None = None) -> Tuning:
    """The answer of `pgtune tune`. `target` names what is tuned; `server` brings who sets what, where one is live."""
    sheet = Sheet(situation)
    changed = [cell for cell in sheet.cells() if cell.changed]
    lines = tuple(_line(cell, server) for cell in changed)
    reckoned = budget.reckon(sheet)
    return Tuning(
        target=target,
        version=situation.version,
        profile=situation.wishes.profile,
        hardware=situation.hardware,
        budget=reckoned,
        lines=lines,
        notes=notes.collect(sheet, reckoned, server),
        kernel=kernel.advice(sheet),
        waiting=_waiting(situation, lines),
        standby_first=_standby_first(lines, server),
    )


def _line(cell: Cell, server: Server | None) -> Line:
    setting, rule, advice = cell.setting, cell.rule, cell.advice
    if rule is None or advice is None:
        raise ValueError(f"{setting.name} changed without a rule")
    departs = f" (the guide: {cell.departs})" if cell.departs else ""
    return Line(
        name=setting.name,
        current=setting.show(),
        proposed=setting.show(cell.value),
        why=advice.why + departs,
        source=rule.source,
        restart=setting.restart,
        set_by=set_by(setting, server),
        family=rule.family,
        raw=setting.raw(cell.value),
        unit=setting.unit,
        blocked=_blocked(cell, server),
    )


def set_by(setting: Setting, server: Server | None) -> str:
    """Who sets the value now, and what wins over it: a file and line, the command line, ALTER ROLE or DATABASE."""
    place = setting.source
    if setting.file:
        place = f"{setting.file.rpartition('/')[2]}:{setting.line}"
    elif setting.source == "configuration file":
        place = "a configuration file"
    if setting.waiting is not None:
        place += f"; {setting.show(setting.coming())} waits for a restart"
    over = [each.shown for each in (server.overrides if server else ()) if each.setting == setting.name]
    return f"{place}; {', '.join(over)} wins there" if over else place


def _waiting(situation: Situation, lines: tuple[Line, ...]) -> tuple[str, ...]:
    """What waits for a restart and is right as it is: a line says so of itself."""
    proposed = {line.name for line in lines}
    found = [each for each in situation.settings.values() if each.pending_restart and each.name not in proposed]
    return tuple(
        each.name if each.waiting is None else f"{each.name} = {each.show(each.coming())}"
        for each in sorted(found, key=lambda each: each.name)
    )


def _blocked(cell: Cell, server: Server | None) -> str | None:
    """Why `--apply` leaves the line out; None if it does not."""
    setting = cell.setting
    if setting.source == "command line":
        return "set on the server's command line, which wins over every file"
    raised = setting.name in STANDBY_FIRST and float(cell.value) > float(setting.natural())
    if server is not None and server.standbys and raised:
        return f"{len(server.standbys)} standby attached: raise it there first, or replay pauses"
    return None


def _standby_first(lines: tuple[Line, ...], server: Server | None) -> tuple[str, ...]:
    """The order in which the five settings are raised where standbys follow."""
    raised = [line for line in lines if line.name in STANDBY_FIRST]
    if server is None or not server.standbys or not raised:
        return ()
    where = ", ".join(server.standbys)
    statements = [f"ALTER SYSTEM SET {line.name} = {line.proposed};" for line in raised]
    return (
        f"on each standby ({where}), and on theirs first: {' '.join(statements)}",
        "restart each standby and wait until pg_stat_replication shows it streaming again",
        f"then on this primary: {' '.join(statements)} and restart it",
    )
