"""A machine and a version, described in one line each."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pgtune import guide, resources, versions
from pgtune.model.hardware import Figure, Hardware, Kernel, Storage
from pgtune.model.server import Activity
from pgtune.model.units import parse_bytes
from pgtune.settings import advise
from pgtune.settings.sheet import Sheet
from pgtune.settings.situation import Situation, Wishes
from pgtune.settings.tuning import Tuning

GUIDE = resources.text("guide", "guide.toml")
TABLE = resources.text("versions", "settings.toml")


def make(
    ram: str = "16GB", cpus: float = 8, storage: str = "ssd", major: int = 17, *,
    current: dict[str, str] | None = None, activity: Activity | None = None, kernel: Kernel | None = None,
    wal_free: str | None = None, override: str | None = None, **wishes: Any,
) -> Situation:  # fmt: skip
    """A situation; `current` are raw values in the setting's own unit, as pg_settings gives them."""
    settings = versions.parameters(TABLE, major)
    for name, value in (current or {}).items():
        settings[name] = replace(settings[name], value=value, source="configuration file")
    free = Figure(parse_bytes(wal_free), "statvfs") if wal_free else None
    disk = Storage(Figure(storage, "--storage"), wal_free=free)
    hardware = Hardware(Figure(parse_bytes(ram), "--ram"), Figure(cpus, "--cpus"), disk, kernel=kernel)
    return Situation(
        major * 10000, hardware, settings, guide.load(GUIDE, override), Wishes(**wishes), activity=activity
    )


@pytest.fixture
def situation() -> Callable[..., Situation]:
    return make


@pytest.fixture
def sheet() -> Callable[..., Sheet]:
    return lambda *words, **more: Sheet(make(*words, **more))


@pytest.fixture
def tuned() -> Callable[..., Tuning]:
    return lambda *words, **more: advise(make(*words, **more), "test")
