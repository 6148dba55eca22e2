"""WAL and checkpoints: far enough apart that pages are not logged whole again and again, near enough to recover."""

from pgtune.model.units import GB, MB, floor_to, format_ms, human_bytes
from pgtune.settings.evidence import forced_checkpoints, wal_rate
from pgtune.settings.sheet import Advice, Sheet, rule

WAL = "PostgreSQL documentation, 19.5 Write Ahead Log"
CONFIGURATION = "PostgreSQL documentation, 28.5 WAL Configuration"

DISK_SHARE = 0.4  # of what pg_wal may grow into: max_wal_size is a soft limit, and slots come on top
INTERVALS = 3  # a checkpoint's WAL is kept until the next but one has ended; a third for peaks above the average
MINUTE, HOUR = 60_000, 3_600_000.0  # beyond an hour between checkpoints even an idle server replays for nothing
FORCED_ROOM = 4  # a checkpoint is forced at about half of max_wal_size (28.5), so this doubles it
OFTEN_FORCED = 0.1  # more forced checkpoints than this: max_wal_size is what triggers them
SMALL_SEGMENT = 16 * MB  # the usual segment: figures are rounded to four of them
LEAST_SEGMENTS = 5  # max_wal_size below five segments makes no sense; min_wal_size takes two (guc check)
# Crash recovery applies WAL with one process. Bytes a second, by kind of disk: assumed, far below what
# `benchmarks/recovery` measures with a warm cache (hundreds of MB), for after a crash the cache may be cold.
REPLAY = {"hdd": 10 * MB, "gp3": 30 * MB, "san": 30 * MB, "unknown": 30 * MB, "ssd": 40 * MB, "nvme": 60 * MB}
WRITING = {"oltp": 4, "dw": 4, "mixed": 2}  # how many times the guide's size a load that writes more may take


def segment(sheet: Sheet) -> int:
    """The size of a WAL segment in bytes, as initdb was told."""
    return int(sheet.number("wal_segment_size"))


def replay_rate(sheet: Sheet) -> float:
    """Bytes of WAL a second that recovery is assumed to apply on this storage."""
    return float(REPLAY[sheet.situation.hardware.storage.kind.value])


def recovery_seconds(sheet: Sheet) -> float:
    """The guide's recovery time target."""
    return float(sheet.situation.guide.figure("targets", "availability", "recovery_s"))


def wal_space(sheet: Sheet) -> int | None:
    """What pg_wal may fill: its disk's free space and what WAL holds already; None where it is unknown."""
    now = sheet.situation
    free = now.hardware.storage.wal_free
    if free is None:
        return None
    return free.value + ((now.activity.wal_size or 0) if now.activity else 0)


@rule(f"{WAL}, max_wal_size; the guide's recovery time bounds it")
def max_wal_size(sheet: Sheet) -> Advice:
    """WAL for three checkpoint intervals at the measured rate; else the guide's figure, by profile up to 4 times.

    While checkpoints are forced, room for four times the WAL between two of them: about twice what forced them.
    Bounded by 40 % of what pg_wal's disk can hold, and by what recovery can replay within the guide's recovery time. A
    larger value in force is left alone within these bounds.
    """
    need, why = max(_needs(sheet))
    (bound, reason), least = _wal_bound(sheet), LEAST_SEGMENTS * segment(sheet)
    if need > bound or float(sheet.situation.settings["max_wal_size"].natural()) > bound:
        return Advice(_round(bound, least), reason, (min(need, bound) * 0.95, bound))
    return Advice(_round(need, least), why, (need * 0.95, bound))


def _needs(sheet: Sheet) -> list[tuple[float, str]]:
    """What asks for WAL, in bytes, and in whose name."""
    now, profile = sheet.situation, sheet.situation.wishes.profile
    guide = now.guide.bytes("max_wal_size") * WRITING.get(profile, 1)
    needs: list[tuple[float, str]] = [(guide, f"room for the writes of this load ({profile})")]
    rate, forced = wal_rate(now), forced_checkpoints(now)
    if rate is not None:
        why = f"{INTERVALS} checkpoint intervals at the measured {human_bytes(rate)} of WAL a second"
        needs.append((rate * sheet.number("checkpoint_timeout") / 1000 * INTERVALS, why))
    if forced is not None and forced.share > OFTEN_FORCED:
        why = f"{forced.share:.0%} of checkpoints were forced, {human_bytes(forced.wal_between)} of WAL apart"
        needs.append((forced.wal_between * FORCED_ROOM, why))
    return needs


def _wal_bound(sheet: Sheet) -> tuple[float, str]:
    recovery = replay_rate(sheet) * recovery_seconds(sheet)
    bound, reason = recovery, f"more could not be replayed within the guide's {recovery_seconds(sheet):g} s of recovery"
    space = wal_space(sheet)
    if space is not None and space * DISK_SHARE < bound:
        bound, reason = space * DISK_SHARE, f"40 % of the {human_bytes(space)} that pg_wal may fill"
    return max(bound, LEAST_SEGMENTS * segment(sheet)), reason


def _round(size: float, least: int) -> int:
    step = GB if size >= 4 * GB else 4 * SMALL_SEGMENT
    return max(floor_to(size, step), least)


@rule(f"{CONFIGURATION}: recycled segments")
def min_wal_size(sheet: Sheet) -> Advice:
    """A quarter of max_wal_size stays recycled, so that a burst of writes need not create files."""
    size = int(sheet.number("max_wal_size")) // 4
    value = max(floor_to(size, segment(sheet)), 2 * segment(sheet))
    return Advice(value, "a quarter of max_wal_size stays recycled for bursts", (value, sheet.number("max_wal_size")))


@rule(f"{WAL}, checkpoint_timeout; the guide's recovery time bounds it")
def checkpoint_timeout(sheet: Sheet) -> Advice:
    """The guide's figure. A longer one in force is left alone while its WAL can be replayed in the recovery time."""
    guide, rate = sheet.situation.guide.ms("checkpoint_timeout"), wal_rate(sheet.situation)
    longest = HOUR
    if rate:
        longest = min(longest, recovery_seconds(sheet) * replay_rate(sheet) / rate * 1000)
    if longest < guide:
        target = format_ms(recovery_seconds(sheet) * 1000)
        return Advice(guide, f"the guide's figure; at this rate of writes recovery may take longer than {target}")
    if float(sheet.situation.settings["checkpoint_timeout"].natural()) > longest:
        return Advice(floor_to(longest, MINUTE), "the longest whose WAL can be replayed in the guide's recovery time",
                      (guide, longest))  # fmt: skip
    return Advice(guide, "the guide's figure", (guide, longest))


@rule(f"{CONFIGURATION}, checkpoint_completion_target")
def checkpoint_completion_target(_sheet: Sheet) -> Advice:
    """0.9, the default from 14 on: a checkpoint's writes are spread over most of the interval."""
    return Advice(0.9, "spreads a checkpoint's writes over most of the interval")


FULL_A_MINUTE = 1.0  # waits for a free WAL buffer


@rule(f"{WAL}, wal_buffers")
def wal_buffers(sheet: Sheet) -> Advice | None:
    """Left at -1, by which the server takes 1/32 of shared_buffers, at most a segment of 16 MB (the guide's figure).

    The guide's figure, or twice what is set, only where backends were seen to wait for a free buffer.
    """
    now = sheet.situation
    seen, guide = now.activity, now.guide.bytes("wal_buffers")
    if seen is None or not seen.wal_buffers_full or not seen.wal_seconds or seen.wal_seconds < 60:
        return None
    if seen.wal_buffers_full / seen.wal_seconds * 60 < FULL_A_MINUTE:
        return None
    current = int(now.settings["wal_buffers"].coming())
    automatic = min(segment(sheet), int(sheet.number("shared_buffers")) // 32)
    if now.settings["wal_buffers"].source in {"default", "override"} and automatic > 2 * current:
        return None  # the new shared_buffers brings it
    value = max(guide, min(current * 2, 8 * guide))
    return Advice(value, f"WAL buffers were full {seen.wal_buffers_full} times: backends waited", (value, 8 * guide))


@rule(f"{WAL}, wal_compression; benchmarks/settings")
def wal_compression(sheet: Sheet) -> Advice | None:
    """lz4 where this server offers it and nothing is set: a quarter less WAL for a tenth more CPU, measured on 15.

    A build with pglz alone, and 14, stay without: pglz took 1.2 to 1.3 times the CPU and saved nothing on random data.
    """
    setting = sheet.situation.settings["wal_compression"]
    if setting.natural() != "off" or not setting.takes("lz4"):
        return None
    return Advice("lz4", "shrinks the pages that are logged whole after a checkpoint, at little CPU")


@rule(f"{WAL}, max_slot_wal_keep_size")
def max_slot_wal_keep_size(sheet: Sheet) -> Advice | None:
    """A limit only where replication slots exist and none is set: a slot that nobody reads fills the disk.

    Half of what pg_wal may fill. A slot that falls further behind is invalidated, and its standby must be built anew.
    """
    now, space = sheet.situation, wal_space(sheet)
    if not (now.activity and now.activity.slots) or space is None:
        return None
    if float(now.settings["max_slot_wal_keep_size"].natural()) >= 0:
        return None
    why = (
        f"{now.activity.slots} slots could fill the disk; beyond half of it a slot is given up, and its standby rebuilt"
    )
    return Advice(floor_to(space / 2, GB) or floor_to(space / 2, MB), why)
