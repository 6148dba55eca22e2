"""What a good consultant adds: what was assumed, left out, or wants a person's decision."""

from contextlib import suppress

from pgtune.model.server import Server
from pgtune.settings import budget
from pgtune.settings.sheet import Sheet
from pgtune.settings.tuning import Budget

MANY_PER_ACTIVE = 10  # connections for each that can work at a time: from here on a pooler is worth its operation
RECKONED = frozenset({"work_mem", "hash_mem_multiplier", "max_parallel_workers_per_gather", "maintenance_work_mem"})
CROWDED = 0.8  # of max_connections in use: the next peak may be refused


# Switched off, these cost data or plans, and they are not pgtune's to switch on (documentation, 19.5.1, 19.7.1, 19.10).
OFF = {
    "fsync": "a crash of the machine can corrupt the whole cluster",
    "full_page_writes": "a page half written in a crash of the machine stays broken",
}
PLANNER_SWITCH = "enable_"


def collect(sheet: Sheet, reckoned: Budget, server: Server | None) -> tuple[str, ...]:
    """The notes, the most urgent first."""
    found = [
        *_managed(server),
        *_switched_off(sheet),
        *_budget(sheet, reckoned),
        *_beside_the_budget(sheet, server),
        *(cell.warning for cell in sheet.cells() if cell.warning),
        *_pooler(sheet, reckoned),
        *_crowded(sheet),
        *_lowered(sheet),
        *_pending(sheet),
        *_replica(sheet),
        *sheet.situation.hardware.notes,
        *(server.missing if server else ()),
    ]
    return tuple(dict.fromkeys(found))


def _managed(server: Server | None) -> list[str]:
    if server is None or server.manager is None:
        return []
    kind, evidence = server.manager.kind, server.manager.evidence
    return [f"{kind} runs this server ({evidence}): --apply refuses; hand the changes over with --for {kind}"]


def _switched_off(sheet: Sheet) -> list[str]:
    """What somebody switched off and pgtune leaves so, and the planner's methods that are forbidden to everybody."""
    settings = sheet.situation.settings
    found = [f"{name} = off: {why}" for name, why in OFF.items() if name in settings and not settings[name].coming()]
    planner = [
        name
        for name, setting in sorted(settings.items())
        if name.startswith(PLANNER_SWITCH) and setting.boot == "on" and setting.coming() is False
    ]
    if planner:
        found.append(f"{', '.join(planner)} = off for everybody: a query that needs it gets a poor plan; set it there")
    return found


def _budget(sheet: Sheet, reckoned: Budget) -> list[str]:
    if reckoned.fits:
        return []
    fit, wanted = reckoned.connections_that_fit or 0, int(sheet.number("max_connections"))
    if fit >= wanted or fit == 0:
        return ["the memory budget does not fit: give the server more memory or lower the settings that are in force"]
    pool = min(fit, budget.active_sessions(sheet))
    text = f"{wanted} connections do not fit in this memory, {fit} do: put a pooler (PgBouncer, transaction mode) in "
    return [text + f"front with at most {pool} server connections, and lower max_connections"]


def _beside_the_budget(sheet: Sheet, server: Server | None) -> list[str]:
    """What roles and databases were given beyond the value that the memory budget reckons with."""
    found = []
    for each in server.overrides if server else ():
        if each.setting not in RECKONED:
            continue
        cell = sheet.cell(each.setting)
        with suppress(ValueError):  # nothing that PostgreSQL takes for a value
            if float(cell.setting.parse(each.value)) > float(cell.value):
                why = f"the memory budget reckons with {cell.setting.show(cell.value)}"
                found.append(f"{each.setting}: {each.shown} wins for its sessions, {why}")
    return found


def _pooler(sheet: Sheet, reckoned: Budget) -> list[str]:
    active, connections = budget.active_sessions(sheet), int(sheet.number("max_connections"))
    if not reckoned.fits or connections <= active * MANY_PER_ACTIVE:
        return []
    users = sheet.situation.guide.figure("targets", "api_throughput", "concurrent_users")
    cpus = sheet.situation.hardware.cpus.value
    text = f"{connections} connections for {cpus:g} CPUs: about {active} can work at a time; a pooler of that size "
    return [text + f"serves the guide's {users} concurrent users better"]


def _crowded(sheet: Sheet) -> list[str]:
    seen, most = sheet.situation.activity, int(sheet.situation.settings["max_connections"].natural())
    if seen is None or seen.sessions is None or seen.sessions < most * CROWDED:
        return []
    text = f"{seen.sessions} of {most} connections are in use now: put a pooler in front before they run out, or raise "
    return [text + "max_connections with --connections"]


def _lowered(sheet: Sheet) -> list[str]:
    wanted, kept = sheet.situation.wishes.connections, int(sheet.number("max_connections"))
    if wanted is None or wanted >= kept:
        return []
    return [f"max_connections stays at {kept}: what is in force is not lowered ({wanted} were asked for)"]


def _pending(sheet: Sheet) -> list[str]:
    """What waits for a restart; its value is what was compared and budgeted, unless this role may not see it."""
    waiting = sorted(
        (each for each in sheet.situation.settings.values() if each.pending_restart), key=lambda each: each.name
    )
    if not waiting:
        return []
    words = [f"{each.name}{'' if each.waiting is None else ' = ' + each.show(each.coming())}" for each in waiting]
    found = [f"waiting for a restart since an earlier change, and reckoned with here: {', '.join(words)}"]
    unseen = [each.name for each in waiting if each.waiting is None]
    if unseen:
        found = [f"waiting for a restart since an earlier change: {', '.join(words)}; what will be in force then of "]
        found[0] += f"{', '.join(unseen)} cannot be seen by this role, and what is in force now was reckoned with"
    return found


def _replica(sheet: Sheet) -> list[str]:
    if not sheet.situation.in_recovery:
        return []
    text = "this server is a standby: tune its primary too, and keep here at least the primary's max_connections, "
    return [text + "max_worker_processes, max_wal_senders, max_prepared_transactions and max_locks_per_transaction"]
