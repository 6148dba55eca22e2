"""What a server has been doing: WAL, checkpoints, spills, sessions and sizes."""

from psycopg.rows import DictRow

from pgtune.model.server import Activity
from pgtune.server.asking import Asking

STANDBY_UNNAMED = "a standby that only pg_read_all_stats may name"


def read(asking: Asking, identity: DictRow, age_seconds: float | None) -> Activity:
    """Read the statistics views, as far as the role whose rights `identity` lists may."""
    seen = asking.row("statistics", "WAL, checkpoint and temporary file statistics")
    backends = seen.pop("backends", None)
    sessions = _sessions(asking, allowed=identity["reads_statistics"])
    return Activity(
        age_seconds=age_seconds if age_seconds is not None and age_seconds >= 0 else None,
        data_bytes=_data_bytes(asking),
        wal_size=_wal_size(asking, allowed=identity["lists_wal"]),
        **seen,
        **(sessions or {"sessions": backends and max(0, backends - 1)}),
    )


def standbys(asking: Asking) -> tuple[str, ...]:
    """Who receives WAL from this server, as `name (address)`; a standby that may not be named still counts."""
    return tuple(_standby(row) for row in asking.rows("standbys", "standbys") or ())


def _standby(row: DictRow) -> str:
    if row["state"] is None:
        return STANDBY_UNNAMED
    return f"{row['application_name']} ({row['address'] or 'this machine'})"


def _sessions(asking: Asking, *, allowed: bool) -> DictRow:
    if not allowed:
        asking.lacks("active sessions, background workers and names of standbys", "GRANT pg_read_all_stats")
        return {}
    return asking.row("sessions", "sessions")


def _data_bytes(asking: Asking) -> int | None:
    """The size of all databases; a sum that leaves some out would mislead, so then it is None."""
    row = asking.row("database_sizes", "size of the data")
    if row.get("hidden"):
        asking.lacks(f"size of the data ({row['hidden']} of the databases are hidden)", "GRANT pg_read_all_stats")
        return None
    return row.get("bytes")


def _wal_size(asking: Asking, *, allowed: bool) -> int | None:
    if not allowed:
        asking.lacks("size of pg_wal", "GRANT pg_monitor")
        return None
    return asking.row("wal_size", "size of pg_wal").get("bytes")
