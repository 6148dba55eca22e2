"""What a plan would cost if joins on several columns were joins on a composite key.

The planner takes the columns of a join for independent: it supposes as many different tuples of them as the product of
their distinct counts (`eqjoinsel`, selfuncs.c), where a table has no more than it has rows. Of a join on a composite
key that no foreign key declares it therefore expects hundreds of times too few rows, and a plan that looks each of them
up in an index seems to cost nothing. Whether the columns are a key is not in the statistics. So this reckons a plan's
cost for the case that they are: with as many more rows as tuples were supposed beyond those that can be there, and
what is done for each row paid for as often. No planner is asked for that.

`python -m benchmarks.advise tpch` runs such a query really: its query 9.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pgtune.indexes.facts import Facts, TableFacts
from pgtune.plans.plan import Node, Plan

JOINS = frozenset({"Nested Loop", "Hash Join", "Merge Join"})
FEWER = frozenset({"Semi", "Anti"})  # joins that return no more rows than their outer side
GROUPED = frozenset({"Aggregate", "Group", "Unique", "SetOp"})  # what they return is bounded by the groups
ASIDE = frozenset({"InitPlan", "SubPlan"})
ROW = 0.01  # cpu_tuple_cost as PostgreSQL ships it: what one more row costs a join that looks nothing up for it
CONDITIONS = ("Index Cond", "Recheck Cond", "Filter", "Join Filter", "Hash Cond", "Merge Cond")

_NAME = r'(?:[\w$]+|"(?:[^"]|"")+")'
_TEXT = re.compile(r"""("(?:[^"]|"")*")|'(?:[^']|'')*'""")  # a name, which stays, or what a query was given
_CAST = re.compile(rf"\(({_NAME}\.{_NAME})\)::[\w ]+")
_PAIR = re.compile(rf"({_NAME})\.({_NAME})")
_EQUAL = re.compile(rf"\(({_NAME}\.{_NAME}) = ({_NAME}\.{_NAME})\)")

Side = dict[str, dict[str, str]]
"""By alias the columns that are compared with the other side, each by the class of columns that are equal to it."""


@dataclass(frozen=True, slots=True)
class Part:
    """A subtree: how many times more rows it would return, what it would cost beyond the plan, its aliases."""

    times: float
    more: float
    aliases: frozenset[str]


@dataclass(slots=True)
class Composite:
    """One plan. `tables` by alias; `equal` leads from a column, as alias.name, to one that is equal to it."""

    tables: Mapping[str, TableFacts]
    equal: dict[str, str] = field(default_factory=dict)

    def part(self, node: Node) -> Part:
        """The subtree in numbers."""
        aside = sum(self.part(each).more for each in node.children if _aside(each))
        inputs = [each for each in node.children if not _aside(each)]
        parts = [self.part(each) for each in inputs]
        own = {node.alias} if node.relation is not None and node.alias else set()
        aliases = frozenset(own).union(*(each.aliases for each in parts))
        if node.kind in JOINS and len(parts) == 2:
            times, more = self._join(node, inputs, parts)
        else:
            times = 1.0 if node.kind in GROUPED else max((each.times for each in parts), default=1.0)
            more = sum(each.more for each in parts)
        if node.kind == "Limit" and inputs:
            more *= node.total_cost / max(inputs[0].total_cost, ROW)
        return Part(times, more + aside, aliases)

    def _join(self, node: Node, inputs: Sequence[Node], parts: Sequence[Part]) -> tuple[float, float]:
        """How many times more rows the join would return, and what it would cost beyond the plan."""
        outer, inner = parts
        times, rows = outer.times, inputs[0].rows
        if node.detail.get("Join Type") not in FEWER:
            times *= inner.times
            if node.rows > 1:  # one row is also what the planner says of a thousandth of one
                times *= self._supposed(node, inputs[1], outer.aliases, inner.aliases)
        more = outer.more + (times - 1) * node.rows * ROW
        if node.kind != "Nested Loop":
            return times, more + inner.more
        more += inner.more * max(rows, 1.0) * outer.times
        return times, more + (outer.times - 1) * rows * _lookup(node, *inputs)

    def _supposed(self, node: Node, inner: Node, left: frozenset[str], right: frozenset[str]) -> float:
        """How many times more tuples of the compared columns are supposed than two tables can have in common."""
        classes: dict[str, None] = {}
        for one, other in _equalities([node, *inner.walk()] if node.kind == "Nested Loop" else [node]):
            if _between(one, other, left, right):
                classes[self.root(one)] = None
        if len(classes) < 2:
            return 1.0
        ours, theirs = self._side(left, classes), self._side(right, classes)
        return max((self._factor(a, x, b, y) for a, x in ours.items() for b, y in theirs.items()), default=1.0)

    def _side(self, aliases: frozenset[str], classes: Mapping[str, None]) -> Side:
        found: Side = {}
        for column in sorted(self.equal):
            alias, name = _parts(column)
            if alias in aliases and alias in self.tables and (root := self.root(column)) in classes:
                found.setdefault(alias, {})[root] = name
        return found

    def _factor(self, one: str, ours: Mapping[str, str], other: str, theirs: Mapping[str, str]) -> float:
        both = [each for each in ours if each in theirs]
        if len(both) < 2:
            return 1.0
        first = [max(self.tables[one].distinct(ours[each]), 1.0) for each in both]
        second = [max(self.tables[other].distinct(theirs[each]), 1.0) for each in both]
        common = min(math.prod(first), self.tables[one].rows, math.prod(second), self.tables[other].rows)
        return max(math.prod(map(max, first, second)) / max(common, 1.0), 1.0)

    def root(self, column: str) -> str:
        """The column that stands for all that are equal to this one."""
        while (next_ := self.equal.get(column, column)) != column:
            column = next_
        return column

    def unite(self, one: str, other: str) -> None:
        """Take in that two columns are equal."""
        first, second = self.root(one), self.root(other)
        self.equal.setdefault(one, first)
        self.equal.setdefault(other, second)
        low, high = sorted((first, second))
        self.equal[low], self.equal[high] = low, low


def cost(plan: Plan, facts: Facts) -> float:
    """The plan's cost if each join on several columns of two tables were one on a composite key."""
    nodes = list(plan.root.walk())
    tables = {
        node.alias: table
        for node in nodes
        if node.alias and node.relation is not None and (table := facts.table(node.relation)) is not None
    }
    reckoned = Composite(tables)
    for one, other in _equalities(nodes):
        reckoned.unite(one, other)
    return plan.cost + reckoned.part(plan.root).more if reckoned.equal else plan.cost


def _aside(node: Node) -> bool:
    return node.detail.get("Parent Relationship") in ASIDE


def _lookup(node: Node, outer: Node, inner: Node) -> float:
    """What a nested loop does for one outer row, by the planner."""
    if outer.rows <= 1:
        return inner.total_cost
    return max(node.total_cost - outer.total_cost - inner.total_cost, 0.0) / (outer.rows - 1)


def _equalities(nodes: Sequence[Node]) -> Iterator[tuple[str, str]]:
    """The pairs of columns that these nodes compare for equality, as alias.name; what stands below an OR is none."""
    for node in nodes:
        for label in CONDITIONS:
            text = _TEXT.sub(r"\1", node.conditions.get(label, ""))
            if " = " in text and " OR " not in text:
                yield from _EQUAL.findall(_CAST.sub(r"\1", text))


def _between(one: str, other: str, left: frozenset[str], right: frozenset[str]) -> bool:
    first, second = _parts(one)[0], _parts(other)[0]
    return (first in left and second in right) or (first in right and second in left)


def _parts(column: str) -> tuple[str, str]:
    """The alias and the name, as the catalogs hold them."""
    alias, name = _PAIR.findall(column)[0]
    return _plain(alias), _plain(name)


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
