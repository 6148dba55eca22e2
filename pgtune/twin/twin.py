"""A planning twin: production's schema, sizes and statistics on an empty server, where every what-if is planned."""

from dataclasses import dataclass

from pgtune.model.design import AS_IT_IS, Design, Index, Query
from pgtune.plans.plan import Plan
from pgtune.snapshot.snapshot import Snapshot
from pgtune.twin.btree import PAGE
from pgtune.twin.planner import Planner
from pgtune.twin.rebuild import LeftOut
from pgtune.twin.whatif import WhatIf


@dataclass
class Twin:
    """A raised twin. `left_out` are the objects it does without, `doubts` what else differs from production.

    `planner_differs` says which major version plans, where it is not production's.
    """

    snapshot: Snapshot
    planner: Planner
    whatif: WhatIf
    left_out: tuple[LeftOut, ...]
    doubts: tuple[str, ...]
    planner_differs: str | None = None

    def plan(self, query: Query, design: Design = AS_IT_IS) -> Plan:
        """The plan of a query under a design.

        Raises:
            NotPlannable: the query is not one planable statement, the server refused it or an index of the design,
                or planning took longer than the clock allows.
        """
        self.whatif.show(design)
        return self.planner.plan(query, dict(design.settings))

    def prepare(self, *indexes: Index) -> None:
        """Build what-if indexes that will be asked for: together they take a tenth of the time."""
        self.whatif.build(indexes)

    def size_of(self, index: Index) -> int:
        """The bytes that an index would take."""
        return self.whatif.pages_of(index) * PAGE

    def close(self) -> None:
        """End its sessions; the server goes with the block that raised it."""
        self.planner.close()
        self.whatif.close()
