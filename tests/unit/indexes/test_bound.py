"""The bound under a budget is never above the best set, and is the best set when it says so."""

from itertools import combinations

import pytest

from pgtune.indexes.access import Access
from pgtune.indexes.bound import Program
from pgtune.indexes.candidate import Candidate
from pgtune.indexes.costs import Costs
from pgtune.indexes.pool import Item, Pool
from pgtune.model.design import Design, Index, Key, Name, Query
from pgtune.plans.plan import Plan
from tests.unit.indexes.test_costs import condition, plan_of

TABLE = Name("public", "t")
INDEXES = [Index(TABLE, (Key(column),)) for column in "abcde"]
SIZES = dict(zip(INDEXES, (4, 3, 2, 2, 1), strict=True))
# By query: what each set of indexes costs, the cheapest first.
PLANS = {
    "one": [((0, 1), 10.0), ((0,), 40.0), ((2,), 60.0), ((), 100.0)],
    "two": [((1, 2), 5.0), ((3, 4), 30.0), ((4,), 80.0), ((), 90.0)],
    "three": [((3,), 20.0), ((0, 4), 25.0), ((), 70.0)],
}


def planner(query: Query, design: Design) -> Plan:
    for used, cost in PLANS[query.text]:
        if {INDEXES[n] for n in used} <= design.indexes:
            return plan_of(cost, *(INDEXES[n] for n in used))
    raise AssertionError


@pytest.mark.parametrize("budget", range(1, 13))
def test_bound(budget: int, capfd: pytest.CaptureFixture[str]) -> None:
    """For every budget it is the optimum that trying all sets finds, and the solver prints nothing."""
    access = Access(TABLE, "t", tuple(condition(column) for column in "abcde"))
    items = [Item(n, n, Query(text), 1.0, (access,)) for n, text in enumerate(PLANS)]
    pool = Pool(items, lambda index: SIZES[index])
    costs = Costs(planner, pool)
    for item in items:
        costs.start(item, planner(item.query, Design()))
    pool.mask([Candidate(each, "lookup") for each in INDEXES])
    found = Program(costs, items, [0.0] * 5, budget, lambda: False).run()
    sets = [set(each) for size in range(6) for each in combinations(INDEXES, size)]
    fitting = [each for each in sets if sum(SIZES[index] for index in each) <= budget]
    best = min(sum(planner(Query(text), Design(frozenset(each))).cost for text in PLANS) for each in fitting)
    assert found is not None
    assert found == (pytest.approx(best, abs=1e-3), True)
    assert capfd.readouterr() == ("", "")
