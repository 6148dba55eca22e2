"""When autovacuum itself would act on a table: the server's settings, overruled by its storage parameters.

Documentation, 24.1.6: thresholds are a base number of rows plus a share of the table's. TOAST tables have parameters of
their own, and where they have none, those of their table hold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

VACUUM = "autovacuum_vacuum_"
INSERT = "autovacuum_vacuum_insert_"
ANALYZE = "autovacuum_analyze_"
XIDS, MXIDS = "autovacuum_freeze_max_age", "autovacuum_multixact_freeze_max_age"
UNLIMITED = float("inf")
OFF = -1  # for autovacuum_vacuum_insert_threshold and autovacuum_vacuum_max_threshold

Settings = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The thresholds in force for one table."""

    settings: Settings

    def of(self, *options: Sequence[str] | None) -> "Thresholds":
        """The same with storage parameters (`name=value`) laid over the settings: the first that are not empty."""
        own = next((each for each in options if each), ())
        parsed = dict(_number(option) for option in own if option.startswith("autovacuum_"))
        if not parsed:
            return self
        for name in (XIDS, MXIDS):  # a table may only lower these (documentation, CREATE TABLE)
            if name in parsed:
                parsed[name] = min(parsed[name], self.settings[name])
        return Thresholds({**self.settings, **parsed})

    def dead(self, rows: float) -> float:
        """So many dead rows make autovacuum vacuum. From 18 on there is an upper limit."""
        limit = self.settings.get(f"{VACUUM}max_threshold", OFF)
        reached = self._reached(VACUUM, rows)
        return reached if limit == OFF else min(reached, limit)

    def inserted(self, rows: float) -> float:
        """So many rows inserted since the last VACUUM make autovacuum vacuum."""
        if self.settings[f"{INSERT}threshold"] == OFF:
            return UNLIMITED
        return self._reached(INSERT, rows)

    def modified(self, rows: float) -> float:
        """So many rows changed since the last ANALYZE make autovacuum analyze."""
        return self._reached(ANALYZE, rows)

    @property
    def xids(self) -> float:
        """The age at which autovacuum freezes, whatever else it is told."""
        return self.settings[XIDS]

    @property
    def mxids(self) -> float:
        """The same for multixacts."""
        return self.settings[MXIDS]

    def _reached(self, prefix: str, rows: float) -> float:
        base, scale = self.settings[f"{prefix}threshold"], self.settings[f"{prefix}scale_factor"]
        return base + scale * max(rows, 0)


def _number(option: str) -> tuple[str, float]:
    """`autovacuum_enabled=false` and the like are no numbers; nothing asks for them."""
    name, _, value = option.partition("=")
    try:
        return name, float(value)
    except ValueError:
        return name, 0.0
