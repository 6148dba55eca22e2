"""The rules: one family a file, one function a setting, all of them pure."""

# Importing a family registers its rules; the order here is the order in which every report prints them.
from pgtune.settings import (  # isort: skip
    connections,
    memory,
    wal,
    planner,
    parallel,
    vacuum,
    io,
    statistics,
)
from pgtune.settings.advise import advise
from pgtune.settings.sheet import RULES

FAMILIES = tuple(
    m.__name__.rpartition(".")[2] for m in (connections, memory, wal, planner, parallel, vacuum, io, statistics)
)

__all__ = ["FAMILIES", "RULES", "advise"]
