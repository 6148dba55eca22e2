"""What is given up so that no query rests on columns that are taken for independent; the planner is a dictionary."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pgtune.indexes.access import Access
from pgtune.indexes.advice import Limits
from pgtune.indexes.candidate import Candidate
from pgtune.indexes.costs import Costs
from pgtune.indexes.facts import Facts
from pgtune.indexes.pool import Item, Pool
from pgtune.indexes.propose import Proposer
from pgtune.indexes.selection import Selection
from pgtune.indexes.trusted import ALL, NEAR, Trust
from pgtune.model.design import Design, Index, Key, Name, Query
from pgtune.plans.plan import Node, Plan
from pgtune.snapshot import Snapshot
from pgtune.snapshot.snapshot import Column, ColumnStats, Table
from pgtune.sqltext.shape import Predicate, Term, Value

LABELS = Name("public", "labels")
LOOKED_UP, PLAIN = Index(LABELS, (Key("id"),)), Index(LABELS, (Key("kind"),))
BOTH = "((sales.item = stock.item) AND (sales.shop = stock.shop))"
RISKY, OTHER = Query("risky"), Query("other")
BUDGET = 1 << 30


def column(number: int, name: str, distinct: float) -> Column:
    stats = ColumnStats(inherited=False, null_frac=0.0, avg_width=4, n_distinct=distinct)
    return Column(number, name, "integer", stats=(stats,))


def table(name: str, rows: int) -> Table:
    columns = (column(1, "item", 1000.0), column(2, "shop", 100.0), column(3, "id", -1.0), column(4, "kind", 100.0))
    return Table(Name("public", name), "r", columns, pages=1000, rows=float(rows))


FACTS = Facts(
    Snapshot(
        180000,
        "18",
        "2026-11-01",
        "app",
        tables=(table("sales", 100_000), table("stock", 10_000), table("labels", 9_000)),
    )
)


def scan(name: str, rows: float, cost: float, index: Index | None = None) -> Node:
    conditions = {"Index Cond": "(labels.id = sales.id)"} if index == LOOKED_UP else {}
    named = index.name if index else None
    return Node("Index Scan", 0.0, cost, rows, 8, Name("public", name), name, named, conditions=conditions)


def joined(cost: float) -> Node:
    """Two tables joined on two columns, of which the planner expects 100 rows."""
    sides = (scan("sales", 100_000, 100.0), scan("stock", 10_000, 100.0))
    return Node("Hash Join", 0.0, cost, 100.0, 8, conditions={"Hash Cond": BOTH}, children=sides)


def hashed(cost: float) -> Plan:
    """The labels of the joined rows by a hash join, which more rows hardly make dearer."""
    condition = {"Hash Cond": "(sales.id = labels.id)"}
    sides = (scan("labels", 9_000, 200.0), joined(500.0))
    return Plan(Node("Hash Join", 0.0, cost, 100.0, 8, conditions=condition, children=sides))


def looked_up(cost: float) -> Plan:
    """The label of each joined row by a lookup: 9,900 rows more than expected are ten times as many lookups."""
    sides = (joined(500.0), scan("labels", 1, 4.0, LOOKED_UP))
    return Plan(Node("Nested Loop", 0.0, cost, 100.0, 8, children=sides))


def condition(name: str) -> Predicate:
    return Predicate(Term(1, name, name, (name,)), "equal", "=", (Value("1", "1"),), f"{name} = 1")


def trust(gain: float, worst: float = 1.1, plain: float = 1000.0, budget: int | None = BUDGET) -> tuple[Trust, int]:
    """Two queries: one looks up, riskily, in an index that saves the other one `gain` of its 1,000; the set of both.

    `plain`: what the other one costs with the other index.
    """

    def plan(query: Query, design: Design) -> Plan:
        if query == RISKY:
            return looked_up(990.0) if LOOKED_UP in design.indexes else hashed(1000.0)
        costs = {LOOKED_UP: 1000.0 - gain, PLAIN: plain}
        found = min(
            (each for each in design.indexes if costs[each] < 1000.0), key=lambda each: costs[each], default=None
        )
        return Plan(scan("labels", 1, costs[found] if found else 1000.0, found))

    access = Access(LABELS, "labels", (condition("id"), condition("kind")))
    items = [Item(number, number, query, 1.0, (access,)) for number, query in enumerate((RISKY, OTHER))]
    pool = Pool(items, lambda _index: 8192)
    costs = Costs(plan, pool)
    for item in items:
        costs.start(item, plan(item.query, Design()))
    both = pool.mask(Candidate(each, "lookup") for each in (LOOKED_UP, PLAIN))
    for item in items:
        for mask in (both, 0b01, 0b10):
            costs.ask(item, mask)
    selection = Selection(
        costs, pool, items, Proposer(FACTS, 3), Limits(budget, worst=worst), lambda _number: 0.0, lambda _step: None,
        lambda _indexes: None,
    )  # fmt: skip
    return Trust(selection, FACTS, worst), both


def test_a_lookup_behind_a_join_on_two_columns_is_risky() -> None:
    """By the planner's own cost the index helps; if the columns are a key the query gets several times dearer."""
    found, both = trust(gain=0.0)
    assert [item.query for item in found.risky(both)] == [RISKY]
    assert found.risky(0) == []
    assert list(found.risks(both)) == [0]
    assert found.risks(both)[0] > 5


def test_what_nobody_needs_is_given_up() -> None:
    """The risky lookup goes where the other query does as well with another index."""
    found, both = trust(gain=500.0, plain=510.0)
    assert found.better(both) == 0b10


def test_without_a_budget_only_what_costs_nothing_is_given_up() -> None:
    """A hundredth of the workload is too much then."""
    found, both = trust(gain=500.0, plain=510.0, budget=None)
    assert found.better(both) & 0b01


def test_what_the_workload_needs_stays() -> None:
    """More than NEAR of the workload is not paid for being trusted."""
    found, both = trust(gain=500.0)
    assert found.better(both) & 0b01


def test_nothing_risky_is_left_alone() -> None:
    """Where no query may become too dear the set stays as it is."""
    found, both = trust(gain=500.0, worst=1000.0, plain=510.0)
    assert found.better(both) == both


@settings(max_examples=100, deadline=None)
@given(st.floats(0.0, 990.0), st.floats(10.0, 1000.0), st.floats(1.0, 20.0), st.sampled_from([None, BUDGET]))
def test_trust_costs_little_and_adds_no_risk(gain, plain, worst, budget) -> None:
    """Whatever the queries cost: at most NEAR of the workload is given up, and only for fewer risky queries."""
    found, both = trust(gain, worst, plain, budget)
    better = found.better(both)
    total = found.selection.total
    assert total(better) <= total(both) * (1 + (NEAR if budget else ALL)) + 1e-6
    assert len(found.risky(better)) <= len(found.risky(both))
    assert better == both or len(found.risky(better)) < len(found.risky(both)) or total(better) <= total(both)
    assert found.better(both) == better
