"""The order of findings, and the threshold."""

from dataclasses import replace
from itertools import permutations

from pgtune.model.finding import Finding
from pgtune.review.ranking import at_least, ranked
from tests.unit.review.sample import REVIEW

ERROR = Finding("b.b", "error", "b.sql", 9, "m", "h")
UNSURE = Finding("a.a", "error", "a.sql", 1, "m", "h", verified=False)
WARNING = Finding("a.a", "warning", "a.sql", 1, "m", "h")
LATER = Finding("a.a", "warning", "a.sql", 10, "m", "h")
NOTE = Finding("a.a", "note", "a.sql", 1, "m", "h")
RIGHT = (ERROR, UNSURE, WARNING, LATER, NOTE)


def test_the_gravest_and_surest_first():
    """Whatever order they come in."""
    assert {ranked(order) for order in permutations(RIGHT)} == {RIGHT}


def test_the_threshold():
    """At least so grave; `never` fails nothing."""
    assert at_least(RIGHT, "error") == (ERROR, UNSURE)
    assert at_least(RIGHT, "warning") == RIGHT[:4]
    assert [len(replace(REVIEW, fail_on=each).failing) for each in ("error", "warning", "never")] == [1, 2, 0]
