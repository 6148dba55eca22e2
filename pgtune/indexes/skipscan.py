"""Plans that skip over an index's leading keys: 18 can, servers before it read the whole index instead.

Where a target before 18 is planned on 18, such a plan is worth nothing: the index is taken away and the query planned
again, so that neither advice nor silence nor a drop rests on it.
"""

import re
from collections.abc import Iterator

from pgtune.indexes.facts import Facts
from pgtune.model.design import Index, Name
from pgtune.plans.plan import Node, Plan

FIRST_SKIPPING = 18
SCANS = frozenset({"Index Scan", "Index Only Scan", "Bitmap Index Scan"})


def too_clever(target: int, planner: int | None) -> bool:
    """True if the planner skips and the target does not."""
    return planner is not None and target < FIRST_SKIPPING <= planner


def stored(plan: Plan, facts: Facts) -> frozenset[Name]:
    """The existing indexes that the plan skips in."""
    return frozenset(_stored(plan, facts))


def _stored(plan: Plan, facts: Facts) -> Iterator[Name]:
    for node in _conditioned(plan):
        for table in facts.tables:
            for index in table.table.indexes:
                if index.name.name == node.index and index.method == "btree" and not _mentions(node, index.keys[0]):
                    yield index.name


def candidates(plan: Plan, indexes: frozenset[Index]) -> frozenset[Index]:
    """The what-if indexes that the plan skips in."""
    by_name = {index.name: index for index in indexes if index.method == "btree"}
    found = (by_name[node.index] for node in _conditioned(plan) if node.index in by_name)
    nodes = {node.index: node for node in _conditioned(plan)}
    return frozenset(
        each for each in found if not _mentions(nodes[each.name], each.keys[0].column or each.keys[0].expression)
    )


def _conditioned(plan: Plan) -> Iterator[Node]:
    return (
        node for node in plan.root.walk() if node.kind in SCANS and node.index and node.conditions.get("Index Cond")
    )


def _mentions(node: Node, key: str) -> bool:
    """True if the scan's condition says something about this key."""
    condition = node.conditions["Index Cond"]
    name = key.strip('"')
    if re.fullmatch(r"[\w$]+", name):
        return re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", condition) is not None
    bare = re.sub(r"[\s()\"]|::\w+", "", key)
    return bare in re.sub(r"[\s()\"]|::\w+", "", condition)
