"""A node of a plan seen with what is around it, with the facts of its relation and, if it was run, with what it did."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pgtune.plans.facts import Facts
from pgtune.plans.plan import Node, Plan
from pgtune.plans.sizes import PAGE
from pgtune.snapshot.snapshot import Table
from pgtune.sqltext.conditions import conditions
from pgtune.sqltext.shape import Join, Predicate, Source, Value
from pgtune.sqltext.where import COMMUTED, test_of

__all__ = ["PAGE", "Facts", "Spot", "spots"]

LEADER = 0.3  # the share of its time that a leader loses to each worker (get_parallel_divisor in costsize.c)


@dataclass(frozen=True, slots=True)
class Spot:
    """A node, its number in the plan's order (the root is 0), and the nodes above it, the nearest first."""

    plan: Plan
    facts: Facts
    node: Node
    number: int
    above: tuple[Node, ...] = ()

    @property
    def table(self) -> Table | None:
        """The facts of the node's relation."""
        return self.facts.table(self.node.relation)

    @property
    def name(self) -> str:
        """The relation as a person writes it."""
        relation = self.node.relation
        return "" if relation is None else relation.name if not relation.schema else str(relation)

    @property
    def run(self) -> bool:
        """True if the plan was executed and this node too."""
        return self.loops > 0

    def number_of(self, label: str) -> float:
        """A figure of the node's details, 0 if it has none."""
        value = self.node.detail.get(label)
        return float(value) if isinstance(value, (int, float)) else 0.0

    @property
    def loops(self) -> float:
        """How often the node was run, workers counted."""
        return self.number_of("Actual Loops")

    @property
    def workers(self) -> float:
        """By what a parallel node's rows are divided: the planner's own divisor."""
        if not self.node.detail.get("Parallel Aware"):
            return 1.0
        planned = next((int(each.detail.get("Workers Planned", 0)) for each in self.above if "Gather" in each.kind), 0)
        return planned + max(0.0, 1 - LEADER * planned) if planned else 1.0

    @property
    def rows(self) -> float:
        """Rows that come out of the node, of all workers together: real ones if it was run, else expected."""
        if self.run:
            return self.number_of("Actual Rows") * self.loops
        return self.node.rows * self.workers

    @property
    def scans(self) -> float:
        """How often it began anew; workers share one scan."""
        return 1.0 if self.node.detail.get("Parallel Aware") else max(1.0, self.loops)

    @property
    def removed(self) -> float:
        """Rows that its filter threw away, of all loops; 0 if it was not run."""
        return self.number_of("Rows Removed by Filter") * self.loops

    @property
    def table_rows(self) -> float | None:
        """Rows of the relation, None if nobody knows."""
        if self.table is not None and self.table.rows >= 0:
            return self.table.rows
        return (self.rows + self.removed) / self.scans if self.run else None

    @property
    def pages(self) -> float | None:
        """Pages of the relation, None if nobody knows."""
        return self.table.pages if self.table else None

    @property
    def share(self) -> float:
        """The share of the plan's cost that ends at this node, with everything below it."""
        return self.node.total_cost / self.plan.cost if self.plan.cost else 0.0

    @property
    def repeated(self) -> bool:
        """True if it is run more than once: by a subquery for each row, or so measured."""
        below = (self.node, *self.above)
        return self.scans > 1 or any(each.detail.get("Parent Relationship") == "SubPlan" for each in below)

    def predicates(self, label: str = "Filter") -> tuple[Predicate, ...]:
        """The conditions of that label on the node's own relation, read as SQL.

        A value that comes from another relation of the plan is a value like others here.
        """
        text = self.node.conditions.get(label, "")
        relation = self.node.relation
        if not text or relation is None:
            return ()
        known = self.table.name if self.table else None
        own = Source(1, relation.schema, relation.name, self.node.alias or relation.name, known)
        aliases = {each.alias for each in self.plan.root.walk() if each.alias and each.alias != own.alias}
        others = [Source(number, "", alias, alias) for number, alias in enumerate(sorted(aliases), 2)]
        return tuple(_own(*conditions(text, [own], self.facts, others)))


def _own(predicates: Iterable[Predicate], joins: Iterable[Join]) -> Iterator[Predicate]:
    """What is asked of the first relation, by constants and by other relations."""
    yield from (each for each in predicates if each.term.source == 1)
    for join in joins:
        mine, other = (join.left, join.right) if join.left.source == 1 else (join.right, join.left)
        if mine.source == 1:
            operator = join.operator if mine is join.left else COMMUTED.get(join.operator, join.operator)
            value = Value(other.sql)
            yield Predicate(
                mine, test_of(operator, value), operator, (value,), f"{mine.sql} {operator} {other.sql}", join.arm
            )


def spots(plan: Plan, facts: Facts) -> Iterator[Spot]:
    """Every node of the plan, a parent before its children."""
    stack: list[tuple[Node, tuple[Node, ...]]] = [(plan.root, ())]
    number = 0
    while stack:
        node, above = stack.pop()
        yield Spot(plan, facts, node, number, above)
        number += 1
        stack.extend((child, (node, *above)) for child in reversed(node.children))
