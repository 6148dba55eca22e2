"""The search finds the best set there is; small models are checked against trying everything."""

from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pgtune.indexes.chosen import Model, State
from pgtune.indexes.frugal import frugal
from pgtune.indexes.order import in_order
from pgtune.indexes.pool import bits
from pgtune.indexes.search import Losses, Score, best_set, between, by_byte, by_gain, fill, shrink

COUNT = 7


@st.composite
def models(draw) -> Model:
    """Random queries with random plans over seven candidates."""
    plans = []
    for _query in range(draw(st.integers(1, 5))):
        base = draw(st.integers(50, 1000))
        some = draw(st.lists(st.tuples(st.integers(1, 2**COUNT - 1), st.integers(1, base)), max_size=5))
        plans.append(
            sorted([*((used, float(cost)) for used, cost in some), (0, float(base))], key=lambda each: each[1])
        )
    sizes = draw(st.lists(st.integers(1, 100), min_size=COUNT, max_size=COUNT))
    taxes = draw(st.lists(st.integers(0, 20), min_size=COUNT, max_size=COUNT))
    return Model(plans, [1.0] * len(plans), sizes, [float(tax) for tax in taxes], draw(st.integers(20, 400)))


def best_of_all(model: Model) -> float:
    sets = (sum(bit << place for place, bit in enumerate(choice)) for choice in product((0, 1), repeat=COUNT))
    return min(model.total(each) for each in sets if model.fits(each))


@settings(max_examples=150, deadline=None)
@given(models())
def test_near_the_optimum(model: Model) -> None:
    """The set keeps to the budget, is no worse than nothing, and mostly the very best: never 25 % worse."""
    chosen = best_set(model)
    assert model.fits(chosen)
    assert model.total(chosen) <= model.total(0)
    assert model.total(chosen) <= best_of_all(model) * 1.25


def test_two_that_help_together_only() -> None:
    """A plan that needs two candidates is found though neither helps alone."""
    model = Model([[(0b11, 10.0), (0, 1000.0)]], [1.0], [5, 5], [0.0, 0.0], 10)
    assert best_set(model) == 0b11


def test_write_tax() -> None:
    """What costs more to keep than it saves is not chosen."""
    model = Model([[(0b1, 10.0), (0, 1000.0)]], [1.0], [5], [2000.0])
    assert best_set(model) == 0


@pytest.mark.parametrize(("most", "count"), [(1, 1), (2, 2), (None, 3)])
def test_number_of_indexes(most, count) -> None:
    """No more than asked for, the best of them."""
    plans = [[(1 << n, 1.0), (0, 100.0 * (n + 1))] for n in range(3)]
    chosen = best_set(Model(plans, [1.0] * 3, [1, 1, 1], [0.0] * 3, most=most))
    assert chosen.bit_count() == count
    assert chosen >> 2 & 1


def test_small_instead_of_big() -> None:
    """A hundredth of the size is worth a thousandth of the cost."""
    model = Model([[(0b01, 100.0), (0b10, 100.2), (0, 1000.0)]], [1.0], [100, 1], [0.0, 0.0])
    assert best_set(model) == 0b01
    assert frugal(model, 0b01, 0.004) == 0b10


def slowly_in_order(model: Model, chosen: int) -> list[int]:
    """The order of creation as it is defined, with everything reckoned anew for each index."""
    state, found = State(model), []
    while rest := chosen & ~state.chosen:
        sets = {1 << number for number in bits(rest)} | {each for each in model.bundles if not each & ~chosen}
        fresh = [each for each in sets if each & rest]
        best = min(
            fresh,
            key=lambda each: (
                -state.gain(state.chosen | each) / model.size(each & rest), (each & rest).bit_count(), each,
            ),
        )  # fmt: skip
        found += bits(best & rest)
        state.become(state.chosen | best)
    return found


def slowly_filled(model: Model, score: Score) -> int:
    """What always adding the best set comes to, with everything reckoned anew for each."""
    state = State(model)
    while True:
        larger = [(each, state.chosen | each) for each in model.bundles if each & ~state.chosen]
        gains = {each: state.gain(chosen) for each, chosen in larger if state.fits(chosen)}
        worth = [each for each, gain in gains.items() if gain > model.least]
        if not worth:
            return state.chosen
        best = min(worth, key=lambda each: (-score(gains[each], model.size(each & ~state.chosen)), each))
        state.become(state.chosen | best)


@settings(max_examples=300, deadline=None)
@given(models(), st.sampled_from([by_byte, between, by_gain]))
def test_filled_with_the_best(model: Model, score: Score) -> None:
    """What is added next is what scores best, though few are reckoned anew."""
    state = State(model)
    fill(state, score)
    assert state.chosen == slowly_filled(model, score)


@settings(max_examples=200, deadline=None)
@given(models(), st.lists(st.integers(0, 2**COUNT - 1), min_size=1, max_size=4))
def test_a_changed_state_is_as_a_new_one(model: Model, sets: list[int]) -> None:
    """Whatever it was before, it knows its size, cost and plans, and what another set would save."""
    state = State(model)
    for chosen in sets:
        fresh = State(model, chosen)
        assert state.gain(chosen) == pytest.approx(state.total - fresh.total)
        state.become(chosen)
        assert state.size == fresh.size
        assert [cost for _used, cost in state.plans] == [cost for _used, cost in fresh.plans]
        for number, queries in state.using.items():
            assert sorted(queries) == [query for query, plan in enumerate(state.plans) if plan[0] >> number & 1]


SHARED = Model([[(24, 1.0), (0, 50.0)], [(40, 1.0), (32, 2.0), (0, 50.0)]], [1.0] * 2, [1] * 7, [0, 0, 0, 1, 0, 0, 0])


@settings(max_examples=300, deadline=None)
@given(models(), st.integers(0, 2**COUNT - 1))
@example(SHARED, 57)  # a set that gains by what was created, though it is no plan of the query that is served
def test_order_of_creation(model: Model, chosen: int) -> None:
    """Each index once, in the order that its definition gives, with gains that add up."""
    ordered = list(in_order(model, chosen))
    assert [number for number, _gain in ordered] == slowly_in_order(model, chosen)
    assert sum(gain for _number, gain in ordered) == pytest.approx(model.total(0) - model.total(chosen))


@settings(max_examples=300, deadline=None)
@given(models(), st.integers(0, 2**COUNT - 1))
def test_least_loss(model: Model, chosen: int) -> None:
    """What is taken out next is what brings least, though only what shares a query is reckoned anew."""
    state = State(model, chosen)
    losses = Losses(state, by_byte, chosen)
    while (number := losses.least()) is not None:
        brings = {each: State(model, state.chosen).gain(state.chosen & ~(1 << each)) for each in bits(state.chosen)}
        assert number == min(brings, key=lambda each: (by_byte(-brings[each], model.sizes[each]), each))
        losses.take(number)
        assert state.size == model.size(state.chosen)
    assert state.chosen == 0


@settings(max_examples=200, deadline=None)
@given(models(), st.integers(0, 2**COUNT - 1))
def test_shrunk_until_it_fits(model: Model, chosen: int) -> None:
    """A set that is too big is made to fit; its cost is what the model says."""
    state = State(model, chosen)
    assert shrink(state)
    assert model.fits(state.chosen)
    assert state.total == pytest.approx(model.total(state.chosen))
