"""A review in every form: frozen texts, the forms' own rules, and nothing of a change that could act in them."""

import hashlib
import json
import re
from base64 import b64encode
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema

from pgtune.model.finding import Finding, Skipped
from pgtune.report.paper import Paper
from pgtune.report.review.forms import FORMS
from pgtune.report.review.markdown import LARGEST, MARK
from pgtune.report.review.table import table
from pgtune.review.result import Pictured
from pgtune.review.suppression import Silenced
from tests.unit.report.golden import check
from tests.unit.review.sample import EMPTY, EVIL, HOSTILE, REVIEW

GOLDEN = Path(__file__).parent / "golden"
SCHEMA = json.loads((Path(__file__).parents[3] / "docs/schemas/pgtune.review.1.json").read_text())
SUFFIX = {"json": "json", "sarif": "sarif", "github": "github", "gitlab": "gitlab.json", "markdown": "md",
          "html": "html", "junit": "xml"}  # fmt: skip
# What a hostile change may hold in its paths, statements and comments.
NASTY = (
    "x\n::error::forged\r\n##[error]forged", "a%0Ab,c:d",
    "</pre></style><script>alert(1)</script><img src=x onerror=y>",
    "```\n# heading\n@everyone @octocat #1 !2 https://evil.example www.evil.example GH-3", "~~~~\n| a | b |",
    "<!-- -->",
    "\x1b[31mred\x1b[0m \u202e \x00 \x0b \ud800 \ufffe", "]]> & \" ' <x/>", "[a](javascript:1) {0} {{", "-" * 5000,
)  # fmt: skip


def hostile():
    """A review of which every word is hostile."""
    found = tuple(Finding("a.b", "error", text, 7, text, text, text, f"{number:032x}")
                  for number, text in enumerate(NASTY))  # fmt: skip
    pictures = REVIEW.plans[0].pictures
    return replace(
        REVIEW, origin=NASTY[2], findings=found, rules={}, notes=NASTY,
        skipped=tuple(Skipped(text, 3, text) for text in NASTY),
        silenced=tuple(Silenced(each, 1, each.message) for each in found),
        plans=tuple(Pictured(text, 7, text, pictures) for text in NASTY),
        moved=tuple(replace(REVIEW.moved[0], path=text, statement=text, lock=text) for text in NASTY),
    )  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_frozen(form):
    """What each form printed when somebody last looked at it."""
    check(FORMS[form](REVIEW), GOLDEN / f"review.{SUFFIX[form]}")


def test_table_frozen():
    """80 columns."""
    text = table(REVIEW)
    assert max(map(len, text.splitlines())) <= 80
    check(text, GOLDEN / "review.txt")
    check(table(EMPTY, Paper(80)), GOLDEN / "empty.txt")


@pytest.mark.parametrize("review", [REVIEW, EMPTY, hostile()])
def test_json_is_as_its_schema_says(review):
    """Every field, no other."""
    written = FORMS["json"](
        replace(review, findings=tuple(each for each in review.findings if "\ud800" not in each.path))
    )
    jsonschema.validate(json.loads(written), SCHEMA)


@pytest.mark.parametrize("review", [REVIEW, EMPTY, hostile()])
def test_sarif_is_valid(review):
    """SARIF 2.1.0; results point to their rules, lines count from 1."""
    answer = json.loads(FORMS["sarif"](review))
    StaticAnalysisResultsFormatSarifVersion210JsonSchema.model_validate(answer)
    run = answer["runs"][0]
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [ids[each["ruleIndex"]] for each in run["results"]] == [each["ruleId"] for each in run["results"]]
    for each in run["results"]:
        uri = each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", uri)


def test_sarif_is_capped_and_ranked():
    """GitHub shows 5,000 results of a run: the gravest are kept."""
    many = tuple(replace(REVIEW.findings[0], line=line) for line in range(1, 6002))
    results = json.loads(FORMS["sarif"](replace(REVIEW, findings=many)))["runs"][0]["results"]
    assert len(results) == 5000


@pytest.mark.parametrize("review", [REVIEW, hostile()])
def test_github_commands_are_one_line_each(review):
    """Ten of a kind become annotations; nothing in a text ends its line or begins another command."""
    lines = FORMS["github"](review).splitlines()
    commands = [line for line in lines if line.startswith("::")]
    assert len(commands) == min(10, len(review.findings))
    for line in commands:
        assert re.fullmatch(r"::(error|warning|notice) file=[^,:]+,line=\d+,title=[^,:]+::.+", line)
    assert not [line for line in lines if "##[" in line]


def test_github_gives_ten_a_kind():
    """The rest are plain lines; what comes first is the gravest."""
    many = tuple(replace(REVIEW.findings[0], line=line) for line in range(1, 31))
    lines = FORMS["github"](replace(REVIEW, findings=many)).splitlines()
    assert sum(line.startswith("::error ") for line in lines) == 10
    assert sum(line.startswith("db/migrations/0042_orders.sql:") for line in lines) == 20


def test_gitlab_fingerprints_are_unique_and_lines_count_from_1():
    """GitLab tells findings apart by their fingerprint."""
    found = json.loads(FORMS["gitlab"](REVIEW))
    assert len({each["fingerprint"] for each in found}) == len(found)
    assert {each["severity"] for each in found} <= {"info", "minor", "major", "critical", "blocker"}
    assert all(each["location"]["lines"]["begin"] >= 1 for each in found)


@pytest.mark.parametrize("review", [REVIEW, EMPTY, hostile()])
def test_junit_is_xml(review):
    """It parses, counts what it holds, and only what makes the command fail is a failure."""
    suite = ET.fromstring(FORMS["junit"](review).encode("utf-8", "backslashreplace"))[0]
    assert int(suite.get("tests")) == len(suite) > 0
    assert int(suite.get("failures")) == len(suite.findall("*/failure")) == len(review.failing)
    assert int(suite.get("skipped")) == len(suite.findall("*/skipped"))


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)


@pytest.mark.parametrize("review", [REVIEW, EMPTY, hostile()])
def test_the_page_holds_nothing_that_runs_or_loads(review):
    """No script, no picture, no handler, no style but the sheet whose hash its policy names."""
    page = FORMS["html"](review)
    found = Tags(page)
    assert not found.tags & {"script", "img", "iframe", "link", "object", "embed", "form", "base"}
    assert not {name for name in found.attributes if name.startswith("on") or name in {"style", "src"}}
    sheet = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    digest = b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'" in page
    assert page.count("</style>") == 1


def test_the_comment_is_found_again_and_fits():
    """Its first line is the mark; thousands of findings stay under the limit, and what is left out is counted."""
    many = tuple(replace(each, line=line) for line in range(1, 2000) for each in REVIEW.findings)
    text = FORMS["markdown"](replace(REVIEW, findings=many))
    assert text.splitlines()[0] == MARK
    assert len(text) < LARGEST
    shown = text.count("\n#### ")
    assert f"and {len(many) - shown} more" in text


def test_the_comment_lets_nothing_act():
    """Outside fences and code spans nobody is mentioned, nothing is linked, and no tag is opened; fences are closed."""
    review = hostile()
    text = FORMS["markdown"](review)
    assert len(text) < LARGEST
    bare, fence = [], ""
    for line in text.splitlines()[1:]:
        mark = re.match(r"`{3,}", line)
        if fence:
            fence = "" if line == fence else fence
        elif mark:
            fence = mark[0]
        else:
            bare.append(re.sub(r"(?<!\\)(`+)(?!`).*?(?<!`)\1(?!`)", "", line))
    assert fence == ""
    words = "\n".join(bare)
    assert not re.search(r"[@#!]\w|://|www\.|GH-\d", words)
    assert set(re.findall(r"(?<!\\)</?(\w+)", words)) <= {"details", "summary"}
    assert not re.search(r"(?<!\\)\[", words)


@pytest.mark.parametrize("form", ["table", *FORMS])
def test_no_control_character_reaches_a_terminal(form):
    """Escape sequences and marks that turn the direction of writing are spelt out."""
    review = hostile()
    text = table(review) if form == "table" else FORMS[form](review)
    acting = (
        r"[\x00-\x08\x0b-\x1f]"
        if form in {"json", "sarif", "gitlab"}
        else r"[\x00-\x08\x0b-\x1f\u202a-\u202e\ud800-\udfff]"
    )
    assert re.findall(acting, text) == []


def test_the_hostile_statement_is_text():
    """In the page and in the comment it is shown as it is, and does nothing."""
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in FORMS["html"](REVIEW)
    assert EVIL.split("\n", maxsplit=1)[0] not in FORMS["html"](REVIEW)
    assert HOSTILE not in FORMS["github"](REVIEW)
