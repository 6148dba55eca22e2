"""An explained plan as JSON: docs/schemas/pgtune.explain.1.json."""

from typing import Any

from pgtune.plans.explained import SCHEMA, Explained
from pgtune.plans.plan import Node
from pgtune.report.json import dumps, form


def json_text(explained: Explained) -> str:
    """The whole answer."""
    return dumps(
        {
            "schema": SCHEMA,
            "origin": explained.origin,
            "query": explained.query,
            "cost": explained.plan.cost,
            "plan": _node(explained.plan.root),
            "insights": explained.insights,
            "variants": explained.variants,
            "indexes": None if explained.proposals is None else explained.proposals,
            "notes": explained.notes,
        }
    )


def _node(node: Node) -> dict[str, Any]:
    """The node by the labels of EXPLAIN (FORMAT JSON), so that other tools read it too."""
    own = {
        "Node Type": node.kind, "Startup Cost": node.startup_cost, "Total Cost": node.total_cost,
        "Plan Rows": node.rows, "Plan Width": node.width, "Schema": node.relation and (node.relation.schema or None),
        "Relation Name": node.relation and node.relation.name, "Alias": node.alias, "Index Name": node.index,
    }  # fmt: skip
    present = {label: value for label, value in own.items() if value is not None}
    children = {"Plans": [_node(child) for child in node.children]} if node.children else {}
    return {**present, **node.conditions, **form(node.detail), **children}
