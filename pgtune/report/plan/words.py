"""The words that every form of an explained plan uses."""

from pgtune.plans.explained import Explained, Proposal, Variant
from pgtune.plans.insight import Insight
from pgtune.plans.words import cost, share
from pgtune.report.plan.lines import run

FINDINGS = "What is wrong"
NOTHING = "Nothing is wrong with it that its figures would show."
PROPOSALS = "Indexes that would help, tried on the twin"
NO_INDEX = "No index that was tried would make it cheaper."
VARIANTS = "With typical values for its parameters"


def title(explained: Explained) -> str:
    """Where the plan comes from, and its cost."""
    figures = "executed" if run(explained.plan) else "not executed"
    return f"{explained.origin}: cost {cost(explained.plan.cost)}, {figures}"


def severity(insight: Insight) -> str:
    """How grave it is, and on what that rests."""
    return insight.severity if insight.verified else f"{insight.severity}, unverified"


def proposal(each: Proposal, size: str) -> str:
    """What an index buys and takes."""
    gain = f"cost {cost(each.cost_before)} → {cost(each.cost_after)}, {size}"
    return f"{gain}; {each.why}" if each.why else gain


def variant(each: Variant) -> str:
    """A binding: its share, its cost and whether the plan is the same."""
    plan = "the same plan" if each.same else "another plan"
    return f"for about {share(each.share)} of the calls: cost {cost(each.cost)}, {plan}"
