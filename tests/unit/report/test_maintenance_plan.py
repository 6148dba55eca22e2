"""A maintenance plan in its forms: frozen as text, harmless whatever names and queries hold."""

import json
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from pgtune.report.json import dumps
from pgtune.report.maintain import words
from pgtune.report.maintain.markdown import markdown
from pgtune.report.maintain.script import connect, script
from pgtune.report.maintain.table import table
from pgtune.report.paper import Paper
from tests.unit.report.golden import check
from tests.unit.report.maintenance import NOTHING, PLAN

GOLDEN = Path(__file__).parent / "golden" / "maintain"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plan-80.txt", table(PLAN)),
        ("plan-nothing.txt", table(NOTHING)),
        ("plan.md", markdown(PLAN)),
        ("plan.sql", script(PLAN)),
    ],
)
def test_forms(name, text):
    """As frozen in the file."""
    check(text, GOLDEN / name)


@pytest.mark.parametrize("width", [20, 40, 80, 110])
def test_the_table_fits_and_acts_on_no_terminal(width):
    """No control character gets through, and nothing but a long word sticks out."""
    text = table(PLAN, Paper(width))
    assert not [letter for letter in text if unicodedata.category(letter) in {"Cc", "Cf"} and letter != "\n"]
    assert all(len(line) <= max(30, width) or " " not in line.strip()[width:] for line in text.splitlines())


def test_long_lists_are_cut_on_a_terminal_and_counted():
    """A thousand jobs do not scroll the alarms away; the other forms have them all."""
    long = replace(PLAN, jobs=PLAN.jobs * 500, skipped=PLAN.skipped * 50)
    text = table(long)
    assert "... and 950 more" in text
    assert "... and 80 more" in text
    assert len(text.splitlines()) < 500
    assert script(long).count("VACUUM (") == 500


def test_json_holds_everything():
    """Names and statements as they are, with the schema's version."""
    plan = json.loads(dumps(PLAN))
    assert plan["schema"] == "pgtune.maintain.plan/1"
    assert plan["jobs"][0]["sql"] == list(PLAN.jobs[0].sql)
    assert plan["jobs"][0]["blockers"][0]["query"] == PLAN.jobs[0].blockers[0].query
    assert plan["skipped"][0]["grant"] == "GRANT o TO keeper;"


def test_comments_of_the_script_end_with_their_line():
    """A query or a reason with a line break in it must not become a statement."""
    statements = [statement for job in PLAN.jobs for statement in job.sql]
    rest = script(PLAN)
    for statement in statements:
        assert statement in rest
        rest = rest.replace(statement, "")
    allowed = ("--", "\\connect", "SET lock_timeout = 0;", "SET statement_timeout = 0;")
    assert all(line.startswith(allowed) for line in rest.splitlines() if line.strip())


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("app_1", "\\connect app_1"),
        ("a=b", "\\connect -reuse-previous=on \"dbname='a=b'\""),
        ("it's", "\\connect -reuse-previous=on \"dbname='it\\'s'\""),
        ('a"b', '\\connect -reuse-previous=on "dbname=\'a""b\'"'),
        ("a\nb", "SELECT U&'\"dbname=''a\\+00000Ab''\"' AS target \\gset\n\\connect -reuse-previous=on :target"),
    ],
)
def test_databases_are_connected_to_by_name(name, command):
    """Whatever would be read as a connection string is given as one."""
    assert connect(name) == command


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0024, "2 ms"), (0.9999, "1000 ms"), (12, "12 s"), (90, "1.5 min"), (7200, "2 h"), (1e6, "11.6 d")],
)
def test_durations(seconds, text):
    """Three digits that count."""
    assert words.duration(seconds) == text


def test_what_was_skipped_is_not_called_needless():
    """A plan without jobs whose objects could not be done does not say that none needs anything."""
    plan = replace(PLAN, jobs=(), deferred=())
    assert plan.skipped
    assert "no table" not in words.summary(plan)
    assert "skipped" in words.summary(plan)
