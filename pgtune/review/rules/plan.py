"""How the insights on a plan become remarks on a query: one check for all of them."""

from collections.abc import Callable, Iterator

from pgtune.model.design import Name
from pgtune.model.finding import Severity
from pgtune.plans.insight import Insight
from pgtune.plans.insight import Severity as Weight
from pgtune.plans.plan import Node, Plan
from pgtune.review.asked import Asked
from pgtune.review.rule import Remark

# An unexecuted plan is an estimate: what rests on it alone warns. Only a proof makes an error (index.missing).
GRAVITY: dict[Weight, Severity] = {"high": "warning", "medium": "warning", "low": "note"}

Check = Callable[[Asked], Iterator[Remark]]


def seen(code: str) -> Check:
    """The check that says what the plan's insight of this code says."""

    def check(asked: Asked) -> Iterator[Remark]:
        if asked.plan is not None and asked.sized:
            yield from (remark(each, asked.plan) for each in asked.insights if each.code == code)

    return check


def remark(insight: Insight, plan: Plan) -> Remark:
    """An insight in a review's words."""
    severity = GRAVITY[insight.severity] if insight.verified else "note"
    about = subject(list(plan.root.walk())[insight.node])
    return Remark(severity, insight.what, insight.help, verified=insight.verified, about=about)


def subject(node: Node) -> Name | None:
    """The table that a node is about: its own, or the last one below it that is read whole."""
    if node.relation is not None:
        return node.relation
    below = [each for each in node.walk() if each.relation is not None]
    whole = [each for each in below if each.kind == "Seq Scan"]
    return (whole or below or [node])[-1].relation
