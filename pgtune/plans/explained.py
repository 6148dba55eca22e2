"""The answer of `pgtune explain`: a plan, what is wrong with it, and what would make it cheaper."""

from dataclasses import dataclass

from pgtune.plans.insight import Insight
from pgtune.plans.plan import Plan

SCHEMA = "pgtune.explain/1"


@dataclass(frozen=True, slots=True)
class Variant:
    """The query planned with typical values for its parameters, which are production's and are not shown.

    `share` is the part of the calls that they stand for, `same` whether the plan has the shape of the one shown.
    """

    share: float
    cost: float
    same: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """An index that would help: tried as a what-if on the twin, costs those of the query with and without it."""

    ddl: str
    cost_before: float
    cost_after: float
    size_bytes: int
    why: str


@dataclass(frozen=True, slots=True)
class Explained:
    """A plan explained. `origin` says where the plan comes from, `query` is None where only a plan was given.

    `proposals` None: none could be sought, for there is no query or no database.
    """

    origin: str
    plan: Plan
    insights: tuple[Insight, ...]
    query: str | None = None
    variants: tuple[Variant, ...] = ()
    proposals: tuple[Proposal, ...] | None = None
    notes: tuple[str, ...] = ()
