"""What a server counted since its statistics were reset, under one name for every version."""

import time
from dataclasses import dataclass
from typing import TypeVar

import psycopg

T = TypeVar("T")

# 17 moved the checkpointer's counters to a view of their own.
CHECKPOINTS = {
    14: "SELECT checkpoints_req, checkpoints_timed FROM pg_stat_bgwriter",
    17: "SELECT num_requested, num_timed FROM pg_stat_checkpointer",
}
REPORT_S = 10
RESETS = {14: ("bgwriter", "wal"), 17: ("bgwriter", "wal", "checkpointer")}


@dataclass(frozen=True, slots=True)
class Counters:
    """WAL and temporary files in bytes, blocks of 8 kB, checkpoints by what began them."""

    wal_bytes: int
    full_page_images: int
    requested_checkpoints: int
    timed_checkpoints: int
    temp_bytes: int
    blocks_read: int
    blocks_hit: int
    wal_buffers_full: int


def reset(connection: psycopg.Connection) -> None:
    """CHECKPOINT, then every counter to zero.

    The checkpointer reports a checkpoint a moment after the command has returned: its report is awaited, lest it be
    counted as one that the work forced.
    """
    before = _row(connection, _of(connection, CHECKPOINTS))[0]
    connection.execute("CHECKPOINT")
    limit = time.monotonic() + REPORT_S
    while _row(connection, _of(connection, CHECKPOINTS))[0] == before and time.monotonic() < limit:
        time.sleep(0.05)
    for target in _of(connection, RESETS):
        connection.execute("SELECT pg_stat_reset_shared(%s)", (target,))
    connection.execute("SELECT pg_stat_reset()")


def read(connection: psycopg.Connection) -> Counters:
    """The counters now. Sessions that ended have reported; this one reports at the end of each statement."""
    wal = _row(connection, "SELECT wal_bytes, wal_fpi, wal_buffers_full FROM pg_stat_wal")
    checkpoints = _row(connection, _of(connection, CHECKPOINTS))
    io = _row(
        connection,
        "SELECT temp_bytes, blks_read, blks_hit FROM pg_stat_database WHERE datname = current_database()",
    )
    return Counters(wal[0], wal[1], checkpoints[0], checkpoints[1], io[0], io[1], io[2], wal[2])


def _row(connection: psycopg.Connection, query: str) -> tuple[int, ...]:
    row = connection.execute(query.encode()).fetchone()
    if row is None:
        raise LookupError(f"no row: {query}")
    return tuple(int(value) for value in row)


def _of(connection: psycopg.Connection, by_version: dict[int, T]) -> T:
    major = connection.info.server_version // 10000
    return by_version[max(since for since in by_version if since <= major)]
