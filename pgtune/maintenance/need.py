"""A table that needs something, and why; and the plain words for it."""

from dataclasses import dataclass

from pgtune.maintenance.rows import Table
from pgtune.maintenance.work import Urgency


@dataclass(frozen=True, slots=True)
class Need:
    """One table's need, before sizes are known. `dead` rows are expected to go; `hidden` pages are not all-visible.

    `unsure`: only a table that holds anything needs it, which its size will tell. `changed` is the share of its rows
    that the planner's statistics do not know of.
    """

    table: Table
    reasons: tuple[str, ...]
    dead: int = 0
    hidden: int = 0
    changed: float = 0.0
    freeze: bool = False
    urgency: Urgency = Urgency.ORDINARY
    unsure: bool = False

    @property
    def why(self) -> str:
        """The reasons as one sentence."""
        return "; ".join(self.reasons)


def number(value: float) -> str:
    """A number for a person: 1,234,567."""
    return f"{value:,.0f}"


def percent(share: float) -> str:
    """A share in percent; what is not all is never rounded up to 100 %."""
    return f"{min(100 * share, 99) if share < 1 else 100 * share:.0f} %"
