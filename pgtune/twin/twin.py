"""A planning twin: production's schema, sizes and statistics on an empty server, where every what-if is planned."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import psycopg

from pgtune.model.design import AS_IT_IS, Design, Index, Name, Query
from pgtune.model.errors import NotPlannable
from pgtune.model.trace import Script, Trace
from pgtune.plans.plan import Node, Plan
from pgtune.snapshot.snapshot import Snapshot, Table
from pgtune.twin.btree import PAGE
from pgtune.twin.migrating import Migrations
from pgtune.twin.planner import Planner
from pgtune.twin.rebuild import LeftOut
from pgtune.twin.schemes import Schemes
from pgtune.twin.whatif import Places, WhatIf

FALLS = 2  # of the server for one migration; each statement that did it is left out the next time


@dataclass(frozen=True, slots=True)
class Parts:
    """What a twin consists of once its server stands."""

    planner: Planner
    whatif: WhatIf
    schemes: Schemes
    left_out: tuple[LeftOut, ...]
    doubts: tuple[str, ...]
    migrations: Migrations

    def close(self) -> None:
        """End all sessions."""
        self.migrations.close()
        self.planner.close()
        self.schemes.builder.close()
        self.schemes.superuser.close()


@dataclass
class Twin:
    """A raised twin.

    `planner_differs` says which major version plans, where it is not production's. `again` raises it anew: a process
    that had to be killed takes the whole server along.
    """

    snapshot: Snapshot
    parts: Parts
    again: Callable[[], Parts]
    planner_differs: str | None = None
    _migrated: list[tuple[Script, Mapping[int, str]]] = field(default_factory=list, repr=False)

    @property
    def planner(self) -> Planner:
        """The session that plans."""
        return self.parts.planner

    @property
    def major(self) -> int:
        """The major version whose planner this is."""
        return self.planner.house.cluster.binaries.major

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """The objects that the twin does without."""
        return self.parts.left_out

    @property
    def doubts(self) -> tuple[str, ...]:
        """What else differs from production, in words."""
        return self.parts.doubts

    def plan(self, query: Query, design: Design = AS_IT_IS) -> Plan:
        """The plan of a query under a design.

        Raises:
            NotPlannable: the query is not one planable statement, the server refused it or an index of the design,
                or planning took longer than the clock allows.
        """
        with self._standing() as parts:
            parts.migrations.settle()
            places = parts.schemes.places(design.schemes)
            self._build(design.indexes, places)
            parts.whatif.show(design, places)
            parts.schemes.show(design.schemes)
            names = {**parts.schemes.names(design.schemes), **parts.whatif.names}
            plan = parts.planner.plan(query, dict(design.settings))
        return renamed(plan, names)

    def migrate(self, script: Script) -> Trace:
        """Apply a migration to the twin's schema, and say what each of its statements did.

        Whatever is planned from now on is planned on the schema that it leaves, at production's size.

        Raises:
            NotPlannable: the server fell again and again.
        """
        banned: dict[int, str] = {}
        while True:
            parts = self.parts
            try:
                with self._standing():
                    trace = parts.migrations.trace(script, banned)
            except NotPlannable as error:
                if parts is self.parts or len(banned) > FALLS:
                    raise
                banned[parts.migrations.at] = f"the server fell with it: {error}"
                continue
            self._migrated.append((script, banned))
            return trace

    @property
    def tables(self) -> Mapping[Name, Table]:
        """The tables as they are after all migrations, with their figures."""
        with self._standing() as parts:
            parts.migrations.settle()
            return parts.schemes.world.tables

    @contextmanager
    def _standing(self) -> Iterator[Parts]:
        """The parts; if the server falls meanwhile it is raised anew for the next call.

        Raises:
            NotPlannable: the server fell.
        """
        try:
            yield self.parts
        except (NotPlannable, psycopg.Error) as error:
            if not self._stands():
                self.parts.close()
                self.parts = self.again()
                for script, banned in self._migrated:
                    self.parts.migrations.trace(script, banned)
            if isinstance(error, psycopg.Error):
                raise NotPlannable(" ".join(str(error).split())) from error
            raise

    def _stands(self) -> bool:
        if self.parts.schemes.house.fallen:
            return False
        try:
            self.parts.schemes.superuser.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def prepare(self, *indexes: Index) -> list[Index]:
        """Build what-if indexes that will be asked for, which together takes a tenth of the time; those it cannot.

        Raises:
            NotPlannable: the server fell.
        """
        with self._standing() as parts:
            parts.migrations.settle()
            self._build(indexes, {})
            return parts.whatif.refused(indexes)

    def _build(self, indexes: Collection[Index], places: Places) -> None:
        fresh = self.parts.whatif.lacking(indexes, places)
        if fresh:
            self.parts.schemes.show(frozenset())
            self.parts.whatif.build(fresh)

    def size_of(self, index: Index) -> int:
        """The bytes that an index would take."""
        with self._standing() as parts:
            parts.migrations.settle()
            return parts.whatif.pages_of(index) * PAGE


def renamed(plan: Plan, names: Mapping[str, str]) -> Plan:
    """The plan with each part of an index on a partition called by the name of its index."""
    return Plan(_renamed(plan.root, names)) if names else plan


def _renamed(node: Node, names: Mapping[str, str]) -> Node:
    index = names.get(node.index, node.index) if node.index else None
    return replace(node, index=index, children=tuple(_renamed(child, names) for child in node.children))
