"""A rule of the review explained: for a terminal, as Markdown (which is its page too), as JSON; and all in a list."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from tabulate import tabulate

from pgtune.report.json import dumps, form
from pgtune.report.markdown import code, fenced, text
from pgtune.report.paper import Paper, visible
from pgtune.report.why import SCHEMA
from pgtune.review.rule import Rule

# By the first word of a code: what its rules look at.
KINDS = {
    "migration": "Review: migrations",
    "type": "Review: column types",
    "query": "Review: queries",
    "guide": "Review: the house guide",
    "index": "Review: indexes",
    "scan": "Plans: scans",
    "join": "Plans: joins",
    "memory": "Plans: memory",
    "estimate": "Plans: estimates",
}


def kind(rule: Rule) -> str:
    """The heading under which the rule stands."""
    first = rule.code.partition(".")[0]
    return KINDS.get(first, f"Plans: {first}")


def table(rule: Rule, paper: Paper) -> str:
    """One rule for a terminal."""
    lines = [f"{paper.paint(visible(rule.code), 'name')}  {paper.paint(_gravest(rule), 'faint')}"]
    lines += ["", *paper.wrapped(rule.title, 0)]
    for title, body in _sections(rule):
        lines += ["", paper.paint(title, "heading"), *paper.wrapped(body, 2)]
    for title, example in _examples(rule):
        lines += ["", paper.paint(title, "heading"), *(f"  {line}" for line in _lines(example))]
    for title, body in _behind(rule):
        lines += ["", paper.paint(title, "heading"), *paper.wrapped(body, 2)]
    return paper.finish(lines)


def markdown(rule: Rule) -> str:
    """One rule as a page."""
    parts = [f"# {code(rule.code)}", text(rule.title), f"*{text(_gravest(rule))}*"]
    parts += [part for title, body in _sections(rule) for part in (f"## {title}", text(body))]
    parts += [part for title, example in _examples(rule) for part in (f"## {title}", fenced(example, "sql"))]
    parts += [part for title, body in _behind(rule) for part in (f"## {title}", text(body))]
    return "\n\n".join(parts) + "\n"


def json(rule: Rule) -> str:
    """One rule as JSON."""
    return dumps({"schema": SCHEMA, **form(rule)})


def _gravest(rule: Rule) -> str:
    return f"{'at most ' if rule.severity != 'note' else ''}{rule.severity}{', once a migration' if rule.once else ''}"


def _sections(rule: Rule) -> Iterator[tuple[str, str]]:
    yield "What goes wrong", " ".join(rule.why.split())
    yield "What to do", " ".join(rule.remedy.split())


def _examples(rule: Rule) -> Iterator[tuple[str, str]]:
    if rule.wrong:
        yield "Found", rule.wrong
    if rule.right:
        yield "Not found", rule.right


def _lines(example: str) -> list[str]:
    """The example's lines with their blanks, and with nothing in them that acts on a terminal."""
    return fenced(example, "").split("\n")[1:-1]


def _behind(rule: Rule) -> Iterator[tuple[str, str]]:
    yield "Source", rule.source
    if rule.known_as:
        yield "Known elsewhere as", "; ".join(rule.known_as)


def table_of_all(rules: Iterable[Rule], paper: Paper) -> str:
    """All rules for a terminal, one line each."""
    lines: list[str] = []
    for heading, group in groupby(rules, kind):
        kept = list(group)
        most = max(len(rule.code) for rule in kept)
        lines += ["", paper.paint(heading, "heading"), *(_line(rule, most, paper) for rule in kept)]
    return paper.finish(lines)


def _line(rule: Rule, most: int, paper: Paper) -> str:
    room, title = paper.room - most - 4, visible(rule.title)
    if len(title) > room:
        title = title[: max(room - 3, 0)].rsplit(" ", 1)[0] + "..."
    return f"  {paper.paint(rule.code.ljust(most), 'name')}  {title}"


def markdown_of_all(rules: Iterable[Rule], folder: str = "") -> str:
    """All rules as a table; with a folder each code leads to its page there."""
    rows = [(_linked(rule, folder), rule.severity, text(rule.title)) for rule in rules]
    headers = ("rule", "gravest", "what it finds")
    return str(tabulate(rows, headers=headers, tablefmt="pipe", disable_numparse=True)) + "\n"


def _linked(rule: Rule, folder: str) -> str:
    return f"[{code(rule.code)}]({folder}{rule.code}.md)" if folder else code(rule.code)


def rows(rules: Iterable[Rule]) -> list[dict[str, str]]:
    """All rules for a list in JSON."""
    return [{"code": rule.code, "severity": rule.severity, "title": rule.title} for rule in rules]
