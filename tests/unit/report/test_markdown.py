"""The report for a ticket or a wiki."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from pgtune.report.markdown import code, markdown, text
from tests.unit.report.golden import check
from tests.unit.report.sample import HOSTILE, LINES, NOTHING, TIGHT, TUNING

GOLDEN = Path(__file__).parent / "golden"


def test_golden() -> None:
    """The page is as somebody last looked at it."""
    check(markdown(TUNING), GOLDEN / "report.md")


@pytest.mark.parametrize("tuning", [TUNING, TIGHT, NOTHING, HOSTILE])
def test_tables_are_whole(tuning) -> None:
    """Every row of a table has as many cells as its header: nothing inside a cell ends it."""
    rows = [line for line in markdown(tuning).splitlines() if line.startswith("|")]
    bars = [len(re.findall(r"(?<!\\)\|", row)) for row in rows]
    assert set(bars) <= {4, 5, 8}
    for before, after in pairwise(rows):
        if after.startswith("|:") or before.startswith("|:"):
            assert len(re.findall(r"(?<!\\)\|", before)) == len(re.findall(r"(?<!\\)\|", after))


def test_every_line_is_there() -> None:
    """Each change stands in a row of its own with its values, reason and source."""
    page = markdown(TUNING)
    for line in LINES:
        assert re.search(rf"\| `{line.name}` +\| `{re.escape(line.current) or chr(39) * 2}` +\|", page), line.name
    assert "**Left out by --apply" in page


def test_hostile_text_is_inert() -> None:
    """No tag, no table cell and no heading comes from a value, a reason or a note."""
    page = markdown(HOSTILE)
    outside = re.sub(r"(`+).*?\1", "", page)
    assert not re.search(r"(?<!\\)<(script|img|b|i)\b", outside)
    headings = [line for line in page.splitlines()[1:] if line.startswith("#")]
    assert headings == [
        "## Found", "## Changes", "### Statistics and logging", "## Memory budget", "## Kernel", "## Notes",
        "## Standbys first",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "span"),
    [("6GB", "`6GB`"), ("", "`''`"), ("a`b", "``a`b``"), ("`", "`` ` ``"), ("a|b", "`a\\|b`")],
)
def test_code(value: str, span: str) -> None:
    """A code span is fenced by more backticks than it holds, and a bar does not end its cell."""
    assert code(value) == span


def test_text_escapes_what_acts() -> None:
    """Punctuation that Markdown would act on is escaped; names with underscores stay readable."""
    assert text("<b> *x* [y](z) `q` a|b & _z_") == r"\<b\> \*x\* \[y\](z) \`q\` a\|b &amp; \_z\_"
    assert text("shared_buffers of 25 %") == "shared_buffers of 25 %"
