"""A count that is only compared with nought: EXISTS stops at the first row."""

import re
from collections.abc import Iterator

from pgtune.model.finding import Severity
from pgtune.plans.words import cost
from pgtune.review.asked import Asked
from pgtune.review.lean import CLEARLY
from pgtune.review.rule import Remark, Rule
from pgtune.sqltext.rewrites.subqueries import exists

MAYBE = re.compile(r"\bcount\s*\(.*[<>=]\s*[01]\b", re.IGNORECASE | re.DOTALL)  # the tree is made for few texts

RULE = Rule(
    code="query.count-exists",
    severity="warning",
    title="Rows are counted to learn whether there is one",
    why="A count reads every row that there is; whether there is one is known after the first.",
    remedy="EXISTS.",
    wrong="SELECT count(*) > 0 FROM orders WHERE total > 0",
    right="SELECT EXISTS (SELECT 1 FROM orders WHERE total > 0)",
    source="PostgreSQL documentation 9.24.1 (EXISTS); the twin's costs",
    known_as=("slowql: count for existence",),
)


def check(asked: Asked) -> Iterator[Remark]:
    """A count that can be EXISTS, where that is clearly cheaper or nobody knows the sizes."""
    rewrite = exists(asked.text) if MAYBE.search(asked.text) else None
    if rewrite is None:
        return
    if not asked.sized or asked.plan is None:
        yield Remark(
            "note", "counts rows to learn whether there is one", RULE.instead, asked.spelled(rewrite), verified=False
        )
        return
    after = asked.planned(rewrite.text)
    graves = [grave for name in asked.shape.tables if (grave := asked.graveness(name))]
    if after is not None and graves and after.cost * CLEARLY <= asked.plan.cost:
        what = f"counts rows to learn whether there is one: costs {cost(asked.plan.cost)}, EXISTS {cost(after.cost)}"
        severity: Severity = "warning" if ("warning", True) in graves else "note"
        yield Remark(severity, what, RULE.instead, asked.spelled(rewrite))
