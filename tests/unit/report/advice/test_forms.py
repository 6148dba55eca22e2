"""Advice as a person or a program reads it: for a terminal, a ticket, a browser and in JSON."""

import json
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from pgtune.report.advice.forms import FORMS
from pgtune.report.advice.html import html
from pgtune.report.advice.json import advice_json
from pgtune.report.advice.markdown import markdown
from pgtune.report.advice.table import table
from pgtune.report.advice.words import most
from pgtune.report.paper import Paper
from tests.unit.report.advice.sample import ADVICE, ANSWER, DROPS, HOSTILE, NOTHING, PROVEN, RECOMMENDATIONS
from tests.unit.report.golden import check
from tests.unit.report.test_html import ALLOWED, Page

GOLDEN = Path(__file__).parent / "golden"
SCHEMA = json.loads((Path(__file__).parents[4] / "docs/schemas/pgtune.advise.1.json").read_text())
ALL = [ANSWER, PROVEN, NOTHING, HOSTILE]


def test_as_somebody_last_looked_at_it():
    """The whole answer in 80 columns and as Markdown."""
    check(table(PROVEN, Paper(80)), GOLDEN / "advice-80.txt")
    check(markdown(PROVEN), GOLDEN / "advice.md")


@pytest.mark.parametrize("answer", [ANSWER, PROVEN, NOTHING])
def test_fits_a_terminal(answer):
    """No line is wider than 80 columns."""
    assert max(map(len, table(answer, Paper(80)).splitlines())) <= 80


def test_everything_a_dba_asks_for_is_there():
    """Order, statement, reason, cost before and after, size, write tax, confidence, what is left alone."""
    page = " ".join(table(ANSWER, Paper(80)).split())
    for each in RECOMMENDATIONS:
        assert f'CREATE INDEX CONCURRENTLY "{each.index.name}"' in page
        assert each.why in page
        assert f"confidence {each.confidence}" in page
    for text in (
        "355,329 → 3,999 (-99 %)",
        "20.1 MB of the budget of 2 GB",
        "write tax 142",
        "DROP INDEX",
    ):
        assert text in page
    assert "It is written more than it is read." in page
    assert page.index("1. public.orders") < page.index("2. public.events")


def test_what_is_only_watched_has_no_statement():
    """Without evidence there is nothing to copy and run."""
    page = table(ANSWER, Paper(80))
    watched = page[page.index("Watch") :]
    assert str(DROPS[1].index) in watched
    assert "DROP INDEX" not in watched


def test_nothing_to_do_is_one_sentence():
    """An index to watch alone is nothing to do."""
    assert not NOTHING.advises
    assert "Nothing worth doing" in table(NOTHING, Paper(80))
    assert "Create, in this order" not in table(NOTHING, Paper(80))


@pytest.mark.parametrize("answer", ALL)
def test_json_is_as_its_schema_says(answer):
    """Programs find what was promised."""
    form = json.loads(json.dumps(advice_json(answer)))
    jsonschema.validate(form, SCHEMA)
    assert form["schema"] == "pgtune.advise/1"
    assert form["workload"]["cost_before"] == answer.indexes.cost_before


@pytest.mark.parametrize("answer", ALL)
def test_the_page_is_inert(answer):
    """Well nested, no script, nothing to fetch, and a policy that would forbid it."""
    page = Page(html(answer))
    assert {tag for tag, _ in page.tags} <= ALLOWED | {"pre", "details", "summary"}
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name in {"src", "href", "srcset", "action"}]
    policies = [attributes["content"] for tag, attributes in page.tags if "http-equiv" in attributes]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]


@pytest.mark.parametrize("form", FORMS)
def test_nothing_acts_on_its_reader(form):
    """Control characters and markup of names and texts do not reach a terminal, a browser or a wiki."""
    text = FORMS[form](HOSTILE)
    assert "\x1b" not in text
    if form == "html":
        assert "<script" not in text
    if form == "markdown":
        outside = re.sub(r"(?<![`\\])(`+)(?!`).*?(?<!`)\1(?!`)", "", text, flags=re.DOTALL)  # of code
        assert not re.search(r"(?<!\\)<script", outside)


def test_a_terminal_is_safe():
    """No escape sequence and no turned writing direction."""
    text = table(HOSTILE, Paper(80))
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_the_gains_add_up():
    """What the order says each index saves is what the whole saves, write tax aside."""
    assert ADVICE.cost_before > ADVICE.cost_after


@pytest.mark.parametrize(
    ("gains", "said"),
    [
        ([90, 6, 4], "The first 2 bring 95 % of that with 2 MB."),
        ([97, 3], "The first alone brings 95 % of that with 1 MB."),
        ([50, 50], ""),
        ([1], ""),
    ],
)
def test_whoever_wants_few_indexes_is_told_where_to_stop(gains, said):
    """The last per cents of the gain are named as such."""
    found = tuple(replace(RECOMMENDATIONS[0], gain=float(gain), size_bytes=1 << 20) for gain in gains)
    assert most(replace(ADVICE, recommendations=found)).strip() == said
