"""Each plan is run once, and no longer than it takes to judge it; a fake stands for the server."""

from dataclasses import dataclass, field

import pytest

from pgtune.indexes.timing import ENOUGH, TURNS, Timing, Trial

BEFORE, NOW = 100.0, 50.0


@dataclass(frozen=True)
class Ran:
    ms: float
    indexes: frozenset[str] = frozenset({"x"})


@dataclass
class Server:
    """A query whose plan is another without x, and only then; how long it may take, by execution."""

    times: list[float]
    limits: list[float] = field(default_factory=list)
    planned: int = 0

    def plan(self, _key: str, without: frozenset[str]) -> bool:
        self.planned += 1
        return "x" in without

    def measure(self, _key: str, _without: frozenset[str], most: float) -> Ran:
        self.limits.append(most)
        return Ran(min(self.times.pop(0), most + 1))


def timing(*times: float) -> tuple[Timing[Ran], Server]:
    server = Server([*times])
    return Timing(frozenset("xyz"), {"q": Trial(1.0, BEFORE)}, {"q": Ran(NOW)}, server.plan, server.measure), server


def test_a_plan_is_run_once():
    """Indexes that it does not use do not matter."""
    found, server = timing(60, 70)
    assert [found.run("q", frozenset(gone)).ms for gone in ("y", "z", "yz", "x", "xy", "y")] == [60, 60, 60, 70, 70, 60]
    assert server.times == []


def test_it_is_cut_off_when_it_is_slow_for_certain():
    """At a multiple of what it took, or where all that is left for everybody is used up."""
    found, server = timing(1e9, 1e9)
    assert found.run("q", frozenset("y")).ms > ENOUGH * BEFORE
    assert found.run("q", frozenset("x"), left=10).ms > NOW + 10
    assert server.limits == [ENOUGH * BEFORE, NOW + 10]


@pytest.mark.parametrize(("left", "runs"), [(5, 1), (10, 1), (40, 2)])
def test_what_was_cut_off_is_run_again_only_if_it_may_take_longer(left: float, runs: int):
    found, server = timing(80, 80)
    found.run("q", frozenset("y"), left=10)
    found.run("q", frozenset("y"), left=left)
    assert len(server.limits) == runs


def test_what_seems_slow_is_run_once_more():
    """The faster run counts, from then on; by far too slow it is not run again."""
    found, server = timing(115, 90, 1e9)
    assert [found.carefully("q", frozenset(gone)).ms for gone in ("y", "z")] == [90, 90]
    found.carefully("q", frozenset("x"))
    assert server.times == []
    assert server.planned == 3


def test_a_query_that_stays_slow_is_not_run_a_third_time():
    found, server = timing(120, 115)
    assert [found.carefully("q", frozenset(gone)).ms for gone in ("y", "z", "yz")] == [115, 115, 115]
    assert server.times == []


def test_slow_is_what_takes_longer_with_an_index_than_without_any():
    """Not where none of them is used; and nothing is spoiled that is slow already."""
    found, _server = timing()
    assert found.slows("q", Ran(120))
    assert not found.slows("q", Ran(120, frozenset({"existing"})))
    assert found.spoils("q", Ran(120))
    found.now["q"] = Ran(120)
    assert not found.spoils("q", Ran(121))


def test_that_a_query_is_slow_is_seen_once():
    """In turn with and without, by the medians; one that is not may seem slow again later."""
    found, server = timing(40, 100, 60, 90, 50, 110, *[200, 100] * TURNS)
    assert not found.confirmed("q")
    assert (found.now["q"].ms, found.trials["q"].before) == (50, 100)
    assert found.confirmed("q")
    assert found.confirmed("q")
    assert server.times == []
