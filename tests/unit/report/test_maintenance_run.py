"""A finished run and the history in their forms: frozen as text, harmless whatever names and details hold."""

import json
import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from pgtune.maintenance.record import Entry, Recorded, Run, Working
from pgtune.maintenance.work import Alarm, Deferred, Kind, Outcome, Result, Skipped
from pgtune.report.json import dumps
from pgtune.report.maintain.metrics import metrics
from pgtune.report.maintain.run import history, line, table, working
from pgtune.report.paper import Paper
from tests.unit.report.golden import check
from tests.unit.report.maintenance import ODD, REBUILD, SLOT, VACUUM, WRITER

GOLDEN = Path(__file__).parent / "golden" / "maintain"
BEGAN, ENDED = "2026-11-24T01:30:00.000+00:00", "2026-11-24T01:42:30.500+00:00"
RUN = Run(
    number=12, target='keeper@db1:5432/app "x"\n', version=180006, began=BEGAN, ended=ENDED, exit_code=1,
    ended_early="a standby is 70000000 bytes behind, more than the 67108864 allowed, for 600 s",
    results=(
        Result(REBUILD, Outcome.DONE, seconds=92.0, bytes_before=1200 << 20, bytes_after=500 << 20),
        Result(VACUUM, Outcome.NOTHING_REMOVABLE, "0 of 2000 dead rows removable; replication slot far", BEGAN, ENDED,
               0.4, 12_000, 12_000, 1 << 20, 1 << 20, (SLOT,)),
        Result(REBUILD, Outcome.BLOCKED, "session 4711 of app (till) for 10800 s (3 attempts)", blocked_by=(WRITER,)),
        Result(VACUUM, Outcome.DEFERRED, "the time is over"),
    ),
    skipped=(Skipped(Kind.VACUUM, "app", ODD, "it belongs to o", "GRANT o TO keeper;"),),
    deferred=(Deferred(VACUUM, "no time left in the window"),), alarms=(Alarm("app", "duplicate key: 4711", ODD),),
    debris=("public.orders_v_ccnew in app: session 4711",), notes=("a note",),
)  # fmt: skip
QUIET = replace(RUN, exit_code=0, ended_early="", results=RUN.results[:1], skipped=(), deferred=(), alarms=(),
                debris=(), notes=())  # fmt: skip
ENTRY = Entry(12, 1, Kind.VACUUM, "app", ODD.schema, ODD.name, "VACUUM x;", BEGAN, ENDED, Outcome.DONE, "", 0.34)
HISTORY = (
    Recorded(12, "keeper@db1:5432/app", BEGAN, ENDED, 1, "a standby is behind", (ENTRY,)),
    Recorded(
        11, "keeper@db1:5432/app", BEGAN, None, None, "", (replace(ENTRY, ended=None, outcome=None, seconds=None),)
    ),
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("run-80.txt", table(RUN)),
        ("run-quiet.txt", table(QUIET)),
        ("run.prom", metrics(RUN)),
        ("history-80.txt", history(HISTORY)),
        ("history-entries.txt", history(HISTORY, entries=True)),
    ],
)
def test_forms(name, text):
    """As frozen in the file."""
    check(text, GOLDEN / name)


@pytest.mark.parametrize("text", [table(RUN, Paper(40)), history(HISTORY, Paper(40), entries=True)])
def test_no_control_character_gets_through(text):
    """Names and queries act on no terminal."""
    assert not [letter for letter in text if unicodedata.category(letter) in {"Cc", "Cf"} and letter != "\n"]


def test_lines_of_a_log_say_what_happened():
    """One line a result, and one for what is at work."""
    assert line(RUN.results[0]).endswith(": done in 1.53 min, 700 MB given back")
    told = working(Working(Kind.REINDEX, ODD.shown, 61.0, "building index: scanning table", 0.5, waiting=True))
    assert told.endswith("1.02 min building index: scanning table 50%, waiting")
    assert "\x1b" not in told


def test_json_holds_everything():
    """Outcomes, sizes, who stood in the way, with the schema's version."""
    run = json.loads(dumps(RUN))
    assert run["schema"] == "pgtune.maintain.run/1"
    assert [r["outcome"] for r in run["results"]] == ["done", "nothing removable", "blocked", "deferred"]
    assert run["results"][2]["blocked_by"][0]["name"] == "4711"


def test_metrics_are_of_the_format_that_prometheus_reads():
    """Each line is a comment or a series whose labels are quoted, line breaks and quotes in them escaped."""
    for text in metrics(RUN).splitlines():
        series = r'pgtune_maintain_\w+\{(\w+="(?:[^"\\]|\\["\\n])*",?)+\} -?[0-9.e+]+'
        assert text.startswith(("# HELP ", "# TYPE ")) or re.fullmatch(series, text), text


def test_a_thousand_failures_do_not_scroll_the_rest_away():
    """Long lists are cut on a terminal and counted; JSON has them all."""
    text = table(replace(RUN, results=RUN.results * 500))
    assert len(text.splitlines()) < 150
    assert "more; --output json has all" in text
