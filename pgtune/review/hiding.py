"""Statements and plans without the values in them: what production is asked may hold what nobody else should read."""

from dataclasses import replace
from typing import Any

from pgtune.model.errors import BadInput
from pgtune.plans.plan import Node, Plan
from pgtune.sqltext.literals import Literal, replaced

HIDDEN = "..."


def hidden(text: str) -> str:
    """The text with every constant that can be data replaced; nothing of it where it is no SQL."""
    try:
        return replaced(text, _stand_in)
    except BadInput:
        return HIDDEN


def _stand_in(literal: Literal) -> str | None:
    if literal.kind == "option":
        return None
    return HIDDEN if literal.kind == "number" else f"'{HIDDEN}'"


def hidden_plan(plan: Plan) -> Plan:
    """The plan with the same done to its conditions and keys."""
    return Plan(_node(plan.root))


def _node(node: Node) -> Node:
    return replace(
        node,
        conditions={label: hidden(text) for label, text in node.conditions.items()},
        detail={label: _detail(value) for label, value in node.detail.items()},
        children=tuple(_node(child) for child in node.children),
    )


def _detail(value: Any) -> Any:
    if isinstance(value, list):
        return [_detail(each) for each in value]
    return hidden(value) if isinstance(value, str) and "'" in value else value
