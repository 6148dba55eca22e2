"""ORDER BY random() LIMIT n: every row is read and given a number to return a few."""

from collections.abc import Iterator

from pgtune.plans.rules.memory import MANY_SORTED
from pgtune.plans.words import rows_of
from pgtune.review.asked import Asked
from pgtune.review.rule import Remark, Rule
from pgtune.sqltext.habits import random_order

RULE = Rule(
    code="query.order-by-random",
    severity="warning",
    title="ORDER BY random()",
    why="Every row that passes the filter is read, numbered and sorted, to return a few of them.",
    remedy="TABLESAMPLE, or a random point of an indexed key (WHERE id >= $1 ORDER BY id LIMIT n).",
    wrong="SELECT id FROM orders ORDER BY random() LIMIT 1",
    right="SELECT id FROM orders WHERE id >= $1 ORDER BY id LIMIT 1",
    source="PostgreSQL documentation SELECT (TABLESAMPLE), 11.4; 10,000 rows as dryrun and pgReviewer",
    known_as=("slowql: order by random",),
)


def check(asked: Asked) -> Iterator[Remark]:
    """The order is random, and many rows are sorted for it, or nobody knows how many."""
    at = random_order(asked.tree)
    if at is None:
        return
    if not asked.sized or asked.plan is None:
        yield Remark("note", "sorts all rows in a random order", RULE.instead, at=asked.place(at), verified=False)
        return
    sorts = (node for node in asked.plan.root.walk() if node.kind == "Sort" and "random()" in str(node.detail))
    rows = max((node.children[0].rows for node in sorts if node.children), default=0.0)
    if rows >= MANY_SORTED:
        what = f"sorts {rows_of(rows)} in a random order"
        yield Remark("warning", what, RULE.instead, at=asked.place(at))
