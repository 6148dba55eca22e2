"""Windows in the wall time of a zone: past midnight, and on the two days when clocks change."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtune.maintenance.window import window
from pgtune.model.errors import BadInput

BERLIN = ZoneInfo("Europe/Berlin")


def at(text, zone=UTC):
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("text", "now", "left"),
    [
        ("01:00-05:00", "2026-06-01 01:00", 4 * 3600),
        ("01:00-05:00", "2026-06-01 00:59", None),
        ("01:00-05:00", "2026-06-01 05:00", None),
        ("22:30-04:00", "2026-06-01 23:00", 5 * 3600),
        ("22:30-04:00", "2026-06-01 03:59", 60),
        ("22:30-04:00", "2026-06-01 12:00", None),
        ("20:00-24:00", "2026-06-01 23:00", 3600),
    ],
)
def test_what_is_left(text, now, left):
    """It opens with its first second and is closed with its last."""
    assert window(text, UTC).left(at(now)) == left


@pytest.mark.parametrize(
    ("now", "left"),
    [
        ("2026-03-29 01:00", 3 * 3600),  # the hour from 2 to 3 is left out
        ("2026-10-25 01:00", 5 * 3600),  # it comes twice
        ("2026-06-01 01:00", 4 * 3600),
    ],
)
def test_days_when_clocks_change(now, left):
    """Four hours by the wall are three or five."""
    assert window("01:00-05:00", BERLIN).left(at(now, BERLIN)) == left


def test_a_window_in_the_hour_that_is_left_out():
    """02:15 to 02:45 does not come that day by the wall; the window is the half hour after the change, and no error."""
    opening = window("02:15-02:45", BERLIN).next_opening(at("2026-03-29 00:00", BERLIN))
    assert opening == at("2026-03-29 01:15")


def test_a_window_in_the_hour_that_comes_twice():
    """It opens with the first coming and closes with the second, once that night."""
    opened = window("02:15-02:45", BERLIN)
    assert opened.left(at("2026-10-25 00:15")) == 90 * 60
    assert opened.left(at("2026-10-25 01:45")) is None
    assert opened.next_opening(at("2026-10-25 00:15")) == at("2026-10-26 01:15")


@pytest.mark.parametrize("text", ["", "1-5", "25:00-26:00", "01:60-02:00", "03:00-03:00", "00:00-24:00", "01:00", "a"])
def test_a_window_that_cannot_be_read_is_refused(text):
    """Two different times of day, and nothing else."""
    with pytest.raises(BadInput):
        window(text, UTC)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.times(),
    st.times(),
    st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"]),
)
def test_a_closed_window_opens_within_three_days(now, opens, closes, zone):
    """Whatever the zone does: Samoa left out a whole day, Lord Howe changes by half an hour."""
    text = f"{opens:%H:%M}-{closes:%H:%M}"
    if f"{opens:%H:%M}" == f"{closes:%H:%M}":
        return
    found = window(text, ZoneInfo(zone))
    opening = found.next_opening(now)
    assert 0 < (opening - now).total_seconds() <= 3 * 86400
    assert found.left(opening) is not None or found.left(now) is None
