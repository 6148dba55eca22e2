"""One index for two, where no query notices; the planner is a sum."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pgtune.indexes.access import Access
from pgtune.indexes.candidate import Candidate
from pgtune.indexes.costs import Costs
from pgtune.indexes.joined import GIVEN_UP, NOTICED, Joined, swaps
from pgtune.indexes.pool import Item, Pool
from pgtune.model.design import Design, Index, Key, Name, Query
from pgtune.plans.plan import Node, Plan
from pgtune.sqltext.shape import Predicate, Term, Value

TABLE = Name("public", "t")
INDEXES = tuple(Index(TABLE, tuple(map(Key, columns))) for columns in ("a", "b", "ab", "ba", "abc"))
A, B, AB, BA, ABC = (1 << number for number in range(len(INDEXES)))
CANDIDATES = tuple(Candidate(each, "lookup") for each in INDEXES)


def condition(column: str) -> Predicate:
    return Predicate(Term(1, column, column, (column,)), "equal", "=", (Value("1", "1"),), f"{column} = 1")


def world(costs: tuple[dict[int, float], ...], sizes: tuple[int, ...]) -> Joined:
    """Queries that cost 1,000, or with each of these indexes what is said."""
    access = Access(TABLE, "t", (condition("a"), condition("b")))
    items = [Item(number, number, Query(f"{number}"), 1.0, (access,)) for number in range(len(costs))]

    def plan(query: Query, design: Design) -> Plan:
        by_index = {INDEXES[bit.bit_length() - 1]: cost for bit, cost in costs[int(query.text)].items()}
        cost, name = min(
            ((by_index[each], each.name) for each in design.indexes if each in by_index), default=(1000.0, "")
        )
        return Plan(Node("Index Scan", 0.0, cost, 1.0, 8, TABLE, "t", name or None))

    pool = Pool(items, lambda index: sizes[INDEXES.index(index)])
    known = Costs(plan, pool)
    for item in items:
        known.start(item, plan(item.query, Design()))
    pool.mask(CANDIDATES)
    for item in items:
        for number in range(len(INDEXES)):
            known.ask(item, 1 << number)
    return Joined(known, items, lambda: False)


def test_what_may_stand_for_what() -> None:
    """A prefix goes for what begins with it, two go for a third that begins with one and holds the other."""
    assert set(swaps(CANDIDATES, A | AB)) == {(0, A), (ABC, A | AB)}
    assert set(swaps(CANDIDATES, A | B)) == {(AB, A | B), (BA, A | B), (ABC, A | B)}
    assert list(swaps(CANDIDATES, A)) == []


def test_a_prefix_goes_where_nobody_notices() -> None:
    """A hundredth more for one query is no reason for a second index."""
    joined = world(({A: 100.0, AB: 101.0}, {AB: 10.0}), (5, 5, 8, 8, 9))
    assert joined.instead(A | AB) == AB


def test_a_prefix_stays_where_somebody_does() -> None:
    """A tenth more is one."""
    joined = world(({A: 100.0, AB: 110.0}, {AB: 10.0}), (5, 5, 8, 8, 9))
    assert joined.instead(A | AB) == A | AB


def test_nothing_is_asked_when_the_time_is_over() -> None:
    """The set stays as it is."""
    joined = world(({A: 100.0, AB: 101.0}, {AB: 10.0}), (5, 5, 8, 8, 9))
    joined.over = lambda: True
    calls = joined.costs.calls
    assert joined.instead(A | AB) == A | AB
    assert joined.costs.calls == calls


def test_small_losses_do_not_add_up_for_one_query() -> None:
    """What each of two swaps may cost a query, both together may not."""
    costs = ({A: 100.0, AB: 104.0, ABC: 108.0}, *({},) * 10)
    assert world(costs, (5, 5, 8, 8, 9)).instead(A | AB | ABC) == AB | ABC


def test_one_for_two() -> None:
    """Both go for the one that is smaller than both together."""
    costs = ({A: 10.0, AB: 10.1}, {A: 50.0, B: 10.0, AB: 10.0})
    assert world(costs, (5, 5, 8, 8, 9)).instead(A | B) == AB
    assert world(costs, (5, 5, 10, 10, 11)).instead(A | B) == A | B


COST = st.dictionaries(st.sampled_from([A, B, AB, BA, ABC]), st.floats(1.0, 1000.0))


@settings(max_examples=200, deadline=None)
@given(st.lists(COST, min_size=1, max_size=4), st.tuples(*[st.integers(1, 20)] * len(INDEXES)), st.integers(0, 31))
def test_smaller_and_hardly_dearer(costs, sizes, chosen) -> None:
    """Fewer bytes or the same set; the workload costs no more than may be given up."""
    joined = world(tuple(costs), sizes)
    other, known = joined.instead(chosen), joined.costs
    assert other == chosen or known.pool.size(other) < known.pool.size(chosen)
    assert other.bit_count() <= chosen.bit_count()
    lost = sum(known.exact(item, other) - known.exact(item, chosen) for item in joined.items)
    assert lost <= GIVEN_UP * sum(known.base(item) for item in joined.items) + 1e-6
    for item in joined.items:
        assert known.exact(item, other) <= known.exact(item, chosen) * (1 + NOTICED) + 1e-6
