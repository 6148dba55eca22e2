"""EXPLAIN's answers as a Plan: its JSON, as the server gives it or as somebody pasted it."""

from collections.abc import Mapping, Sequence
from typing import Any

from pgtune.model.errors import BadInput
from pgtune.model.name import Name
from pgtune.plans.plan import Node, Plan

CONDITIONS = (
    "Index Cond", "Recheck Cond", "Filter", "Hash Cond", "Merge Cond", "Join Filter", "One-Time Filter", "TID Cond",
    "Order By", "Conflict Filter", "Run Condition",
)  # fmt: skip
_CONDITIONS = frozenset(CONDITIONS)
_APART = _CONDITIONS | {
    "Node Type", "Startup Cost", "Total Cost", "Plan Rows", "Plan Width", "Alias", "Index Name", "Plans",
}  # fmt: skip


def plan_of(answer: Any) -> Plan:
    """The plan in EXPLAIN (FORMAT JSON)'s answer, read as JSON.

    Raises:
        BadInput: it is no such answer.
    """
    first = answer[0] if isinstance(answer, Sequence) and answer else answer
    if not isinstance(first, Mapping) or not isinstance(first.get("Plan"), Mapping):
        raise BadInput("this is no plan of EXPLAIN (FORMAT JSON)")
    return Plan(_node(first["Plan"]))


def _node(entry: Mapping[str, Any]) -> Node:
    return Node(
        kind=str(entry.get("Node Type", "")),
        startup_cost=float(entry.get("Startup Cost", 0)),
        total_cost=float(entry.get("Total Cost", 0)),
        rows=float(entry.get("Plan Rows", 0)),
        width=int(entry.get("Plan Width", 0)),
        relation=_relation(entry),
        alias=entry.get("Alias"),
        index=entry.get("Index Name"),
        conditions=_conditions(entry),
        detail={key: value for key, value in entry.items() if key not in _APART},
        children=tuple(_node(child) for child in entry.get("Plans", ())),
    )


def _conditions(entry: Mapping[str, Any]) -> Mapping[str, str]:
    if _CONDITIONS.isdisjoint(entry):
        return {}
    return {label: _words(entry[label]) for label in CONDITIONS if label in entry}


def _relation(entry: Mapping[str, Any]) -> Name | None:
    name = entry.get("Relation Name")
    return None if name is None else Name(str(entry.get("Schema", "")), str(name))


def _words(condition: Any) -> str:
    return ", ".join(map(str, condition)) if isinstance(condition, list) else str(condition)
