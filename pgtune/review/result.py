"""What a review comes to: the findings, what could not be looked at, and what a report shows beside them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pgtune.model.finding import Finding, Skipped
from pgtune.model.name import Name
from pgtune.plans.insight import Insight
from pgtune.plans.plan import Plan
from pgtune.review.policy import FailOn
from pgtune.review.ranking import at_least
from pgtune.review.rule import Rule
from pgtune.review.suppression import Silenced

SCHEMA = "pgtune.review/1"


@dataclass(frozen=True, slots=True)
class Picture:
    """A plan with its title and what is wrong with it."""

    title: str
    plan: Plan
    insights: tuple[Insight, ...] = ()


@dataclass(frozen=True, slots=True)
class Pictured:
    """A statement of the change or of the known workload, with its plans: before and after, in that order.

    `path` is empty and `line` 0 for what stands in no file of the change.
    """

    path: str
    line: int
    text: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """What one statement of a migration did, or would do, to a table that was there before.

    `lock` is the strongest that it takes on the table; `bytes` its size, None where nobody knows.
    """

    path: str
    line: int
    statement: str
    table: Name
    lock: str
    rewritten: bool
    scanned: bool
    bytes: float | None
    status: str


@dataclass(frozen=True, slots=True)
class Looked:
    """How much was looked at."""

    files: int = 0
    migrations: int = 0
    queries: int = 0
    planned: int = 0


@dataclass(frozen=True, slots=True)
class Review:
    """The whole answer, findings ranked.

    `origin` says where schema and statistics come from. `rules` are those of the findings, by code. `known` counts the
    findings that the baseline holds, `elsewhere` those on lines that the change did not touch.
    """

    origin: str
    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...] = ()
    silenced: tuple[Silenced, ...] = ()
    known: int = 0
    elsewhere: int = 0
    looked: Looked = Looked()
    rules: Mapping[str, Rule] = field(default_factory=dict)
    plans: tuple[Pictured, ...] = ()
    moved: tuple[Moved, ...] = ()
    notes: tuple[str, ...] = ()
    fail_on: FailOn = "error"

    @property
    def failing(self) -> tuple[Finding, ...]:
        """The findings that make the command fail."""
        return () if self.fail_on == "never" else at_least(self.findings, self.fail_on)
