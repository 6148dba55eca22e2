"""What a rule says of a plan."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["high", "medium", "low"]
ORDER: tuple[Severity, ...] = ("high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Insight:
    """One thing that is wrong with a plan.

    `node` is the node's number in the plan's order, `what` says what was seen with its figures, `help` what would help.
    `measured`: it rests on what the execution did, else on the planner's estimates; `verified` False: the size that it
    depends on is not known.
    """

    code: str
    severity: Severity
    node: int
    what: str
    help: str
    measured: bool = False
    verified: bool = True
