"""What of production's configuration a twin takes over: its locale, and the settings that plans depend on."""

import psycopg
from psycopg import sql

from pgtune import resources
from pgtune.snapshot.snapshot import Snapshot
from pgtune.twin.house import DATABASE, OWNER, PLANNER

PLAIN = sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(DATABASE))
PROVIDERS_SINCE = 15  # CREATE DATABASE ... LOCALE_PROVIDER
LIBC, ICU, BUILTIN = "c", "i", "b"
# What plans, and how literals in them are read, depend on beside the settings that the server itself files under
# planning. Others may load a library or lift a limit.
OTHERS = [
    "work_mem", "hash_mem_multiplier", "maintenance_work_mem", "max_parallel_workers",
    "max_parallel_workers_per_gather", "max_parallel_maintenance_workers", "parallel_leader_participation",
    "effective_io_concurrency", "maintenance_io_concurrency", "io_combine_limit", "debug_parallel_query",
    "force_parallel_mode", "row_security", "transform_null_equals", "array_nulls", "IntervalStyle", "DateStyle",
    "TimeZone", "default_text_search_config", "gin_fuzzy_search_limit", "default_toast_compression", "xmloption",
    "bytea_output", "extra_float_digits",
]  # fmt: skip
# No plan depends on them, they belong to the server as a whole, or a session of the twin sets them itself.
LEFT = {
    "search_path", "standard_conforming_strings", "backslash_quote", "shared_buffers", "max_worker_processes",
    "temp_buffers", "track_activity_query_size", "default_transaction_isolation", "lc_messages",
    "quote_all_identifiers", "plan_cache_mode", "jit_provider",
}  # fmt: skip


def ways_to_create(snapshot: Snapshot, major: int) -> tuple[sql.Composed, ...]:
    """Statements that make the database, the truest first: texts are to sort and match as they do in production."""
    same = _same_locale(snapshot, major)
    return (PLAIN,) if same is None else (PLAIN + sql.SQL(" ENCODING 'UTF8' ") + same, PLAIN)


def _same_locale(snapshot: Snapshot, major: int) -> sql.Composed | None:
    libc = sql.SQL("LC_COLLATE {} LC_CTYPE {}").format(snapshot.collate, snapshot.ctype)
    if snapshot.provider == LIBC:
        return libc
    if major < PROVIDERS_SINCE or snapshot.locale is None:
        return None
    kind, name = ("icu", "ICU_LOCALE") if snapshot.provider == ICU else ("builtin", "BUILTIN_LOCALE")
    words = sql.SQL("LOCALE_PROVIDER {} {} {} ").format(sql.SQL(kind), sql.SQL(name), snapshot.locale)
    return words + libc


def sorts_otherwise(snapshot: Snapshot) -> str:
    """What to say where the database was made with a locale of our own."""
    own = snapshot.locale or snapshot.collate
    return f"texts are sorted by C.UTF-8 here, not by {own}: estimates for ranges over texts may differ"


def take_over(superuser: psycopg.Connection, snapshot: Snapshot) -> list[str]:
    """Give production's settings to the weak roles; the names of those that this server does not take."""
    rows = superuser.execute(resources.sql("twin/settings"), {"others": OTHERS}).fetchall()
    known = {name for (name,) in rows}
    wanted = {name: value for name, value in snapshot.settings.items() if name not in LEFT}
    return [name for name, value in wanted.items() if name not in known or not _set(superuser, name, value)]


def _set(superuser: psycopg.Connection, name: str, value: str) -> bool:
    try:
        for role in (OWNER, PLANNER):
            words = sql.SQL("ALTER ROLE {} IN DATABASE {} SET {} TO {}")
            superuser.execute(words.format(*map(sql.Identifier, (role, DATABASE, name)), value))
    except psycopg.errors.CantChangeRuntimeParam:
        return True  # it belongs to the server as a whole
    except psycopg.DatabaseError:
        return False
    return True
