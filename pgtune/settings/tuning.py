"""The answer of `pgtune tune`: lines, budget and notes, as every report prints them."""

from dataclasses import dataclass

from pgtune.model.hardware import Hardware

SCHEMA = "pgtune.tune/1"


@dataclass(frozen=True, slots=True)
class Line:
    """One proposed change. `current` and `proposed` are as PostgreSQL parses them, `raw` the bare number in `unit`.

    `set_by` says who sets it now; `blocked` says why `--apply` would leave it out, None if it would not.
    """

    name: str
    current: str
    proposed: str
    why: str
    source: str
    restart: bool
    set_by: str
    family: str
    raw: str
    unit: str | None = None
    blocked: str | None = None


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """An addend of the memory budget: bytes, and how it was reckoned."""

    what: str
    bytes: int
    how: str


@dataclass(frozen=True, slots=True)
class Budget:
    """The assumed peak of memory. `fits` is False where even the least work_mem needs more than `limit`.

    `connections_that_fit` is given where the connections wanted do not fit.
    """

    lines: tuple[BudgetLine, ...]
    total: int
    limit: int
    memory: int
    fits: bool
    connections_that_fit: int | None = None


@dataclass(frozen=True, slots=True)
class Tuning:
    """Everything `pgtune tune` says. `target` names the server or the version the answer is for.

    `waiting` are settings, with the value where it can be read, that a restart will bring and that stay as they are.
    """

    target: str
    version: int
    profile: str
    hardware: Hardware
    budget: Budget
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()
    kernel: tuple[str, ...] = ()
    standby_first: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
