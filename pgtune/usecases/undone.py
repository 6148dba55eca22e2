"""What an undo is about to do, and what it did: of settings and of indexes alike."""

from dataclasses import dataclass

from pgtune.model.step import Run, Step


@dataclass(frozen=True, slots=True)
class Refusal:
    """A setting that undo leaves alone, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What an undo is about to do: `restored` go back to what the file said before, `refused` stay as they are."""

    run: Run
    restored: tuple[Step, ...]
    refused: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo did. `run` is None where there was none to undo; `exact`: the file is as it was, byte for byte."""

    run: Run | None
    restored: tuple[Step, ...] = ()
    refused: tuple[Refusal, ...] = ()
    pending: tuple[str, ...] = ()
    restarted: bool = False
    exact: bool = False
    notes: tuple[str, ...] = ()
