"""Schedule files: what they say, and that whatever they cannot mean is refused with file and key."""

import re
from datetime import UTC, datetime

import pytest

from pgtune import guide, resources
from pgtune.maintenance.work import Kind
from pgtune.model.errors import BadInput
from pgtune.schedule.command import arguments
from pgtune.schedule.policy import Policy, load

SHIPPED = resources.schedule("default.toml")
ONE = "[a]\ntasks = ['vacuum']\n"
TIMED = ONE + "every = 'day'\nat = '01:30'\n"


def one(text: str) -> Policy:
    (policy,) = load(text, "mine.toml")
    return policy


def test_the_shipped_schedule_does_what_the_guide_asks() -> None:
    """VACUUM with ANALYZE daily, REINDEX weekly: the guide says how often, the schedule follows."""
    figures = guide.load(resources.text("guide", "guide.toml"))
    policies = {policy.name: policy for policy in load(SHIPPED, "default.toml")}
    assert list(policies) == ["daily", "weekly", "hourly"]
    assert figures.figure("maintenance", "vacuum", "every") == "day"
    assert Kind.VACUUM in policies["daily"].tasks
    assert str(policies["daily"].cron).endswith(" * * *")
    assert figures.figure("maintenance", "reindex", "every") == "week"
    assert policies["weekly"].tasks == (Kind.REINDEX,)
    assert policies["weekly"].cron.weekdays == (0,)
    assert policies["hourly"].tasks == (Kind.LEFTOVERS,)
    assert policies["hourly"].cron.hourly


def test_everything_that_a_policy_can_say() -> None:
    """Each key reaches the policy, and the command line that it stands for."""
    policy = one("""
        [defaults]
        timezone = "Europe/Berlin"
        jobs = 1
        [night-1]
        tasks = ["vacuum", "analyze", "vacuum"]
        cron = "30 22 * * 1-5"
        catch_up = "90min"
        databases = "USER_DATABASES, -app_test%"
        tables = "-audit.%"
        window = "22:00-04:00"
        deadline = "4h"
        jobs = 2
        lock_timeout = "2s"
        max_lag = "64MB"
        max_wal_rate = "50MB/s"
    """)
    assert policy.tasks == (Kind.VACUUM, Kind.ANALYZE)
    assert policy.catch_up == 5400
    assert arguments(policy, "host=db1") == (
        *("maintain", "run", "--task", "vacuum,analyze", "--databases", "USER_DATABASES, -app_test%"),
        *("--tables", "-audit.%", "--window", "22:00-04:00", "--timezone", "Europe/Berlin"),
        *("--deadline", "4h", "--jobs", "2", "--lock-timeout", "2s", "--max-lag", "64MB", "--max-wal-rate", "50MB/s"),
        *("--", "host=db1"),
    )


def test_what_is_left_open_is_left_to_the_run() -> None:
    """A policy that says little is a short command."""
    assert arguments(one(TIMED)) == ("maintain", "run", "--task", "vacuum")


@pytest.mark.parametrize(
    ("when", "cron"),
    [
        ("every = 'day'\nat = '01:30'", "30 1 * * *"),
        ("every = 'hour'\nat = ':07'", "7 * * * *"),
        ("every = 'sun'\nat = '03:00'", "0 3 * * sun"),
        ("every = 'Mon, thu'\nat = '23:59'", "59 23 * * mon,thu"),
        ("every = ['mon', 'tue', 'wed']\nat = '00:00'", "0 0 * * mon-wed"),
        ("cron = '0 3 * * 7'", "0 3 * * sun"),
        ("cron = '@daily'", "0 0 * * *"),
    ],
)
def test_when(when, cron) -> None:
    """The ways to say when, and what each means."""
    assert str(one(ONE + when).cron) == cron


def test_a_policys_own_time_replaces_the_defaults_time() -> None:
    """`at` of the defaults does not fit a policy with a cron text of its own."""
    text = (
        "[defaults]\nevery = 'day'\nat = '02:00'\n[a]\ntasks = ['vacuum']\n[b]\ntasks = ['reindex']\ncron = '0 5 * * 0'"
    )
    assert [str(policy.cron) for policy in load(text, "f")] == ["0 2 * * *", "0 5 * * sun"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[a", "mine.toml: "),
        ("", "mine.toml: there is no policy in it"),
        ("[defaults]\njobs = 2", "there is no policy in it"),
        ("schema = 'pgtune.schedule/9'", "mine.toml: schema: 'pgtune.schedule/9' is not known"),
        ("a = 1", "mine.toml: a must be a table"),
        ("defaults = 1", "mine.toml: defaults must be a table"),
        ("['A B']\ntasks = ['vacuum']", "mine.toml: A B: a policy's name"),
        ("['a\\n0 0 * * * rm']\ntasks = ['vacuum']", "a policy's name"),
        ("[a]\nevery = 'day'\nat = '01:30'", "mine.toml: a.tasks is missing"),
        ("[a]\ntasks = []", "mine.toml: a.tasks: [] is not a list"),
        ("[a]\ntasks = 'vacuum'", "mine.toml: a.tasks: 'vacuum' is not a list"),
        ("[a]\ntasks = ['vacum']", "mine.toml: a.tasks: 'vacum' is no task"),
        ("[a]\ntasks = [['vacuum']]", "mine.toml: a.tasks: ['vacuum'] is no task"),
        (ONE, "mine.toml: a: it does not say when"),
        (ONE + "at = '01:30'", "mine.toml: a: it does not say when"),
        (ONE + "every = 'day'", "mine.toml: a.at must be the time of day"),
        (ONE + "every = 'day'\nat = '25:00'", "mine.toml: a.at must be"),
        (ONE + "every = 'day'\nat = '1:30'", "mine.toml: a.at must be"),
        (ONE + "every = 'hour'\nat = '01:30'", "mine.toml: a.at must be"),
        (ONE + "every = 'hour'\nat = ':60'", "mine.toml: a.at must be"),
        (ONE + "every = 0\nat = '01:30'", "mine.toml: a.every: 0 is not day, hour, or weekdays by name"),
        (ONE + "every = 'week'\nat = '01:30'", "mine.toml: a.every: 'week' is not day"),
        (ONE + "every = '7'\nat = '01:30'", "mine.toml: a.every: '7' is not day"),
        (ONE + "cron = '0 3 * * 9'", "mine.toml: a.cron: the weekday '9'"),
        (ONE + "cron = '0 3 * * 0'\nevery = 'day'", "mine.toml: a: cron and every both say when"),
        (ONE + "cron = '0 3 * * 0'\nat = '01:30'", "mine.toml: a.at belongs to every"),
        (TIMED + "windwo = '01:00-05:00'", "mine.toml: a.windwo is not known; is window meant?"),
        (TIMED + "x = 1", "mine.toml: a.x is not known; there are tasks"),
        ("[defaults]\nx = 1", "mine.toml: defaults.x is not known"),
        (TIMED + "timezone = 'Europe/Bärlin'", "mine.toml: a.timezone: 'Europe/Bärlin' is no time zone"),
        (TIMED + "timezone = '../etc/passwd'", "mine.toml: a.timezone: '../etc/passwd' is no time zone"),
        (TIMED + "timezone = 2", "mine.toml: a.timezone: 2 is not text"),
        (TIMED + "window = '1-5'", "mine.toml: a.window: '1-5': two times of day"),
        (TIMED + "window = '01:00-01:00'", "mine.toml: a.window: '01:00-01:00' opens and closes at once"),
        (TIMED + "window = '03:00-05:00'", "mine.toml: a.window: 03:00-05:00 is never open when 30 1 * * * comes"),
        (TIMED + "deadline = '4 hours'", "mine.toml: a.deadline: '4 hours' is not a duration"),
        (TIMED + "deadline = '0s'", "mine.toml: a.deadline: '0s' must be more than nothing"),
        (TIMED + "deadline = 4", "mine.toml: a.deadline: 4 is not text"),
        (TIMED + "jobs = 0", "mine.toml: a.jobs: 0 is not a number from 1"),
        (TIMED + "jobs = true", "mine.toml: a.jobs: True is not a number from 1"),
        (TIMED + "max_lag = '64MiB'", "mine.toml: a.max_lag: '64MiB' is not a size"),
        (TIMED + "max_wal_rate = '50MB'", "mine.toml: a.max_wal_rate: '50MB' is not a rate"),
        (TIMED + "databases = 'a,,b'", "mine.toml: a.databases: "),
        (TIMED + "schemas = 'a'\ntables = 'b.c'", "mine.toml: a: schemas and tables both say which tables"),
        (TIMED + "databases = ''", "mine.toml: a.databases: '' is not text"),
        (TIMED + 'databases = "a\\nb"', "mine.toml: a.databases: 'a\\nb' has letters that cannot be printed"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(text, complaint) -> None:
    """One line that names the file and the key; a schedule that is silently not followed is found out months later."""
    with pytest.raises(BadInput, match=re.escape(complaint)) as caught:
        load(text, "mine.toml")
    assert "\n" not in str(caught.value).strip() or text == "[a"


def test_a_window_is_by_the_policys_own_clock() -> None:
    """01:30 in Berlin is 00:30 in UTC."""
    policy = one(TIMED + "timezone = 'Europe/Berlin'\nwindow = '01:00-05:00'")
    assert policy.open_at(datetime(2026, 1, 1, 0, 30, tzinfo=UTC))
    assert not policy.open_at(datetime(2026, 1, 1, 4, 30, tzinfo=UTC))
