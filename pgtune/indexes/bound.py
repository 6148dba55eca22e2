"""No set within the budget costs less: a bound, by an integer program over every set at once.

For each query a tree of plans is known. Its root is the plan with everything on offer; a plan that uses U is the
query's plan for every set that holds U, and a set that lacks one u of U lies below, in the branch where u is not on
offer. A branch that was never planned costs at least what the node above it costs. The program chooses indexes within
the budget and for each query a node that they allow; where it rests on a branch that was not planned, that is planned,
and the program solved again. Each solution is a bound; when it rests on planned nodes alone, it is the optimum.

It holds for the candidates that were thought of and for the planner's own costs, as every such bound.
"""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pgtune.indexes.costs import Costs, Known
from pgtune.indexes.pool import Item, bits
from pgtune.model.units import MB

ROUNDS = 40
SECONDS = 20.0  # for one solution; a bound that is not the best is a bound all the same


def solver() -> Any:
    """The HiGHS solver, None if it is not installed (`pip install 'pgtune[ilp]'`)."""
    try:
        return importlib.import_module("highspy")
    except ImportError:
        return None


def _silent(highs: Any) -> Any:
    """A new solver that prints nothing: made the plain way, its banner would stand among the data on stdout."""

    class Silent(highs.Highs):  # type: ignore[misc]
        def enableCallbacks(self) -> None:  # noqa: N802  (called by the constructor before anybody can ask for silence)
            self.setOptionValue("output_flag", False)
            super().enableCallbacks()

    return Silent()


@dataclass(slots=True)
class Tree:
    """The plans of one query: evaluated nodes, and branches (what is on offer there, the node above)."""

    item: Item
    nodes: list[Known]
    branches: dict[int, tuple[int, float]] = field(default_factory=dict)

    def grow(self, node: Known) -> None:
        """Put in a node; the branches below it become open."""
        self.nodes.append(node)
        self.branches.pop(node.available, None)
        planned = {each.available for each in self.nodes}
        for number in bits(node.used):
            offered = node.available & ~(1 << number)
            if offered not in planned:
                self.branches[offered] = (number, node.cost)


@dataclass(slots=True)
class Program:
    """Solves for a lower bound. `over` says that time is up."""

    costs: Costs
    items: Sequence[Item]
    taxes: Sequence[float]
    budget: int
    over: Callable[[], bool]
    trees: list[Tree] = field(default_factory=list)

    def run(self) -> tuple[float, bool] | None:
        """The bound and whether it is the optimum; None without the solver."""
        highs = solver()
        if highs is None:
            return None
        for item in self.items:
            tree = Tree(item, [])
            tree.grow(self.costs.ask(item, item.relevant))
            self.trees.append(tree)
        best = 0.0
        for _round in range(ROUNDS):
            bound, rests = self._solve(highs)
            best = max(best, bound)
            if not rests:
                return best, True
            if self.over():
                break
            for tree, offered in rests:
                tree.grow(self.costs.ask(tree.item, offered))
        return best, False

    def _solve(self, highs: Any) -> tuple[float, list[tuple[Tree, int]]]:
        """One solution: its bound, and the unplanned branches that it rests on."""
        model = _silent(highs)
        model.setOptionValue("time_limit", SECONDS)
        numbers = sorted({n for tree in self.trees for node in tree.nodes for n in bits(node.used)})
        integer = highs.HighsVarType.kInteger
        chosen = {n: model.addVariable(0, 1, self.taxes[n], type=integer) for n in numbers}
        sizes = self.costs.pool.sizes
        if chosen:
            model.addConstr(sum(sizes[n] / MB * each for n, each in chosen.items()) <= self.budget / MB)
        branches = [entry for tree in self.trees for entry in self._query(model, tree, chosen)]
        model.run()
        values = model.getSolution().col_value
        rests = [(tree, offered) for tree, offered, variable in branches if values[variable.index] > 0.5]
        return float(model.getInfo().mip_dual_bound), rests

    def _query(self, model: Any, tree: Tree, chosen: dict[int, Any]) -> list[tuple[Tree, int, Any]]:
        """The query's nodes and branches as variables of which one is 1."""
        weight, parts, found = tree.item.weight, [], []
        for node in tree.nodes:
            part = model.addVariable(0, 1, weight * node.cost)
            parts.append(part)
            for number in bits(node.used):
                model.addConstr(part <= chosen[number])
        for offered, (number, least) in tree.branches.items():
            part = model.addVariable(0, 1, weight * max(least, self.costs.lower(tree.item, offered)))
            parts.append(part)
            model.addConstr(part <= 1 - chosen[number])
            found.append((tree, offered, part))
        model.addConstr(sum(parts) == 1)
        return found
