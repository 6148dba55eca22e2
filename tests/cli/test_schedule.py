"""`pgtune schedule`: what it prints, what it refuses, and where it writes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

SCHEDULE = """
[night]
tasks = ["vacuum", "analyze"]
cron = "30 2 * * 0"
timezone = "Europe/Berlin"
window = "02:00-05:00"
deadline = "2h"
databases = "USER_DATABASES, -app_test%"
"""
SCHEMAS = Path(__file__).parents[2] / "docs/schemas"


@pytest.fixture
def schedule(tmp_path: Path) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(SCHEDULE)
    return str(path)


def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `pgtune schedule` on a machine whose zone is UTC."""
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "80", "TZ": "UTC"} | variables
    return subprocess.run(
        [sys.executable, "-m", "pgtune", "schedule", *words],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )


def test_list_for_a_person(schedule: str) -> None:
    """What runs when, on what, within which bounds, and nothing that was not said."""
    done = run("list", "--schedule", schedule)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "night: vacuum, analyze",
        "  when       30 2 * * sun (Europe/Berlin)",
        "  window     02:00-05:00",
        "  deadline   2h",
        "  databases  USER_DATABASES, -app_test%",
    ]


def test_list_as_json(schedule: str) -> None:
    """The same as data, with its schema's name."""
    form = json.loads(run("list", "--schedule", schedule, "--output", "json").stdout)
    assert form["schema"] == "pgtune.schedule.list/1"
    (policy,) = form["policies"]
    assert (policy["name"], policy["cron"], policy["deadline_s"], policy["jobs"]) == (
        "night",
        "30 2 * * sun",
        7200,
        None,
    )


@pytest.mark.parametrize("name", ["list", "next"])
@pytest.mark.parametrize("file", [True, False], ids=["own", "default"])
def test_what_is_printed_is_valid_by_its_published_schema(schedule: str, name: str, *, file: bool) -> None:
    """No field is missing, none undocumented; a missing, an unknown and a wrong one are told."""
    words = ("--schedule", schedule) if file else ()
    form = json.loads(run(name, *words, "--output", "json").stdout)
    text = (SCHEMAS / f"{form['schema'].replace('/', '.')}.json").read_text(encoding="utf-8")
    published = jsonschema.Draft202012Validator(json.loads(text))
    published.validate(form)
    (key,) = form.keys() - {"schema"}
    first = form[key][0]
    for wrong in (first | {"more": 1}, first | {"tasks": ["dance"]}, {**first, "timezone": None}, {}):
        assert not published.is_valid(form | {key: [wrong]})


def test_next_by_the_clock_of_the_zone(schedule: str) -> None:
    """N times, all of them Sundays at 02:30 in Berlin, but on the day in March that has none: then 03:00."""
    form = json.loads(run("next", "-n", "60", "--schedule", schedule, "--output", "json").stdout)
    assert form["schema"] == "pgtune.schedule.next/1"
    clocks = [each["at"][11:16] for each in form["times"]]
    assert len(clocks) == 60
    assert set(clocks) == {"02:30", "03:00"}
    assert clocks.count("03:00") in {1, 2}  # 60 weeks see one or two Marches
    table = run("next", "-n", "1", "--schedule", schedule).stdout
    assert table.startswith("Sun ")
    assert "Europe/Berlin  night  vacuum, analyze" in table


def test_timezone_is_for_policies_that_name_none(schedule: str) -> None:
    """--timezone does not take the place of what a file says."""
    zones = [
        {each["timezone"] for each in json.loads(run("next", *words, "--output", "json").stdout)["times"]}
        for words in (("--schedule", schedule, "--timezone", "Asia/Tokyo"), ("--timezone", "Asia/Tokyo"), ())
    ]
    assert zones == [{"Europe/Berlin"}, {"Asia/Tokyo"}, {"UTC"}]


def test_the_schedule_can_come_from_the_environment(schedule: str) -> None:
    """As a container wants it."""
    assert run("list", PGTUNE_SCHEDULE=schedule).stdout.startswith("night: ")


def test_export_to_a_folder(schedule: str, tmp_path: Path) -> None:
    """Each file is written and named; data goes nowhere else."""
    done = run("export", "--systemd", "--schedule", schedule, "--directory", str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "")
    assert {path.name for path in tmp_path.iterdir()} == {"mine.toml", "pgtune-night.service", "pgtune-night.timer"}
    assert "OnCalendar=Sun *-*-* 02:30:00 Europe/Berlin" in (tmp_path / "pgtune-night.timer").read_text()
    assert f"wrote {tmp_path / 'pgtune-night.timer'}" in done.stderr


def test_export_to_standard_output(schedule: str) -> None:
    """One file as it is, so that it can be piped; several with the place of each above it."""
    cron = run("export", "--cron", "--schedule", schedule, "--program", "/usr/bin/pgtune", "host=db1").stdout
    assert cron.splitlines()[-1] == (
        "30 2 * * sun /usr/bin/pgtune maintain run --task vacuum,analyze"
        r" --databases 'USER_DATABASES, -app_test\%' --window 02:00-05:00 --timezone Europe/Berlin --deadline 2h"
        " -- host=db1"
    )
    units = run("export", "--systemd", "--schedule", schedule).stdout
    assert "# /etc/systemd/system/pgtune-night.service\n[Unit]" in units
    assert "# /etc/systemd/system/pgtune-night.timer\n" in units


@pytest.mark.parametrize("kind", ["--cron", "--systemd", "--kubernetes", "--airflow"])
@pytest.mark.parametrize("conninfo", ["host=db1 password=hunter2", "postgresql://u:hunter2@db1/x"])
def test_no_password_is_exported(kind: str, conninfo: str, schedule: str) -> None:
    """A password in the connection string is refused, and not repeated."""
    done = run("export", kind, "--schedule", schedule, conninfo)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no password is written" in done.stderr
    assert "hunter2" not in done.stderr


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("list", "--schedule", "/nowhere/mine.toml"), "pgtune: /nowhere/mine.toml cannot be read"),
        (("next", "--timezone", "Mars/Olympus"), "pgtune: --timezone: 'Mars/Olympus' is no time zone"),
        (("next", "-n", "0"), "-n"),
        (("export",), "one of --cron, --systemd, --kubernetes and --airflow"),
        (("export", "--kubernetes"), "pgtune: policy daily: a cluster has no local time"),
        (("export", "--cron", "--directory", "/nowhere"), "pgtune: /nowhere/pgtune.crontab cannot be written"),
        (("export", "--cron", "=x"), "pgtune: the connection string is neither a URI nor words"),
        (("run", "=x"), "pgtune: the connection string is neither a URI nor words"),
        (("run", "--heartbeat", "/nowhere/beat", "host=/nowhere"), "pgtune: the sign of life /nowhere/beat"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(words: tuple[str, ...], complaint: str) -> None:
    """Exit code 2, a line that says what is wrong, no data and no traceback."""
    done = run(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_no_sign_of_life_is_bad_health(tmp_path: Path) -> None:
    """Exit code 3, as for a server that cannot be reached."""
    done = run("health", PGTUNE_HEARTBEAT=str(tmp_path / "beat"))
    assert (done.returncode, done.stdout) == (3, "")
    assert "no sign of life" in done.stderr
