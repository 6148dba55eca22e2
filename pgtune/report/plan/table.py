"""A plan for a terminal: the tree, what is wrong with it, what would help."""

from collections.abc import Sequence

from pgtune.model.units import human_bytes
from pgtune.plans.explained import Explained, Proposal
from pgtune.plans.insight import Insight
from pgtune.plans.words import share
from pgtune.report.paper import Paper, visible
from pgtune.report.plan import words
from pgtune.report.plan.lines import Row, headings, rows

INDENT = 2
LEAST_TREE = 24  # columns for the tree, however narrow the paper
FACT_LINES = 3  # lines that a condition may take before it is cut: a generated IN list goes on for pages
ROLES = {"high": "warning", "medium": "restart", "low": "faint"}


def table(explained: Explained, paper: Paper | None = None) -> str:
    """The whole answer."""
    paper = paper or Paper()
    lines = [*paper.wrapped(words.title(explained), role="title"), ""]
    lines += tree(explained, paper)
    lines += ["", paper.paint(words.FINDINGS if explained.insights else words.NOTHING, "heading")]
    for place, insight in enumerate(explained.insights, 1):
        lines += _finding(place, insight, paper)
    lines += _proposals(explained.proposals, paper)
    lines += _variants(explained, paper)
    if explained.notes:
        lines += ["", paper.paint("Notes", "heading"), *paper.bullets(explained.notes, ["-"] * len(explained.notes))]
    return paper.finish(lines)


def tree(explained: Explained, paper: Paper) -> list[str]:
    """The plan as a tree with its figures in columns, and findings as numbers in brackets."""
    found = rows(explained.plan, explained.insights)
    names = ("own", *headings(explained.plan))
    widths = [
        max(len(name), *(len(cell) for cell in column)) for name, column in zip(names, _columns(found), strict=True)
    ]
    room = max(LEAST_TREE, paper.room - INDENT - sum(width + 2 for width in widths))
    head = "  ".join(name.rjust(width) for name, width in zip(names, widths, strict=True))
    lines = [" " * INDENT + " " * room + paper.paint("  " + head, "faint")]
    for row in found:
        lines += _node(row, widths, room, paper)
    return lines


def _columns(found: Sequence[Row]) -> list[list[str]]:
    return [list(column) for column in zip(*(_cells(row) for row in found), strict=True)]


def _cells(row: Row) -> tuple[str, ...]:
    return (share(row.own) if row.own >= 0.005 else "", *row.figures)


def _node(row: Row, widths: Sequence[int], room: int, paper: Paper) -> list[str]:
    mark = " ".join(f"[{number}]" for number in row.marks)
    words_ = f"{row.subplan}: {visible(row.title)}" if row.subplan else visible(row.title)
    space = room - len(row.guide) - (len(mark) + 1 if mark else 0)
    first, *more = _cut(words_, max(8, space))
    text = f"{row.guide}{first}"
    drawn = paper.paint(row.guide, "faint") + paper.paint(
        first, "name" if row.own < 0.5 else "old" if not mark else "name"
    )
    drawn += f" {paper.paint(mark, 'warning')}" if mark else ""
    used = len(text) + (len(mark) + 1 if mark else 0)
    cells = "  ".join(cell.rjust(width) for cell, width in zip(_cells(row), widths, strict=True))
    lines = [" " * INDENT + drawn + " " * max(0, room - used) + "  " + cells]
    lines += [" " * INDENT + paper.paint(row.under, "faint") + "  " + each for each in more]
    return [*lines, *_facts(row, paper)]


def _cut(text: str, room: int) -> list[str]:
    """The text in lines of that room, broken at blanks where there are any."""
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return [line[at : at + room] for line in lines for at in range(0, max(1, len(line)), room)]


def _facts(row: Row, paper: Paper) -> list[str]:
    lines = []
    for label, text in row.facts:
        indent = INDENT + len(row.under) + 2
        found = _cut(visible(f"{label}: {text}"), max(LEAST_TREE, paper.room - indent))
        if len(found) > FACT_LINES:
            found = [*found[: FACT_LINES - 1], f"{found[FACT_LINES - 1][:-4].rstrip()} ..."]
        lines += [" " * INDENT + paper.paint(f"{row.under}  {each}", "faint") for each in found]
    return lines


def _finding(place: int, insight: Insight, paper: Paper) -> list[str]:
    mark = f"[{place}] "
    what = f"{mark}{words.severity(insight)}: {insight.what}"
    return [
        *paper.wrapped(what, INDENT, len(mark), role=ROLES[insight.severity]),
        *paper.wrapped(f"helps: {insight.help}", INDENT + len(mark), 7),
    ]


def _proposals(proposals: Sequence[Proposal] | None, paper: Paper) -> list[str]:
    if proposals is None:
        return []
    if not proposals:
        return ["", *paper.wrapped(words.NO_INDEX, role="good")]
    lines = ["", paper.paint(words.PROPOSALS, "heading")]
    for each in proposals:
        for statement in each.ddl.split("\n"):
            lines += paper.wrapped(f"{statement.removesuffix(';')};", INDENT, 4, role="new")
        lines += paper.wrapped(words.proposal(each, human_bytes(each.size_bytes)), INDENT + 4)
    return lines


def _variants(explained: Explained, paper: Paper) -> list[str]:
    if not explained.variants:
        return []
    lines = ["", paper.paint(words.VARIANTS, "heading")]
    return [*lines, *(line for each in explained.variants for line in paper.wrapped(words.variant(each), INDENT, 2))]
