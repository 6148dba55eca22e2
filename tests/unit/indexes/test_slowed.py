"""Indexes are given up for a query that they slow, if others can nearly do without; a fake stands for the server."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

import pytest

from pgtune.indexes.slowed import Release, unhelped
from pgtune.indexes.timing import TURNS, Timing, Trial


@dataclass(frozen=True)
class Ran:
    ms: float
    indexes: frozenset[str]


@dataclass
class Server:
    """`plans` of each query, the planner's choice first: what it uses, and what it really takes."""

    plans: Mapping[str, list[tuple[str, float]]]
    asked: int = 0

    def plan(self, query: str, without: frozenset[str]) -> tuple[str, float]:
        return next((used, ms) for used, ms in self.plans[query] if not set(used.split()) & without)

    def run(self, query: str, without: frozenset[str], most: float = inf) -> Ran:
        self.asked += 1
        used, ms = self.plan(query, without)
        return Ran(min(ms, most + 1), frozenset(used.split()) | {"existing"})


def release(
    plans: Mapping[str, list[tuple[str, float]]], weights: Mapping[str, float] | None = None, may_lose: float = 0.1
) -> Release[Ran]:
    server = Server(plans)
    indexes = frozenset(name for each in plans.values() for used, _ in each for name in used.split())
    trials = {query: Trial((weights or {}).get(query, 1.0), server.run(query, indexes).ms) for query in plans}
    now = {query: server.run(query, frozenset()) for query in plans}
    return Release(Timing(indexes, trials, now, server.plan, server.run), may_lose)


def test_nothing_is_given_up_where_nothing_is_slower():
    """Not for a tenth either, nor for less than a millisecond; nothing is run again."""
    found = release({"a": [("x", 10), ("", 100)], "b": [("x", 105), ("", 100)], "c": [("x", 0.9), ("", 0.1)]})
    before = found.timing.measure.__self__.asked
    assert found.run() == []
    assert found.timing.measure.__self__.asked == before


def test_an_index_that_only_slows_is_given_up():
    """The query runs as before, the others as with all of them."""
    found = release({"good": [("x", 10), ("", 1000)], "bad": [("y", 200), ("", 100)]})
    (given,) = found.run()
    assert (given.indexes, given.query, given.kept) == (("y",), "bad", False)
    assert (given.before, given.after, given.without, given.others) == (100, 200, 100, 0)
    assert {query: ran.ms for query, ran in found.timing.now.items()} == {"good": 10, "bad": 100}


def test_of_two_that_are_enough_the_one_goes_that_others_miss_least():
    """The slow plan needs both: without either of them it is another one."""
    plans = {"good": [("x", 10), ("", 1000)], "fair": [("y", 90), ("", 100)], "bad": [("x y", 300), ("", 100)]}
    found = release(plans)
    assert [given.indexes for given in found.run()] == [("y",)]
    assert found.timing.now["fair"].ms == 100


def test_what_was_given_up_in_vain_is_given_back():
    """Nobody misses y, so it goes first; without x alone it would have been as well."""
    plans = {"good": [("x", 90), ("", 100)], "bad": [("x y", 300), ("x", 280), ("y", 90), ("", 100)]}
    found = release(plans)
    assert [given.indexes for given in found.run()] == [("x",)]
    assert {query: ran.ms for query, ran in found.timing.now.items()} == {"good": 100, "bad": 90}


def test_several_go_where_one_is_not_enough():
    """With either of them it is slow."""
    found = release({"good": [("z", 10), ("", 1000)], "bad": [("x", 300), ("y", 200), ("", 100)]})
    (given,) = found.run()
    assert given.indexes == ("x", "y")
    assert found.timing.now["bad"].ms == 100


@pytest.mark.parametrize(("weight", "kept"), [(1.0, True), (0.001, False)])
def test_what_the_others_need_stays(weight: float, kept: bool):
    """They would take ten times as long, which counts as often as they are executed; it is not run to its end."""
    plans = {"good": [("x", 100), ("", 1000)], "bad": [("x", 200), ("", 100)]}
    found = release(plans, {"good": weight})
    (given,) = found.run()
    assert given.kept is kept
    share = 900 * weight / (100 * weight + 200)
    assert 0.1 < given.others < share if kept else given.others == pytest.approx(share)
    assert found.timing.now["bad"].ms == (200 if kept else 100)


@pytest.mark.parametrize(
    ("may_lose", "before", "without", "kept"),
    [(0.1, 300, 309, False), (0.1, 300, 311, True), (0.25, 600, 549, False), (0.25, 600, 551, True)],
)
def test_a_share_of_what_the_workload_gains_is_paid(may_lose: float, before: float, without: float, kept: bool):
    """It gains 1,100 or 1,400 ms in all, and the freed query 100 more: the other may take 210 or 450 ms longer."""
    plans = {
        "rich": [("y", 100), ("", 1100)],
        "fair": [("x", 100), ("z", without), ("", before)],
        "bad": [("x", 200), ("", 100)],
    }
    (given,) = release(plans, may_lose=may_lose).run()
    assert (given.query, given.indexes, given.kept) == ("bad", ("x",), kept)


@pytest.mark.parametrize(("may_lose", "kept"), [(0.99, True), (1, False)])
def test_who_may_lose_all_does_so_whatever_is_measured(may_lose: float, *, kept: bool):
    """Two that take a little longer then than without any index: together they lose more than was gained."""
    plans = {
        "rich": [("x", 100), ("y", 1190), ("", 1100)],
        "fair": [("x", 100), ("z", 329), ("", 300)],
        "bad": [("x", 200), ("", 100)],
    }
    (given,) = release(plans, may_lose=may_lose).run()
    assert given.kept is kept


def test_no_more_is_run_than_tells_that_it_is_too_much():
    """The query that gained most comes first, and is enough."""
    plans = {f"good {n}": [("x", 10), ("", 1000 * n)] for n in range(1, 6)} | {"bad": [("x", 200), ("", 100)]}
    found = release(plans)
    before = found.timing.measure.__self__.asked
    (given,) = found.run()
    assert given.kept
    assert found.timing.measure.__self__.asked - before == 2 * TURNS + 1 + 2 + 1  # in turn, freed, given back, another


def test_each_slow_query_is_looked_at_once():
    """Two of them, of which one cannot be helped: what was given up for the other stays given up."""
    plans = {
        "good": [("x", 100), ("", 5000)], "bad": [("x", 300), ("", 100)], "worse": [("y", 900), ("", 100)],
    }  # fmt: skip
    found = release(plans)
    assert [(given.query, given.kept) for given in found.run()] == [("worse", False), ("bad", True)]
    assert found.gone == {"y"}


def test_a_query_that_was_slow_by_chance_is_left_alone():
    """Run both ways in turn it is not, and its median counts."""
    found = release({"only": [("x", 100), ("", 100)]})
    found.timing.now["only"] = Ran(500, frozenset({"x"}))
    assert found.run() == []
    assert found.timing.now["only"].ms == 100


def test_without_any_of_them_it_is_as_it_was():
    """Whatever that run took on a busy machine: it is not looked for what else may slow it."""
    found = release({"bad": [("x", 300), ("", 100)]})
    quiet = found.timing.measure
    found.timing.measure = lambda query, without, _most: (
        Ran(200, frozenset()) if without == {"x"} else quiet(query, without)
    )
    found.timing.indexes |= {"unused"}
    (given,) = found.run()
    assert (given.indexes, given.without, given.kept) == (("x",), 200, False)


def test_what_queries_need_that_were_not_run_stays():
    """Something else goes if that helps; if not, the query is named."""
    found = release({"bad": [("x y", 300), ("", 100)], "worse": [("x", 900), ("", 100)]})
    found.needed = frozenset({"x"})
    assert [(given.indexes, given.query) for given in found.run()] == [(("y",), "bad")]
    assert unhelped(found.timing, found.found) == ["worse"]
    assert found.gone == {"y"}


def test_what_was_not_given_back_is_tried_again_after_another_was():
    """With x alone it is slow, with x and y it is not: both stay."""
    bad = [("z", 500), ("x y", 90), ("x", 300), ("", 100)]
    found = release({"bad": bad, "good": [("x", 10), ("", 1000)], "fair": [("y", 50), ("", 100)]})
    (given,) = found.run()
    assert (given.indexes, given.kept) == (("z",), False)
    assert {key: ran.ms for key, ran in found.timing.now.items()} == {"bad": 90, "good": 10, "fair": 50}


def test_a_query_that_would_be_slower_for_it_is_freed_too():
    """Without x the other one uses y, which takes longer than neither: both go, if they are not worth more."""
    plans = {"bad": [("x", 300), ("", 100)], "other": [("x", 100), ("y", 900), ("", 110)]}
    found = release(plans)
    (given,) = found.run()
    assert (given.query, given.indexes, given.kept) == ("bad", ("x", "y"), False)
    assert given.others == pytest.approx(10 / 400)
    assert {key: ran.ms for key, ran in found.timing.now.items()} == {"bad": 100, "other": 110}
    assert unhelped(found.timing, found.found) == []
    (given,) = release(plans | {"good": [("y", 100), ("", 1000)]}).run()
    assert (given.query, given.indexes, given.kept) == ("bad", ("x", "y"), True)


def test_two_that_are_slow_by_turns_are_freed_together():
    """Each is slow without what slows the other."""
    plans = {"a": [("x", 300), ("y", 250), ("", 100)], "b": [("y", 150), ("x", 900), ("", 100)]}
    found = release(plans)
    (given,) = found.run()
    assert (given.query, given.indexes) == ("a", ("x", "y"))
    assert {key: ran.ms for key, ran in found.timing.now.items()} == {"a": 100, "b": 100}


def test_what_a_query_would_lose_too_much_without_stays():
    """Worth says that y goes, but without x the others nearly do as well."""
    plans = {
        "bad": [("x y", 300), ("", 100)], "good": [("y", 10), ("", 500)], "rich": [("x", 10), ("z", 11), ("", 1000)],
    }  # fmt: skip
    found = release(plans)
    (given,) = found.run()
    assert (given.indexes, given.kept) == (("x",), False)
    assert {key: ran.ms for key, ran in found.timing.now.items()} == {"bad": 100, "good": 10, "rich": 11}


def test_what_the_freed_query_gains_counts_for_those_that_are_freed_with_it():
    """One gains 800 ms, another that would be slower loses 690: all together take less."""
    plans = {"bad": [("x", 900), ("", 100)], "good": [("x", 10), ("y", 900), ("", 700)]}
    found = release(plans)
    (given,) = found.run()
    assert (given.query, given.indexes, given.kept) == ("bad", ("x", "y"), False)
    assert {key: ran.ms for key, ran in found.timing.now.items()} == {"bad": 100, "good": 700}
