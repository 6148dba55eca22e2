"""How the insights on a plan become remarks on a query: one check for all of them."""

from collections.abc import Callable, Iterator

from pgtune.model.design import Name
from pgtune.model.finding import SEVERITIES, Severity
from pgtune.plans.insight import Insight
from pgtune.plans.insight import Severity as Weight
from pgtune.plans.plan import Node
from pgtune.plans.rules.scans import HUGE_PAGES
from pgtune.review.asked import Asked
from pgtune.review.rule import Remark, Rule

Check = Callable[[Asked], Iterator[Remark]]

# A plan that was not executed is an estimate: what rests on it alone warns. Only a proof makes an error.
GRAVITY: dict[Weight, Severity] = {"high": "warning", "medium": "warning", "low": "note"}
# What an index is the answer to; if none that was tried helps, it is no advice.
INDEXABLE = frozenset({
    "scan.selective", "scan.index-filter", "scan.order-walk", "join.scan-in-loop", "join.scan-for-few",
    "memory.sort-for-limit",
})  # fmt: skip
NO_INDEX = "no index that was tried makes it clearly cheaper: fewer rows to look at, or an answer that is kept"


def seen(rule: Rule) -> Check:
    """The check that says what the plan's insight of the rule's code says."""

    def check(asked: Asked) -> Iterator[Remark]:
        if asked.plan is None or not asked.sized:
            return
        nodes = list(asked.plan.root.walk())
        for insight in asked.insights:
            if insight.code == rule.code and (found := _remark(asked, insight, nodes[insight.node], rule)):
                yield found

    return check


def _remark(asked: Asked, insight: Insight, node: Node, rule: Rule) -> Remark | None:
    """An insight in a review's words; None if it asks for an index that helps nobody."""
    severity = max(GRAVITY[insight.severity], rule.severity, key=SEVERITIES.index)
    about = tuple(asked.root(each) for each in [_subject(node)] if each)
    helps = insight.help
    if insight.code in INDEXABLE and not _indexable(asked):
        if not any((asked.pages(each) or 0) >= HUGE_PAGES for each in about):
            return None
        helps = NO_INDEX
    return Remark(severity, insight.what, helps, verified=insight.verified, about=about)


def _indexable(asked: Asked) -> bool:
    """False if the advisor looked for an index and none wins clearly."""
    proof = asked.prove()
    return proof is None or proof.clear


def _subject(node: Node) -> Name | None:
    """The table that a node is about: its own, or the last one below it that is read whole."""
    if node.relation is not None:
        return node.relation
    below = [each for each in node.walk() if each.relation is not None]
    whole = [each for each in below if each.kind == "Seq Scan"]
    return (whole or below or [node])[-1].relation
