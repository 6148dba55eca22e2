"""The report for a terminal."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgtune.model.units import human_bytes
from pgtune.report.paper import Paper, visible
from pgtune.report.table import OFFLINE, table
from tests.unit.report.golden import check
from tests.unit.report.sample import BUDGET, HOSTILE, LINES, NOTHING, TIGHT, TUNING

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("width", [40, 80, 110])
def test_golden(width: int) -> None:
    """The whole page is as somebody last looked at it, narrow, in 80 columns and wide."""
    check(table(TUNING, Paper(width)), GOLDEN / f"table-{width}.txt")


@pytest.mark.parametrize("tuning", [TUNING, TIGHT, NOTHING, HOSTILE])
def test_fits_80_columns(tuning) -> None:
    """No line is wider than the terminal."""
    assert max(map(len, table(tuning, Paper(80)).splitlines())) <= 80


@pytest.mark.parametrize("width", [1, 10, 20, 30, 40, 59, 60, 61, 79, 100, 200])
def test_any_width_says_the_same(width: int) -> None:
    """However wide the terminal is, no word gets lost."""
    words = set(re.findall(r"[a-z_]{3,}", table(TUNING, Paper(width))))
    assert set(re.findall(r"[a-z_]{3,}", table(TUNING, Paper(100)))) - words <= {"memory", "max"}  # folded in a path


def test_every_line_is_told_in_full() -> None:
    """Each change says its name, both values, what it takes, why, who sets it and the source."""
    page = " ".join(table(TUNING, Paper(80)).split())
    for line in LINES:
        assert (
            f"{line.name} {line.current or repr('')} → {line.proposed} {'restart' if line.restart else 'reload'}"
            in page
        )
        assert line.why in page
        assert f"set by {line.set_by}" in page
        assert line.source.replace("PostgreSQL documentation,", "docs") in page


def test_what_apply_leaves_out_says_why() -> None:
    """A blocked line carries its reason."""
    page = " ".join(table(TUNING, Paper(80)).split())
    assert "! --apply leaves it out: 1 standby attached" in page
    assert page.count("leaves it out") == 1


def test_hardware_names_where_each_figure_was_read() -> None:
    """No figure of the machine stands without its source."""
    page = " ".join(table(TUNING, Paper(110)).split())
    for text in (
        "memory 24 GB /sys/fs/cgroup",
        "CPUs 2 affinity of the postmaster",
        "less 2 GB redis-server",
    ):
        assert text in page


def test_budget_names_every_addend_the_sum_and_that_it_is_no_bound() -> None:
    """The budget is there line by line, with its sum, its limit, and the words that it is assumed."""
    page = " ".join(table(TUNING, Paper(80)).split())
    for line in BUDGET.lines:
        assert f"{line.what} {human_bytes(line.bytes)}" in page
    assert "assumed peak 10.8 GB 45 % within the limit of 21.6 GB, 90 % of 24 GB" in page
    assert "not a bound: work_mem counts for each sort or hash node" in page


def test_budget_that_does_not_fit_is_loud() -> None:
    """More than the limit is called so, with the connections that would fit."""
    page = " ".join(table(TIGHT, Paper(80)).split())
    assert "MORE than the limit" in page
    assert "140 connections would fit" in page
    none = replace(TIGHT, budget=replace(TIGHT.budget, connections_that_fit=None))
    assert "needs more memory" in " ".join(table(none).split())


def test_nothing_to_change_is_one_line() -> None:
    """A server that is right gets one line instead of changes, and no commands to go on with."""
    page = table(NOTHING, Paper(80))
    assert sum("Nothing to change" in line for line in page.splitlines()) == 1
    assert "How to go on" not in page
    assert "reload" not in page


def test_title_names_the_version_once() -> None:
    """The version stands beside the target, unless the target names it already."""
    assert table(TUNING).startswith("shop on db1:5432: PostgreSQL 18.6, profile mixed\n")
    named = replace(TUNING, target="PostgreSQL 18, no server asked", version=180000)
    assert table(named).startswith("PostgreSQL 18, no server asked, profile mixed\n")


def test_steps_without_a_server_do_not_offer_apply() -> None:
    """Where no server was asked, the way on is a file."""
    page = table(TUNING, Paper(80), OFFLINE)
    assert "--output conf" in page
    assert "pgtune tune --apply" not in page


def test_colour_only_as_painted() -> None:
    """Without paint there is no escape sequence; paint changes no letter of the text."""
    painted = table(TUNING, Paper(80, lambda text, _role: f"\x1b[1m{text}\x1b[0m"))
    assert "\x1b" not in table(TUNING, Paper(80))
    assert re.sub(r"\x1b\[\d+m", "", painted).split() == table(TUNING, Paper(80)).split()


def test_ascii_paper() -> None:
    """Where the terminal knows no Unicode, arrows and lines are ASCII."""
    page = table(TUNING, Paper(80, unicode=False))
    assert page.isascii()
    assert "128MB -> 6GB" in page


def test_hostile_text_cannot_act_on_the_terminal() -> None:
    """A target or a value with an escape sequence is shown, not obeyed; a newline adds no line of its own."""
    page = table(HOSTILE, Paper(80))
    assert "\x1b" not in page
    assert r"\x1b[31m" in page
    assert not any(line.startswith("listen_addresses") for line in page.splitlines())


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_visible_is_one_printable_line(text: str) -> None:
    """Whatever comes from outside becomes one line without a control or direction mark."""
    seen = visible(text)
    assert len(seen.splitlines()) <= 1
    assert "\x1b" not in seen
    assert "\u202e" not in seen
    assert all(letter.isprintable() or letter not in "\x00\x07\x08\x7f\x9b" for letter in seen)
