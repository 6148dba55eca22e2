"""EXPLAIN's JSON as a plan."""

import pytest

from pgtune.model.design import Name
from pgtune.model.errors import BadInput
from pgtune.plans.parse import plan_of

SCAN = {
    "Node Type": "Index Scan", "Parent Relationship": "Outer", "Schema": "public", "Relation Name": "orders",
    "Alias": "o", "Index Name": "orders_at",
    "Startup Cost": 0.29, "Total Cost": 8.31, "Plan Rows": 3, "Plan Width": 12,
    "Index Cond": "(o.at > $1)", "Filter": "(o.paid = 1)", "Output": ["o.id"],
}  # fmt: skip
JOIN = {
    "Node Type": "Nested Loop", "Join Type": "Inner", "Startup Cost": 0.5, "Total Cost": 20.0, "Plan Rows": 7,
    "Plan Width": 4, "Plans": [SCAN, {**SCAN, "Index Name": None, "Node Type": "Seq Scan"}],
}  # fmt: skip


def test_nodes_conditions_and_indexes_are_read():
    """Costs, relations, conditions by EXPLAIN's labels; everything else stays as it came."""
    plan = plan_of([{"Plan": JOIN}])
    assert plan.cost == 20.0
    assert plan.indexes == {"orders_at"}
    scan = plan.root.children[0]
    assert scan.relation == Name("public", "orders")
    assert scan.conditions == {"Index Cond": "(o.at > $1)", "Filter": "(o.paid = 1)"}
    assert scan.detail["Output"] == ["o.id"]
    assert "Plans" not in plan.root.detail


def test_shapes_tell_plans_apart():
    """An index or a join type makes another shape, a cost does not."""
    assert plan_of([{"Plan": JOIN}]).shape == plan_of({"Plan": {**JOIN, "Total Cost": 1.0}}).shape
    assert plan_of([{"Plan": JOIN}]).shape != plan_of([{"Plan": {**JOIN, "Join Type": "Left"}}]).shape


@pytest.mark.parametrize("answer", [None, [], {}, [{}], [{"Plan": 5}], "Seq Scan", [["x"]]])
def test_what_is_no_plan_is_said(answer):
    """Any other JSON is bad input, not an error of ours."""
    with pytest.raises(BadInput):
        plan_of(answer)
