"""The order of the work, what fits the time, how long it takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtune.maintenance.order import fitted, ordered, score
from pgtune.maintenance.predict import OVERHEAD, predictor
from pgtune.maintenance.work import Job, Kind, Past, Relation, Urgency
from tests.unit.maintenance.sample import POLICY

TARGET = Relation("public", "t", 1)


def job(number: int, seconds: float | None = 1.0, points: float = 0.0, urgency: Urgency = Urgency.ORDINARY) -> Job:
    relation = Relation("public", f"t{number}", number)
    return Job(
        Kind.VACUUM, "app", relation, relation, "", (), "", seconds=seconds, score=points, urgency=urgency
    )  # fmt: skip


def names(jobs):
    return [each.target.oid for each in jobs]


def test_urgency_first_then_benefit_per_second():
    """An alarm before age, age before debris, debris before what pays best."""
    jobs = [
        job(1, points=5), job(2, points=9), job(3, urgency=Urgency.DEBRIS), job(4, urgency=Urgency.ALARM),
        job(5, urgency=Urgency.AGE),
    ]  # fmt: skip
    assert names(ordered(jobs)) == [4, 5, 3, 2, 1]
    assert names(ordered(reversed(jobs))) == [4, 5, 3, 2, 1]


def test_a_shorter_job_takes_the_room_that_a_longer_one_cannot():
    """What does not fit is named with its time and what is left."""
    fit = fitted([job(1, 50), job(2, 60), job(3, 40), job(4, None)], 100)
    assert names(fit.jobs) == [1, 3, 4]
    assert [each.why for each in fit.deferred] == [
        "it takes about 60 s, and 50 s are left of the window when its turn comes"
    ]


def test_a_job_of_unknown_length_is_begun_while_there_is_time():
    """The deadline will end it; without time it waits."""
    assert names(fitted([job(1, None)], 10).jobs) == [1]
    assert names(fitted([job(1, 10), job(2, None)], 10).jobs) == [1]
    assert names(fitted([job(1, 1e9)], None).jobs) == [1]


@given(st.lists(st.floats(0.001, 100), max_size=40), st.floats(0, 200), st.integers(1, 8))
def test_what_fits_ends_in_time(lengths, seconds, workers):
    """No job is lost, and as many workers as there are end all that was taken within the time."""
    jobs = [job(number, length) for number, length in enumerate(lengths)]
    fit = fitted(jobs, seconds, workers)
    assert sorted(names([*fit.jobs, *(each.job for each in fit.deferred)])) == names(jobs)
    assert sum(each.seconds for each in fit.jobs) <= seconds * workers + 1e-6


def test_score_of_nothing_is_finite():
    """Neither no time nor unknown time divides by zero."""
    assert score(10, 0) == 10_000
    assert score(600, None) == 10


def past(name, seconds, size=None, kind=Kind.REINDEX):
    return Past(kind, "app", "public", name, seconds, size)


def test_the_objects_own_past_counts_first():
    """The median of the last five, in proportion to the size."""
    guess = predictor(POLICY, [past("t", 100, 10), *(past("t", n, 10) for n in (1, 2, 3, 4, 99))])
    assert guess.seconds(Kind.REINDEX, "app", TARGET, 10) == (3, "history")
    assert guess.seconds(Kind.REINDEX, "app", TARGET, 20) == (6, "history")
    assert guess.seconds(Kind.REINDEX, "app", TARGET, None) == (3, "history")
    assert guess.seconds(Kind.VACUUM, "app", TARGET, 10)[1] == "assumed"
    assert guess.seconds(Kind.REINDEX, "other", TARGET, 10)[1] == "throughput"


def test_else_the_speed_of_others_else_the_guides():
    """Five objects make a speed; before that, the policy's cautious figure."""
    others = [past(f"o{n}", 1, 1000) for n in range(4)]
    size = 30 * POLICY.bytes_per_second[Kind.REINDEX]
    assert predictor(POLICY, others).seconds(Kind.REINDEX, "app", TARGET, size) == (OVERHEAD + 30, "assumed")
    measured = predictor(POLICY, [*others, past("o4", 6, 6000)])
    assert measured.seconds(Kind.REINDEX, "app", TARGET, 5000) == (pytest.approx(5 + OVERHEAD), "throughput")
    assert predictor(POLICY).seconds(Kind.REINDEX, "app", TARGET, None) == (None, "")
