"""The figures that maintenance decides by: the house guide's where it has them, else those it sets as limits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pgtune.guide import Guide
from pgtune.maintenance.work import Kind
from pgtune.model import units
from pgtune.model.errors import BadInput


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds: shares from 0 to 1, sizes in bytes, times in seconds. The guide says what each is for."""

    dead_row_ratio: float
    analyze_with_vacuum: bool
    concurrently: bool
    dead_rows: int
    not_visible_share: float
    not_visible_bytes: int
    xid_age_share: float
    xid_age_alarm: int
    bloat_share: float
    bloat_bytes: int
    stale_size: float
    measured_bytes: int
    unused_seconds: float
    unused_bytes: int
    old_transaction: float
    bytes_per_second: Mapping[Kind, float] = field(default_factory=dict)


def policy(guide: Guide) -> Policy:
    """The policy as the guide's tables [maintenance] and [maintenance.limits] have it.

    Raises:
        BadInput: a figure cannot be read.
    """
    read = _Reader(guide)
    return Policy(
        dead_row_ratio=read(float, "vacuum", "dead_row_ratio"),
        analyze_with_vacuum=read(_flag, "vacuum", "analyze"),
        concurrently=read(_flag, "reindex", "concurrently"),
        dead_rows=read(int, "limits", "dead_rows"),
        not_visible_share=read(float, "limits", "not_visible", "share"),
        not_visible_bytes=read(units.parse_bytes, "limits", "not_visible", "least"),
        xid_age_share=read(float, "limits", "xid_age_share"),
        xid_age_alarm=read(int, "limits", "xid_age_alarm"),
        bloat_share=read(float, "limits", "index_bloat", "share"),
        bloat_bytes=read(units.parse_bytes, "limits", "index_bloat", "least"),
        stale_size=read(float, "limits", "stale_size"),
        measured_bytes=read(units.parse_bytes, "limits", "measured_bytes"),
        unused_seconds=read(float, "limits", "unused", "days") * units.MILLISECONDS["d"] / 1000,
        unused_bytes=read(units.parse_bytes, "limits", "unused", "least"),
        old_transaction=read(units.parse_ms, "limits", "old_transaction") / 1000,
        bytes_per_second={
            kind: float(read(_speed, "limits", "assumed_bytes_per_s", kind.value))
            for kind in (Kind.VACUUM, Kind.ANALYZE, Kind.REINDEX)
        },
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    guide: Guide

    def __call__(self, parse: Callable[[Any], Any], *path: str) -> Any:
        """The figure below [maintenance], parsed and not negative."""
        value = self.guide.figure("maintenance", *path)
        try:
            parsed = parse(value)
        except (ValueError, TypeError, OverflowError) as error:
            raise BadInput(f"the guide's maintenance.{'.'.join(path)} = {value!r} cannot be read: {error}") from None
        if not 0 <= parsed < float("inf"):  # which NaN is not either
            raise BadInput(f"the guide's maintenance.{'.'.join(path)} = {value!r} must be a number from 0 on")
        return parsed


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("true or false")
    return value


def _speed(value: Any) -> int:
    size = units.parse_bytes(value)
    if not size:
        raise ValueError("a speed is more than 0")
    return size
