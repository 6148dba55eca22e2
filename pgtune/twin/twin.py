"""A planning twin: production's schema, sizes and statistics on an empty server, where every what-if is planned."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from pgtune.model.design import AS_IT_IS, Design, Index, Query
from pgtune.plans.plan import Node, Plan
from pgtune.snapshot.snapshot import Snapshot
from pgtune.twin.btree import PAGE
from pgtune.twin.planner import Planner
from pgtune.twin.rebuild import LeftOut
from pgtune.twin.schemes import Schemes
from pgtune.twin.whatif import Places, WhatIf


@dataclass
class Twin:
    """A raised twin. `left_out` are the objects it does without, `doubts` what else differs from production.

    `planner_differs` says which major version plans, where it is not production's.
    """

    snapshot: Snapshot
    planner: Planner
    whatif: WhatIf
    schemes: Schemes
    left_out: tuple[LeftOut, ...]
    doubts: tuple[str, ...]
    planner_differs: str | None = None

    def plan(self, query: Query, design: Design = AS_IT_IS) -> Plan:
        """The plan of a query under a design.

        Raises:
            NotPlannable: the query is not one planable statement, the server refused it or an index of the design,
                or planning took longer than the clock allows.
        """
        places = self.schemes.places(design.schemes)
        self._build(design.indexes, places)
        self.whatif.show(design, places)
        self.schemes.show(design.schemes)
        names = {**self.schemes.names(design.schemes), **self.whatif.names}
        plan = self.planner.plan(query, dict(design.settings))
        return Plan(_renamed(plan.root, names)) if names else plan

    def prepare(self, *indexes: Index) -> None:
        """Build what-if indexes that will be asked for: together they take a tenth of the time."""
        self._build(indexes, {})

    def _build(self, indexes: Collection[Index], places: Places) -> None:
        fresh = self.whatif.lacking(indexes, places)
        if fresh:
            self.schemes.show(frozenset())
            self.whatif.build(fresh)

    def size_of(self, index: Index) -> int:
        """The bytes that an index would take."""
        return self.whatif.pages_of(index) * PAGE

    def close(self) -> None:
        """End its sessions; the server goes with the block that raised it."""
        self.planner.close()
        self.schemes.builder.close()
        self.schemes.superuser.close()


def _renamed(node: Node, names: Mapping[str, str]) -> Node:
    """The tree with each part of an index on a partition called by the name of its index."""
    index = names.get(node.index, node.index) if node.index else None
    return replace(node, index=index, children=tuple(_renamed(child, names) for child in node.children))
