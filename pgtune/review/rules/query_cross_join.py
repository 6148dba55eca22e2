"""Tables separated by a comma that no condition brings together; where there is a plan, join.cartesian does it."""

from collections.abc import Iterator

from pgtune.review.asked import Asked
from pgtune.review.rule import Remark, Rule
from pgtune.sqltext.habits import unlinked

RULE = Rule(
    code="query.cross-join",
    severity="note",
    title="Two tables stand side by side without a condition between them",
    why="Every row meets every other one. What is meant is written CROSS JOIN; what is not is a forgotten condition.",
    remedy="The join condition, in ON; or CROSS JOIN where the product is meant.",
    wrong="SELECT o.id, c.name FROM orders o, customers c WHERE o.total > 100",
    right="SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.total > 100",
    source="PostgreSQL documentation 7.2.1 (The FROM Clause)",
    known_as=("slowql: implicit cross join", "sqlfluff: ambiguous join"),
)


def check(asked: Asked) -> Iterator[Remark]:
    """Only where no sizes are known: a table of one row beside another is no fault, and a plan tells."""
    apart = unlinked(asked.tree) if not asked.sized else None
    if apart is not None:
        yield Remark("note", f"nothing joins {apart[0]} and {apart[1]}", RULE.instead, verified=False)
