"""What is due: at its time, after a downtime, after a failure, and never too late or outside its window."""

from datetime import UTC, datetime, timedelta

import pytest

from pgtune.schedule.agenda import RETRY, Agenda
from pgtune.schedule.policy import load

TEXT = """
[defaults]
timezone = "UTC"
[daily]
tasks = ["vacuum"]
every = "day"
at = "01:30"
window = "01:00-05:00"
catch_up = "8h"
[strict]
tasks = ["analyze"]
every = "day"
at = "02:00"
[hourly]
tasks = ["leftovers"]
every = "hour"
at = ":17"
catch_up = "30min"
"""
NIGHT = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def agenda() -> Agenda:
    return Agenda(load(TEXT, "f"))


def test_what_fired_is_taken_once(agenda) -> None:
    """Fired twice while another run was at work, it is done once."""
    agenda.fired("daily", NIGHT)
    agenda.fired("daily", NIGHT + MINUTE)
    due = agenda.take(NIGHT + 2 * MINUTE)
    assert due is not None
    assert due.policy.name == "daily"
    assert agenda.take(NIGHT + 3 * MINUTE) is None


def test_what_waited_longest_comes_first(agenda) -> None:
    """Of two that became due while a third ran, the earlier one begins."""
    agenda.fired("hourly", NIGHT + 47 * MINUTE)
    agenda.fired("daily", NIGHT)
    now = NIGHT + 60 * MINUTE
    taken = [agenda.take(now), agenda.take(now)]
    assert [due.policy.name for due in taken if due] == ["daily", "hourly"]


@pytest.mark.parametrize(
    ("now", "ran", "missed"),
    [
        (NIGHT + 60 * MINUTE, NIGHT - timedelta(days=1), True),  # down at 01:30, up at 02:30
        (NIGHT + 60 * MINUTE, NIGHT - timedelta(days=9), True),  # nine days down are one run
        (NIGHT + 60 * MINUTE, NIGHT, False),  # it ran
        (NIGHT + 60 * MINUTE, NIGHT + MINUTE, False),  # it ran late
        (NIGHT + 60 * MINUTE, None, False),  # it was just made
        (NIGHT + timedelta(hours=8), NIGHT - timedelta(days=1), False),  # too late
    ],
)
def test_catching_up_after_a_downtime(agenda, now, ran, missed) -> None:
    """Missed is what has not run since its last time, once, as long as it is not too late."""
    found = agenda.catch_up(now, lambda policy: ran if policy.name == "daily" else None)
    assert [due.policy.name for due in found] == (["daily"] if missed else [])
    if missed:
        due = agenda.take(now)
        assert due is not None
        assert due.since == NIGHT
    assert agenda.take(now) is None


def test_what_was_missed_waits_for_its_window(agenda) -> None:
    """Up again at 06:00, outside 01:00-05:00: nothing begins in office hours, and in the end it is too late."""
    morning = NIGHT.replace(hour=6)
    assert (
        agenda.catch_up(morning, lambda each: NIGHT.replace(day=23) if each.name == "daily" else None)[0].policy.name
        == "daily"
    )
    assert agenda.take(morning) is None
    assert agenda.expired(morning + timedelta(hours=3))[0].policy.name == "daily"
    assert agenda.take(morning + timedelta(days=1)) is None


def test_nothing_is_caught_up_on_that_is_already_due(agenda) -> None:
    """What just fired is not entered a second time."""
    agenda.fired("daily", NIGHT)
    assert (
        agenda.catch_up(NIGHT + MINUTE, lambda policy: NIGHT.replace(day=1) if policy.name == "daily" else None) == []
    )


def test_without_an_allowance_a_minute_is_too_late(agenda) -> None:
    """A policy that does not catch up is left out when the run before took too long."""
    agenda.fired("strict", NIGHT)
    assert agenda.take(NIGHT + MINUTE) is None
    assert [due.policy.name for due in agenda.expired(NIGHT + MINUTE)] == ["strict"]


@pytest.mark.parametrize(("code", "again"), [(0, False), (1, False), (2, False), (3, True), (4, False), (5, True)])
def test_what_was_not_begun_is_tried_again(agenda, code, again) -> None:
    """No connection, a standby, another run: later. A run that went to its end, however it ended, is over."""
    agenda.fired("daily", NIGHT)
    due = agenda.take(NIGHT)
    assert due is not None
    assert agenda.ended(due, code, NIGHT + MINUTE) is again
    assert agenda.take(NIGHT + 2 * MINUTE) is None
    later = agenda.take(NIGHT + MINUTE + RETRY)
    assert (later is not None) is again


def test_trying_again_ends(agenda) -> None:
    """Nothing is tried again that would then be too late."""
    agenda.fired("strict", NIGHT)
    due = agenda.take(NIGHT)
    assert due is not None
    assert not agenda.ended(due, 3, NIGHT)


def test_who_does_not_lead_forgets(agenda) -> None:
    """What became due here is the other scheduler's now."""
    agenda.fired("daily", NIGHT)
    agenda.clear()
    assert agenda.take(NIGHT) is None
