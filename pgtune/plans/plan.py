"""A plan as PostgreSQL's EXPLAIN (FORMAT JSON) gives it, as a frozen tree."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pgtune.model.name import Name


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a plan. Costs in the planner's units, `rows` per loop, `width` in bytes.

    `conditions` holds the node's conditions as the planner words them, by EXPLAIN's own labels (Index Cond, Filter,
    Recheck Cond, Hash Cond, Merge Cond, Join Filter, ...). `detail` is everything else of the JSON as it came,
    children left out; the actual figures of ANALYZE stand there where there were any.
    """

    kind: str
    startup_cost: float
    total_cost: float
    rows: float
    width: int
    relation: Name | None = None
    alias: str | None = None
    index: str | None = None
    conditions: Mapping[str, str] = field(default_factory=dict)
    detail: Mapping[str, Any] = field(default_factory=dict)
    children: tuple["Node", ...] = ()

    def walk(self) -> Iterator["Node"]:
        """This node and all below, a parent before its children."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Plan:
    """A planned query: its tree, total cost, and the names of the indexes that it uses."""

    root: Node

    @property
    def cost(self) -> float:
        """Total cost in the planner's units."""
        return self.root.total_cost

    @property
    def indexes(self) -> frozenset[str]:
        """Names of the indexes used; a what-if index bears `Index.name`."""
        return frozenset(node.index for node in self.root.walk() if node.index)

    @property
    def shape(self) -> tuple[object, ...]:
        """What makes two plans the same: kinds, relations, indexes, join types and strategies, as a nested tuple."""
        return _shape(self.root)


def _shape(node: Node) -> tuple[object, ...]:
    own = (node.kind, node.relation, node.index, node.detail.get("Join Type"), node.detail.get("Strategy"))
    return (*own, tuple(_shape(child) for child in node.children))
