"""The planner is asked no more often than needed; here it is a dictionary."""

from pgtune.indexes.access import Access
from pgtune.indexes.candidate import Candidate
from pgtune.indexes.costs import Costs
from pgtune.indexes.pool import Item, Pool
from pgtune.model.design import Design, Index, Key, Name, Query
from pgtune.model.errors import NotPlannable
from pgtune.plans.plan import Node, Plan
from pgtune.sqltext.shape import Predicate, Term, Value

TABLE = Name("public", "t")
A, B, C = (Index(TABLE, (Key(column),)) for column in "abc")


def plan_of(cost: float, *indexes: Index) -> Plan:
    scans = tuple(Node("Index Scan", 0.0, cost, 1.0, 8, TABLE, "t", index.name) for index in indexes)
    return Plan(Node("Append", 0.0, cost, 1.0, 8, children=scans))


def condition(column: str) -> Predicate:
    return Predicate(Term(1, column, column, (column,)), "equal", "=", (Value("1", "1"),), f"{column} = 1")


class Table:
    """A planner for one query: A and B together are best, A alone is good, C is never used."""

    def __init__(self) -> None:
        self.asked: list[frozenset[Index]] = []

    def __call__(self, _query: Query, design: Design) -> Plan:
        self.asked.append(design.indexes)
        if C in design.indexes and len(design.indexes) == 1:
            raise NotPlannable("C cannot be built")
        if {A, B} <= design.indexes:
            return plan_of(10.0, A, B)
        return plan_of(50.0, A) if A in design.indexes else plan_of(100.0)


def world() -> tuple[Costs, Item, Pool, Table]:
    access = Access(TABLE, "t", (condition("a"), condition("b"), condition("c")))
    item = Item(0, 0, Query("select"), 1.0, (access,))
    pool = Pool([item], lambda _index: 8192)
    planner = Table()
    costs = Costs(planner, pool)
    costs.start(item, plan_of(100.0))
    pool.mask([Candidate(each, "lookup") for each in (A, B, C)])
    return costs, item, pool, planner


def test_a_plan_serves_every_set_between_used_and_offered() -> None:
    """Offered A, B and C, used A and B: the set A, B needs no plan of its own."""
    costs, item, _pool, planner = world()
    assert costs.exact(item, 0b111) == 10.0
    assert costs.exact(item, 0b011) == 10.0
    assert len(planner.asked) == 1
    assert costs.exact(item, 0b001) == 50.0
    assert len(planner.asked) == 2


def test_bounds() -> None:
    """What is not known lies between the plans that fit and the plans around."""
    costs, item, _pool, _planner = world()
    costs.exact(item, 0b111)
    assert (costs.lower(item, 0b001), costs.upper(item, 0b001)) == (10.0, 100.0)
    assert costs.open(item, 0b001) == 90.0
    assert costs.open(item, 0b011) == 0.0


def test_irrelevant_candidates_are_not_planned() -> None:
    """A set that differs in what the query cannot use is the same set."""
    costs, item, pool, planner = world()
    other = pool.add(Candidate(Index(Name("public", "u"), (Key("a"),)), "lookup"))
    costs.exact(item, 0b001)
    costs.exact(item, 0b001 | other)
    assert planner.asked == [frozenset({A})]


def test_one_that_cannot_be_built_takes_nothing_along() -> None:
    """The culprit is found and left out, the others are planned."""
    costs, item, pool, _planner = world()

    def refusing(query: Query, design: Design) -> Plan:
        if C in design.indexes:
            raise NotPlannable("C cannot be built")
        return Table()(query, design)

    costs.plan = refusing
    assert costs.ask(item, 0b111).cost == 10.0
    assert pool.impossible == 0b100
    assert not item.relevant & 0b100
