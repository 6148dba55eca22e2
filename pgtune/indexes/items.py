"""The workload as queries to plan: each statement with each of its bindings, planned as the database is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pgtune.indexes import skipscan
from pgtune.indexes.access import Access, accesses
from pgtune.indexes.advice import Progress, Unplanned
from pgtune.indexes.costs import Planner
from pgtune.indexes.facts import Facts
from pgtune.indexes.pool import Item
from pgtune.model.design import AS_IT_IS, Name, Query
from pgtune.model.errors import NotPlannable
from pgtune.plans.plan import Plan
from pgtune.sqltext.shape import Catalog
from pgtune.workload.catalog import Tables
from pgtune.workload.statement import Statement

Tell = Callable[[Progress], None]


@dataclass(slots=True)
class Planned:
    """What could be planned. `plans` are the items' plans as the database is, `calls` counts what they took."""

    statements: list[Statement] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    unplanned: list[Unplanned] = field(default_factory=list)
    calls: int = 0
    _of: dict[int, list[Item]] = field(default_factory=dict)

    def put(self, item: Item) -> None:
        """Take in an item."""
        self.items.append(item)
        self._of.setdefault(item.statement, []).append(item)

    def extend(self, more: "Planned") -> None:
        """Take in others, behind these."""
        for item in more.items:
            self.put(replace(item, number=len(self.items), statement=item.statement + len(self.statements)))
        self.statements += more.statements
        self.plans += more.plans
        self.unplanned += more.unplanned
        self.calls += more.calls

    def items_of(self, statement: int) -> Iterator[Item]:
        """The queries of one statement."""
        return iter(self._of.get(statement, ()))


@dataclass(slots=True)
class Reading:
    """Plans the statements. `too_clever`: the planner skips over leading keys, the target's does not."""

    facts: Facts
    plan: Planner
    too_clever: bool
    tables: Tables
    _catalogs: dict[tuple[str, ...], Catalog] = field(default_factory=dict)

    def read(self, statements: Sequence[Statement], tell: Tell) -> Planned:
        """Plan them all, in their order; what cannot be planned is named and left out."""
        found = Planned()
        for done, statement in enumerate(statements):
            self._add(statement, found)
            tell(Progress("planning the workload", done + 1, len(statements)))
        return found

    def _add(self, statement: Statement, found: Planned) -> None:
        planned: list[tuple[Query, float, Plan, frozenset[Name]]] = []
        try:
            for query, share in statement.queries():
                planned.append((query, share, *self._planned(query, found)))
        except NotPlannable as error:
            found.unplanned.append(Unplanned(statement.text, statement.origin, str(error)))
            return
        number = len(found.statements)
        found.statements.append(statement)
        asked = self._accesses(statement, planned[0][2])
        for query, share, plan, hidden in planned:
            item = Item(len(found.items), number, query, statement.weight * share, asked, hidden=hidden)
            found.put(item)
            found.plans.append(plan)

    def _planned(self, query: Query, found: Planned) -> tuple[Plan, frozenset[Name]]:
        """The plan and the indexes that the target's planner would not use in this way."""
        found.calls += 1
        plan, hidden = self.plan(query, AS_IT_IS), frozenset[Name]()
        while self.too_clever and (skipped := skipscan.stored(plan, self.facts) - hidden):
            hidden |= skipped
            found.calls += 1
            plan = self.plan(query, replace(AS_IT_IS, dropped=hidden))
        return plan, hidden

    def _accesses(self, statement: Statement, plan: Plan) -> tuple[Access, ...]:
        path = statement.search_path
        if path not in self._catalogs:
            self._catalogs[path] = self.tables.under(path)
        asked = accesses(statement.text, plan, self._catalogs[path])
        return tuple(dict.fromkeys(replace(each, table=self._root(each.table)) for each in asked))

    def _root(self, name: Name) -> Name:
        """The partitioned table that a partition belongs to: an index is made on it."""
        found = self.facts.table(name)
        while found and found.table.partition_bound and found.table.parents:
            name = found.table.parents[0]
            found = self.facts.table(name)
        return name


def read(facts: Facts, statements: Sequence[Statement], plan: Planner, tell: Tell, *, too_clever: bool) -> Planned:
    """The statements, planned."""
    return Reading(facts, plan, too_clever, Tables.of(facts.snapshot)).read(statements, tell)


def by_statement(planned: Planned, cost_of: Callable[[Item], float]) -> Mapping[int, float]:
    """The cost of one execution of each statement: its bindings' costs by their shares."""
    found: dict[int, float] = {}
    for item in planned.items:
        weight = planned.statements[item.statement].weight
        share = item.weight / weight if weight else 0.0
        found[item.statement] = found.get(item.statement, 0.0) + share * cost_of(item)
    return found
