"""The axis of a range key: PostgreSQL's calendar, periods without gaps, bounds as SQL."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtune.partitions import scale
from pgtune.partitions.scale import UNITS, Period, Scale

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1500, 1, 1), datetime(9000, 1, 1))  # noqa: DTZ001


@given(st.dates())
def test_dates_are_those_of_the_gregorian_calendar(day: date):
    """Days since 1970 and back again, leap years included."""
    number = (day - date(1970, 1, 1)).days
    assert scale.days(day.year, day.month, day.day) == number
    assert scale.civil(number) == (day.year, day.month, day.day)


@given(MOMENTS, st.sampled_from(list(UNITS)))
def test_periods_leave_no_gap(moment, unit):
    """A moment lies in its period, and the next one starts where it ends."""
    period, value = Period(unit), (moment.replace(tzinfo=UTC) - EPOCH) // timedelta(seconds=1)
    start = period.floor(value)
    assert start <= value < period.next(start)
    assert period.floor(period.next(start)) == period.next(start)
    assert period.floor(period.next(start) - 1) == start


@given(MOMENTS, st.integers(-12, 12))
def test_a_time_with_a_zone_is_read_in_utc(moment, hours):
    """What pg_stats shows in the session's own zone means the same moment."""
    text = f"{moment:%Y-%m-%d %H:%M:%S}{hours:+03}".replace("+-", "-")
    text = re.sub(r"^\d+", f"{moment.year:04}", text)
    expected = (moment - timedelta(hours=hours)).replace(tzinfo=UTC, microsecond=0) - EPOCH
    assert Scale("timestamp with time zone").read(text) == expected / timedelta(seconds=1)


@pytest.mark.parametrize("text", ["infinity", "-infinity", "0044-03-15 00:00:00 BC", "", "x"])
def test_what_has_no_place_is_left_out(text):
    """Infinity and years before Christ bound no partition."""
    assert Scale("timestamp with time zone").read(text) is None


def test_bounds_are_written_in_full():
    """No session's time zone or date style can change what a bound means."""
    moment = scale.days(2026, 3, 1) * scale.DAY + 3600
    assert Scale("timestamp with time zone").bound(moment) == "('2026-03-01 01:00:00+00')"
    assert Scale("timestamp without time zone").bound(moment) == "('2026-03-01 01:00:00')"
    assert Scale("date").bound(moment) == "('2026-03-01')"
    assert Scale("bigint").bound(-5) == "('-5')"


@pytest.mark.parametrize(
    ("text", "words", "days"),
    [("now() - interval '90 days'", "90 days", 90), ("CURRENT_DATE - '1 year'::interval", "1 year", 365.25)],
)
def test_retention_is_read_out_of_an_expression(text, words, days):
    """The interval that a DELETE subtracts is how long rows live."""
    assert scale.interval(text) == (words, days * scale.DAY)
    assert scale.interval("now()") is None
