"""What production is asked is shown without the values in it."""

import pytest

from pgtune.plans.parse import plan_of
from pgtune.review.hiding import hidden, hidden_plan


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("SELECT a FROM t WHERE b = 'secret' AND c = 4711", "SELECT a FROM t WHERE b = '...' AND c = ..."),
        ("SELECT a FROM t WHERE b IN ('x', 'y') LIMIT 20", "SELECT a FROM t WHERE b IN ('...', '...') LIMIT 20"),
        ("SELECT date_trunc('day', at) FROM t WHERE id = $1", "SELECT date_trunc('day', at) FROM t WHERE id = $1"),
        ("SELECT a -- of Mr. Smith\nFROM t", "SELECT a  \nFROM t"),
        ("an 'open quote", "..."),
    ],
)
def test_constants_are_hidden(text, shown):
    """Words of PostgreSQL's own and parameters stay; a text that is no SQL is not shown at all."""
    assert hidden(text) == shown


def test_plans_are_hidden_too():
    """Conditions, keys and whatever else holds a string."""
    plan = plan_of([{"Plan": {
        "Node Type": "Sort", "Total Cost": 3, "Sort Key": ["(CASE name WHEN 'Smith'::text THEN 1 ELSE 0 END)"],
        "Plans": [{"Node Type": "Seq Scan", "Relation Name": "t",
                   "Filter": "((name = 'Smith'::text) AND (id = 47110))"}],
    }}])  # fmt: skip
    shown = hidden_plan(plan)
    assert "Smith" not in repr(shown)
    assert "47110" not in repr(shown)
    assert shown.shape == plan.shape
    assert shown.root.children[0].conditions["Filter"] == "((name = '...'::text) AND (id = ...))"
