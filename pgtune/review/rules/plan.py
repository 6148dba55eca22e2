"""How the insights on a plan become remarks on a query: one check for all of them."""

from collections.abc import Callable, Iterator

from pgtune.model.finding import SEVERITIES, Severity
from pgtune.model.name import Name
from pgtune.plans.insight import Insight
from pgtune.plans.insight import Severity as Weight
from pgtune.plans.plan import Node
from pgtune.plans.rules.scans import HUGE_PAGES
from pgtune.review.asked import Asked
from pgtune.review.rule import Remark, Rule
from pgtune.sqltext.shape import Predicate

Check = Callable[[Asked], Iterator[Remark]]

# Bounded by the rule's own severity: a plan that was not executed is an estimate, and what rests on it alone warns.
GRAVITY: dict[Weight, Severity] = {"high": "error", "medium": "warning", "low": "note"}
# What an index is the answer to; if none that was tried helps, it is no advice.
INDEXABLE = frozenset({
    "scan.selective", "scan.index-filter", "scan.order-walk", "join.scan-in-loop", "join.scan-for-few",
    "memory.sort-for-limit",
})  # fmt: skip
READS_ALL = frozenset({"scan.selective", "join.scan-in-loop", "join.scan-for-few"})
VAGUE = frozenset({"memory.sort", "memory.hash"})  # of all rows below, whichever tables they come from
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
    about = () if rule.code in VAGUE else tuple(asked.root(each) for each in [_subject(node)] if each)
    helps = insight.help
    if insight.code in INDEXABLE and not _indexable(asked, about):
        huge = any((asked.pages(each) or 0) >= HUGE_PAGES for each in about)
        if not huge or insight.code not in READS_ALL or _guessed(asked, about):
            return None
        helps = NO_INDEX
    return Remark(severity, insight.what, helps, verified=insight.verified, about=about)


def _indexable(asked: Asked, about: tuple[Name, ...]) -> bool:
    """False if the advisor looked for an index on the table and none wins clearly."""
    proof = asked.prove()
    return proof is None or (proof.clear and any(each.table in about for each in proof.indexes))


def _guessed(asked: Asked, about: tuple[Name, ...]) -> bool:
    """True if the planner only guesses how many rows a part of the filter keeps."""
    numbers = {each.number for each in asked.shape.sources if each.table in about}
    own = [each for each in asked.shape.predicates() if each.term.source in numbers and not each.negated]
    return any(map(guess, own))


def guess(predicate: Predicate) -> bool:
    """True for a condition whose share of rows is a constant of the planner's: an expression, an unknown pattern."""
    return not predicate.term.column or predicate.test == "pattern"


def _subject(node: Node) -> Name | None:
    """The table that a node is about: its own, or the last one below it that is read whole."""
    if node.relation is not None:
        return node.relation
    below = [each for each in node.walk() if each.relation is not None]
    whole = [each for each in below if each.kind == "Seq Scan"]
    return (whole or below or [node])[-1].relation
