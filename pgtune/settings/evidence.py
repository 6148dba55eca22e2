"""What the live server's statistics say, with the care that each figure needs. All None without a live server."""

from dataclasses import dataclass

from pgtune.model.units import human_bytes
from pgtune.settings.situation import Situation

SETTLED_SECONDS = 7 * 86400  # before a week, a cluster's size says what was loaded so far, not what it will hold
TELLING_SECONDS = 3600  # rates from less than an hour of statistics are noise
ENOUGH_CHECKPOINTS = 10  # fewer are start-ups, backups and tests


def data_bytes(now: Situation) -> int | None:
    """The size of all data: as stated, or as a server that has run for a week holds them."""
    if now.wishes.data_bytes is not None:
        return now.wishes.data_bytes
    seen = now.activity
    if seen is None or seen.data_bytes is None or (seen.age_seconds or 0) < SETTLED_SECONDS:
        return None
    return seen.data_bytes


def wal_rate(now: Situation) -> float | None:
    """WAL in bytes a second, averaged over the statistics' life; None from less than an hour."""
    seen = now.activity
    if seen is None or seen.wal_bytes is None or not seen.wal_seconds or seen.wal_seconds < TELLING_SECONDS:
        return None
    return seen.wal_bytes / seen.wal_seconds


@dataclass(frozen=True, slots=True)
class Forced:
    """How many checkpoints were requested (a share), and the WAL in bytes between two checkpoints of any kind."""

    share: float
    wal_between: float


def forced_checkpoints(now: Situation) -> Forced | None:
    """The checkpoints that were requested instead of timed; None from fewer than ten in all."""
    seen = now.activity
    if seen is None or seen.checkpoints_requested is None or seen.checkpoints_timed is None:
        return None
    total = seen.checkpoints_requested + seen.checkpoints_timed
    if total < ENOUGH_CHECKPOINTS:
        return None
    return Forced(seen.checkpoints_requested / total, (seen.wal_bytes or 0) / total)


def spilled(now: Situation) -> str:
    """What sorts and hashes wrote to disk since the statistics began, in words; empty if nothing did."""
    seen = now.activity
    if seen is None or not seen.temp_files:
        return ""
    return f"{seen.temp_files} temporary files, {human_bytes(seen.temp_bytes or 0)}, were written for want of it"


def sessions_active(now: Situation) -> int:
    """Sessions that were active when pgtune looked; 0 without a live server."""
    return (now.activity.sessions_active or 0) if now.activity else 0
