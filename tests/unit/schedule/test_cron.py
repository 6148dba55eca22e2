"""When a cron text comes: as Debian's cron has it, and exactly once on the two days a year when the clocks change."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from pgtune.model.errors import BadInput
from pgtune.schedule.cron import DAYS, following, parse, preceding
from pgtune.schedule.trigger import Trigger

UTC_ZONE = ZoneInfo("UTC")
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
# Noon before each change of clocks in 2026.
CHANGES = [
    (BERLIN, datetime(2026, 3, 28, 12, tzinfo=UTC), 23),
    (BERLIN, datetime(2026, 10, 24, 12, tzinfo=UTC), 25),
    (NEW_YORK, datetime(2026, 3, 7, 17, tzinfo=UTC), 23),
    (NEW_YORK, datetime(2026, 10, 31, 17, tzinfo=UTC), 25),
]


def walk(text: str, zone: ZoneInfo, since: datetime, until: datetime) -> list[datetime]:
    """The moments at which APScheduler would fire, asked the way it asks: with the one before."""
    trigger, found = Trigger(parse(text), zone), []
    moment = trigger.get_next_fire_time(None, since)
    while moment is not None and moment < until:
        found.append(moment)
        moment = trigger.get_next_fire_time(moment, moment)
    return found


@pytest.mark.parametrize(("zone", "noon", "_hours"), CHANGES)
@pytest.mark.parametrize("clock", ["30 2", "0 2", "59 2", "30 1", "0 3"])
def test_a_time_of_day_comes_once_on_each_day(clock, zone, noon, _hours) -> None:
    """Before and after a change, and on the day itself, a fixed time fires once a date, and only once."""
    local = noon.astimezone(zone)
    since, until = noon - timedelta(days=2), noon + timedelta(days=3)
    dates = [moment.astimezone(zone).date() for moment in walk(f"{clock} * * *", zone, since, until)]
    assert dates == [local.date() + timedelta(days=n) for n in range(-1, 4)]


def test_the_first_of_two_and_the_end_of_the_gap() -> None:
    """02:30 in Berlin: in October at the summer's 02:30, in March at 03:00, when the gap ends."""
    october = walk("30 2 * * *", BERLIN, datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 10, 26, tzinfo=UTC))
    march = walk("30 2 * * *", BERLIN, datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 29, 12, tzinfo=UTC))
    assert october == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]
    assert march == [datetime(2026, 3, 29, 1, 0, tzinfo=UTC)]


@pytest.mark.parametrize(("zone", "noon", "hours"), CHANGES)
def test_every_hour_means_every_hour_that_passes(zone, noon, hours) -> None:
    """A day of 23 or 25 hours has as many hourly runs, an hour apart."""
    day = noon.astimezone(zone).date() + timedelta(days=1)
    since = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    moments = walk("17 * * * *", zone, since, since + timedelta(hours=hours))
    assert len(moments) == hours
    assert {later - earlier for earlier, later in pairwise(moments)} == {timedelta(hours=1)}


@pytest.mark.parametrize("text", ["0 4 * * 0", "0 4 * * 7", "0 4 * * sun", "0 4 * * SUN", "@weekly"])
def test_0_and_7_are_sunday(text) -> None:
    """Cron's digits keep cron's meaning, and a day is written by its name."""
    moment = following(parse(text), datetime(2026, 11, 24, tzinfo=UTC), BERLIN)
    assert moment is not None
    assert moment.astimezone(BERLIN).strftime("%a") == "Sun"
    assert str(parse(text)).endswith("* * sun")


def test_apscheduler_would_have_taken_monday() -> None:
    """Why cron texts are not given to APScheduler: the day that this project must never rebuild on by mistake."""
    fired = CronTrigger.from_crontab("0 4 * * 0", UTC).get_next_fire_time(None, datetime(2026, 11, 24, tzinfo=UTC))
    assert fired.strftime("%a") == "Mon"


def test_day_and_weekday_are_either() -> None:
    """The 13th, and every Friday: cron's "or", where APScheduler has "and"."""
    found = walk("0 0 13 * fri", UTC_ZONE, datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
    assert [moment.day for moment in found] == [6, 13, 20, 27]
    found = walk("0 0 11 * fri", UTC_ZONE, datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
    assert [moment.day for moment in found] == [6, 11, 13, 20, 27]

    assert str(parse("0 0 2 * 0-6")) == str(parse("0 0 1-31 * mon")) == "0 0 * * *"


def numbers(least: int, most: int) -> st.SearchStrategy[str]:
    """A field: everything, a list, a range, a range with a step."""
    one = st.integers(least, most)
    # CronSim reads 0-0/1 as 0/1; all hours as a range are not the star that it looks for when clocks change.
    spans = st.tuples(one, one).map(sorted).filter(lambda span: span[0] < span[1] and span != [0, 23])
    return st.one_of(
        st.just("*"),
        st.lists(one, min_size=1, max_size=4).map(lambda each: ",".join(map(str, each))),
        spans.map(lambda span: f"{span[0]}-{span[1]}"),
        st.tuples(spans, st.integers(1, 9)).map(lambda each: f"{each[0][0]}-{each[0][1]}/{each[1]}"),
    )


@given(
    st.tuples(numbers(0, 59).filter(lambda minute: minute != "*"), numbers(0, 23)),
    st.tuples(numbers(1, 28), st.just("*"), numbers(0, 7)),
    st.integers(0, 2 * 365 * 1440).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
    st.sampled_from([BERLIN, NEW_YORK, ZoneInfo("Asia/Kolkata"), UTC_ZONE]),
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_as_debians_cron(clock, date, since, zone) -> None:
    """Any text with fixed minutes comes when Debian's cron would come, through all changes of clocks."""
    text = " ".join([*clock, *date])
    cron = parse(text)
    theirs = CronSim(text, since.astimezone(zone))
    moment = since
    for _ in range(6):
        moment = following(cron, moment, zone)
        assert moment == next(theirs).astimezone(UTC), text


@given(
    st.tuples(numbers(0, 59), numbers(0, 23), numbers(1, 31), numbers(1, 12), numbers(0, 7)),
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_its_text_means_the_same(words) -> None:
    """What is written out is read back as the same, and by another parser too."""
    try:
        cron = parse(" ".join(words))
    except BadInput:  # a day that none of its months has
        assert words[2] != "*"
        return
    assert parse(str(cron)) == cron
    CronSim(str(cron), datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("text", ["17 * * * *", "30 2 * * *", "0 5 * * sun", "0 0 29 2 *"])
@pytest.mark.parametrize(("zone", "noon", "_hours"), CHANGES)
def test_preceding_is_the_last_one_before(text, zone, noon, _hours) -> None:
    """The time before now, and nothing between it and now; now itself counts."""
    cron = parse(text)
    before = preceding(cron, noon, zone)
    assert before is not None
    assert before <= noon
    after = following(cron, before, zone)
    assert after is None or after > noon
    assert preceding(cron, before, zone) == before


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("0 3 * *", "4 fields"),
        ("0 3 * * 8", "weekday '8'"),
        ("60 3 * * *", "minute '60'"),
        ("0 24 * * *", "hour '24'"),
        ("0 3 0 * *", "day of the month '0'"),
        ("0 3 * 13 *", "month '13'"),
        ("0 3 * * suun", "weekday 'suun'"),
        ("0 3 5-2 * *", "names nothing"),
        ("*/0 3 * * *", "names nothing"),
        ("0 3 30 2 *", "never comes"),
        ("0 3 */2 * mon", "crons disagree"),
        ("0 3 1 * */2", "crons disagree"),
        ("@reboot", "1 fields"),
        ("0 3 * * \u0663", "weekday"),
        ("-1 3 * * *", "minute '-1'"),
        ("0 3 L * *", "day of the month 'L'"),
    ],
)
def test_what_cannot_be_meant_is_refused(text, complaint) -> None:
    """A text that is no cron text is refused with the field that is wrong."""
    with pytest.raises(BadInput, match=complaint):
        parse(text)


def test_the_end_of_the_calendar_is_no_error() -> None:
    """Beyond the last year that Python knows there is no next time."""
    assert following(parse("0 0 * * *"), datetime(9999, 12, 31, 12, tzinfo=UTC), BERLIN) is None


def test_names_are_cron_days() -> None:
    """The names count from Sunday."""
    assert DAYS[0] == "sun"
    assert parse("0 0 * * mon-sun").weekdays == tuple(range(7))
    assert parse("0 0 * * fri-sun").weekdays == (0, 5, 6)
