"""Connections: as many as were asked for, never fewer than are set."""

from pgtune.settings.sheet import Advice, Sheet, rule


@rule("PostgreSQL documentation, 19.3.1 Connection Settings, max_connections", never_lower=True)
def max_connections(sheet: Sheet) -> Advice | None:
    """What `--connections` says; never below what is set, for a standby or an application may count on it.

    pgtune does not raise it by itself: beyond about four active sessions a CPU a pooler serves better, and the memory
    budget says how many fit.
    """
    wanted = sheet.situation.wishes.connections
    if wanted is None:
        return None
    reserved = ("superuser_reserved_connections", "reserved_connections")
    least = 1 + sum(int(sheet.number(name)) for name in reserved if sheet.has(name))
    if wanted < least:
        why = f"the least that boots beside the reserved connections ({wanted} were asked for)"
        return Advice(least, why, (least, least))
    return Advice(wanted, "as asked for with --connections", (wanted, wanted))
