"""The benchmark's arithmetic: ratios within a round, intervals that repeat, verdicts that can be bad news."""

from collections import Counter
from itertools import pairwise

import pytest

from benchmarks.settings.ratios import bootstrap, geometric_mean, paired, query_ratios, ratio
from benchmarks.settings.report import goals, table, words
from benchmarks.settings.rounds import Run, balanced
from benchmarks.settings.summary import plan_difference, summary, verdict


def test_ratios_pair_rounds_and_drop_those_without_a_figure():
    """A round in which either arm failed, or the base is zero, does not count."""
    assert paired([2, None, 6, 8], [1, 2, None, 0]) == [2]
    found = ratio([2, 4, 9], [1, 1, 3])
    assert found is not None
    assert (found.median, found.least, found.greatest, found.rounds) == (3, 2, 4, 3)
    assert ratio([1, 2], [0, 0]) is None


def test_a_bootstrap_is_the_same_for_the_same_rounds_and_covers_the_mean():
    """The interval depends on the rounds alone."""
    ratios = [1.0, 1.1, 1.2, 0.9, 1.05]
    first, second = bootstrap(ratios), bootstrap(ratios)
    assert first == second
    assert first is not None
    assert first.low < first.mean < first.high
    assert first.mean == pytest.approx(geometric_mean(ratios))
    assert min(ratios) <= first.low
    assert first.high <= max(ratios)


def test_equal_ratios_give_an_interval_of_no_width():
    """No spread, no width."""
    found = bootstrap([1.25] * 5)
    assert found is not None
    assert (found.low, found.mean, found.high) == pytest.approx((1.25, 1.25, 1.25))


@pytest.mark.parametrize("ratios", [[], [1.0, 1.1], [1.0, 0.0, 1.0]])
def test_too_few_rounds_give_no_interval(ratios):
    """Two rounds say nothing about spread."""
    assert bootstrap(ratios) is None


def test_query_ratios_are_medians_over_rounds_and_leave_out_the_short():
    """One bad round does not name a query; one below the clock's resolution is not compared."""
    base = [{"Q1": 1.0, "Q2": 0.01}] * 3
    arm = [{"Q1": 9.0, "Q2": 0.09}, {"Q1": 1.2, "Q2": 0.09}, {"Q1": 1.1, "Q2": 0.09}]
    assert query_ratios(arm, base, floor=0.1) == {"Q1": pytest.approx(1.2)}


def test_a_query_that_was_short_and_is_no_more_is_compared():
    """A regression from almost nothing is still one."""
    assert query_ratios([{"Q1": 2.0}], [{"Q1": 0.0}], floor=0.1) == {"Q1": pytest.approx(200)}


@pytest.mark.parametrize(("size", "rounds"), [(3, 6), (4, 4), (5, 10)])
def test_every_arm_comes_at_every_place_and_after_every_other_equally_often(size, rounds):
    """What a restart, a warm cache or the arm before does meets all arms alike."""
    orders = [balanced(range(size), number) for number in range(rounds)]
    assert all(sorted(order) == list(range(size)) for order in orders)
    places = Counter(pair for order in orders for pair in enumerate(order))
    neighbours = Counter(pair for order in orders for pair in pairwise(order))
    assert (len(places), len(set(places.values()))) == (size * size, 1)
    assert (len(neighbours), len(set(neighbours.values()))) == (size * (size - 1), 1)


@pytest.mark.parametrize(
    ("count", "ours", "peer", "expected"),
    [
        ("WAL", [1.2, 1.3, 1.2], [1, 1, 1], "worse"),
        ("WAL", [1.2, 0.9, 1.3], [1, 1, 1], "even"),
        ("WAL", [1.02, 1.03, 1.04], [1, 1, 1], "even"),
        ("WAL", [0.5, 0.6, 0.5], [1, 1, 1], "better"),
        ("tps", [80, 85, 80], [100, 100, 100], "worse"),
        ("tps", [120, 125, 120], [100, 100, 100], "better"),
        ("temp", [5, 5, 5], [0, 0, 0], "worse"),
        ("temp", [0, 0, 0], [0, 0, 0], "even"),
    ],
)
def test_a_verdict_needs_every_round(count, ours, peer, expected):
    """Worse or better is said only outside the noise and in every round; more tps is better, more of the rest worse."""
    against = ratio(ours, peer)
    assert verdict(count, sorted(ours)[1], sorted(peer)[1], against) == expected


def test_one_round_is_no_verdict():
    """A single run is printed and not judged."""
    assert verdict("WAL", 2.0, 1.0, ratio([2.0], [1.0])) == "open"
    both = dict.fromkeys(("default", "le0pard", "pgtune"), 1.0)
    runs = [run for run in _runs(both | {"pgtune": 2.0}, both) if run.round == 0]
    assert goals(summary(runs)) == ["not judged: that takes 3 rounds in which both arms finish"]


def _runs(wal, query, plans=("", "")):
    runs = []
    for number in range(3):
        for arm in ("default", "le0pard", "pgtune"):
            counts = {"tps": 100.0, "WAL": wal[arm]}
            plan = plans[0] if arm == "default" else plans[1]
            runs.append(Run(arm, number, counts, {"Q1": query[arm]}, {"Q1": query[arm]}, {"Q1": plan}))
    return runs


def test_the_summary_names_the_goal_missed_and_the_dear_query_with_its_plan():
    """Bad news for pgtune is printed as such: worse than the peer, and a query above 1.5 times the default."""
    runs = _runs(
        {"default": 8.0, "le0pard": 1.0, "pgtune": 2.0},
        {"default": 1.0, "le0pard": 1.0, "pgtune": 1.8},
        ("Hash Join\n  Seq Scan", "Nested Loop\n  Seq Scan"),
    )
    found = summary(runs)
    assert goals(found) == ["worse than the best peer on: WAL (2.00x le0pard)"]
    assert [(dear.arm, dear.query, dear.plan) for dear in found.dearer] == [
        ("pgtune", "Q1", ("-Hash Join", "+Nested Loop"))
    ]
    assert found.worst["pgtune"] == ("Q1", pytest.approx(1.8))
    assert "worse: 2.00x le0pard" in table(found)
    assert any("1.80 times" in line for line in words(found))


def test_without_our_arm_nothing_is_claimed():
    """The goal is neither met nor missed where pgtune was not measured."""
    runs = [run for run in _runs(dict.fromkeys(("default", "le0pard", "pgtune"), 1.0),
            dict.fromkeys(("default", "le0pard", "pgtune"), 1.0)) if run.arm != "pgtune"]  # fmt: skip
    assert goals(summary(runs)) == ["not compared: pgtune or the peers are missing"]


def test_a_failed_run_is_printed_and_spoils_no_ratio():
    """A server that died in a round counts in no ratio and in no silence."""
    runs = _runs(
        dict.fromkeys(("default", "le0pard", "pgtune"), 1.0), dict.fromkeys(("default", "le0pard", "pgtune"), 1.0)
    )
    dead = [Run(run.arm, run.round, failed="killed", kills=2) if run.arm == "le0pard" else run for run in runs]
    found = summary(dead)
    assert len(found.failures) == 3
    assert "want of memory: 2" in found.failures[0]
    assert "failed" in table(found)


def test_equal_plans_have_no_difference():
    """Nothing is blamed on a plan that did not change."""
    runs = _runs(
        dict.fromkeys(("default", "le0pard", "pgtune"), 1.0), dict.fromkeys(("default", "le0pard", "pgtune"), 1.0)
    )
    by_arm = {name: [run for run in runs if run.arm == name] for name in ("default", "pgtune")}
    assert plan_difference(by_arm, "pgtune", "Q1") == ()
