"""What a review says: findings on lines of files, and what could not be looked at."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that will hurt, on a line (the first is 1) of a file as the change leaves it.

    `message` says what was seen with its figures, `help` what to do instead, `fix` is SQL that does it, ready to be
    pasted ("" where there is none). `fingerprint` survives moved lines. `verified` False: it depends on a size or a
    plan that nobody could look at.
    """

    code: str
    severity: Severity
    path: str
    line: int
    message: str
    help: str
    fix: str = ""
    fingerprint: str = ""
    verified: bool = True


@dataclass(frozen=True, slots=True)
class Skipped:
    """What was not reviewed, and why; `line` 0 is the whole file."""

    path: str
    line: int
    why: str
