"""One text of a workload as its source gave it, before anything is known about it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """A statement that was run (a log, pg_stat_statements) or written down (a file).

    `calls` None: nothing counted it; `weight` is then its importance as its source says. `parameters` are the values
    of `$1` ... where they were recorded. `native`: the text comes from a server, so that `?` and `:` are operators.
    """

    text: str
    origin: str
    calls: int | None = None
    total_ms: float | None = None
    weight: float = 1.0
    parameters: tuple[str | None, ...] | None = None
    role: str | None = None
    database: str | None = None
    native: bool = True
    truncated: bool = False
    explained: bool = False  # of auto_explain: the same run may stand in the log a second time
