"""The page for a browser."""

from html.parser import HTMLParser

import pytest

from pgtune.report.html import html
from tests.unit.report.sample import BUDGET, HOSTILE, LINES, NOTHING, TIGHT, TUNING

VOID = {"meta", "br", "hr", "img", "input", "link"}
ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "main", "header", "section", "h1", "h2", "h3", "p", "dl", "dt",
    "dd", "div", "span", "code", "svg", "rect", "line", "text", "table", "thead", "tbody", "tfoot", "tr", "th", "td",
    "ul", "ol", "li",
}  # fmt: skip


class Page(HTMLParser):
    """The page's tags, attributes and text; a tag that is not closed in order is an error."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        if self.open and self.open[-1] != "style":
            self.words += data


@pytest.mark.parametrize("tuning", [TUNING, TIGHT, NOTHING, HOSTILE])
def test_only_inert_tags(tuning) -> None:
    """The page is well nested, knows no script, no event handler and no address to fetch anything from."""
    page = Page(html(tuning))
    assert {tag for tag, _ in page.tags} <= ALLOWED
    for _, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name in {"src", "href", "srcset", "action"}]
    assert "url(" not in html(tuning)
    assert "@import" not in html(tuning)


def test_policy_forbids_everything_but_the_pages_own_style() -> None:
    """The browser is told to load and run nothing, should anything slip through."""
    policies = [attributes["content"] for tag, attributes in Page(html(TUNING)).tags if "http-equiv" in attributes]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_hostile_text_is_shown_as_text() -> None:
    """A target and values with tags and quotes are there to be read, letter by letter."""
    words = " ".join(Page(html(HOSTILE)).words.split())
    assert '"><script>alert(1)</script> \\x1b[31m' in words
    assert "<script>alert('old')</script>" in words
    assert "<img src=x onerror=alert(1)>" in words


def test_everything_is_told() -> None:
    """Each change with its values, reason, origin and source; each addend of the budget; the words on the bound."""
    words = " ".join(Page(html(TUNING)).words.split())
    for line in LINES:
        for text in (line.name, line.proposed, line.why, f"set by {line.set_by}", line.source):
            assert text in words
    for addend in BUDGET.lines:
        assert addend.how in words
    assert "not a bound" in words
    assert "--apply leaves it out: 1 standby attached" in words


@pytest.mark.parametrize("tuning", [TUNING, TIGHT])
def test_bars_stack_up_to_the_sum(tuning) -> None:
    """The pieces of the bar touch, stay inside the drawing, and the limit stands where it belongs."""
    page = Page(html(tuning))
    room, *bars = [attributes for tag, attributes in page.tags if tag == "rect"]
    assert len(bars) == len(tuning.budget.lines)
    edge = 0.0
    for bar in bars:
        assert float(bar["x"]) == pytest.approx(edge, abs=0.2)
        edge = float(bar["x"]) + float(bar["width"])
    scale = 1000 / max(tuning.budget.memory, tuning.budget.total)
    assert edge == pytest.approx(sum(each.bytes for each in tuning.budget.lines) * scale, abs=0.5)
    assert float(room["width"]) == pytest.approx(tuning.budget.memory * scale, abs=0.1)
    limit = next(attributes for tag, attributes in page.tags if tag == "line")
    assert float(limit["x1"]) == pytest.approx(tuning.budget.limit * scale, abs=0.1)


def test_nothing_to_change() -> None:
    """A server that is right gets no empty table of changes."""
    page = html(NOTHING)
    assert "Nothing to change" in page
    assert "<h2>Changes</h2>" not in page
