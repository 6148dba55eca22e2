"""A review for a terminal: the gravest findings first, file by file."""

from collections.abc import Mapping, Sequence
from itertools import repeat

from pgtune.model.finding import Finding, Severity
from pgtune.report.paper import Paper, visible
from pgtune.report.review import words
from pgtune.review.result import Moved, Review

INDENT, BODY = 2, 8
ROLES: Mapping[Severity, str] = {"error": "warning", "warning": "restart", "note": "faint"}
SKIPPED = 12  # reasons on the screen; JSON has them all
FIX = 20  # lines of a fix on the screen: a statement of a program can go on for pages
MOVED = 12  # tables on the screen; the page has them all


def table(review: Review, paper: Paper | None = None) -> str:
    """The whole answer."""
    paper = paper or Paper()
    good = not review.findings
    parts = [
        [*paper.wrapped(words.title(review), role="title"), *paper.wrapped(words.looked(review), role="faint")],
        paper.wrapped(words.summary(review), role="good" if good else "heading"),
        *(_file(path, found, paper) for path, found in words.by_path(review.findings).items()),
        _titled("What the migrations lock", _moved(review.moved, paper), paper),
        _titled("Silenced by comments", _silenced(review, paper), paper),
        _titled("Not reviewed", _skipped(review, paper), paper),
        _titled("Notes", paper.bullets(review.notes, repeat("-")), paper),
        [] if good else paper.wrapped(words.WHY, role="faint"),
    ]
    return paper.finish(line for part in parts if part for line in ["", *part])


def _titled(title: str, body: list[str], paper: Paper) -> list[str]:
    return [paper.paint(title, "heading"), *body] if body else []


def _file(path: str, findings: Sequence[Finding], paper: Paper) -> list[str]:
    lines = [paper.paint(visible(path), "name")]
    for each in findings:
        lines += _finding(each, paper)
    return lines


def _finding(finding: Finding, paper: Paper) -> list[str]:
    head = f"{' ' * INDENT}{finding.line:>4}  "
    mark = paper.paint(words.severity(finding), ROLES[finding.severity])
    lines = [f"{head}{mark}  {paper.paint(finding.code, 'faint')}"]
    lines += paper.wrapped(finding.message, BODY)
    lines += paper.wrapped(f"instead: {finding.help}", BODY, 9) if finding.help else []
    fix = [part for line in finding.fix.splitlines() for part in _sql(line, paper)]
    if len(fix) > FIX:
        fix = [*fix[:FIX], *paper.wrapped(f"-- and {len(fix) - FIX} lines more: --output json has them all", BODY)]
    return [*lines, *fix]


def _sql(line: str, paper: Paper) -> list[str]:
    """A line of SQL that can be pasted: what goes on of a comment is a comment too."""
    if not line.startswith("--"):
        return paper.wrapped(line, BODY, 4, role="new")
    body = paper.wrapped(line.lstrip("- "), BODY + len("-- "))
    return [f"{' ' * BODY}{paper.paint(f'-- {each.strip()}', 'new')}" for each in body]


def _moved(moved: Sequence[Moved], paper: Paper) -> list[str]:
    lines: list[str] = []
    for each in moved[:MOVED]:
        figures = f"{each.table} ({words.size(each)}): {each.lock}, {words.work(each)}"
        lines += paper.wrapped(f"- {figures}, {words.place(each.path, each.line)}", INDENT, 2)
    if len(moved) > MOVED:
        lines += paper.wrapped(f"and {len(moved) - MOVED} more: --output html has them all", INDENT, role="faint")
    return lines


def _silenced(review: Review, paper: Paper) -> list[str]:
    told = (
        f"{words.place(each.finding.path, each.finding.line)} {each.finding.code}: {each.reason}"
        for each in review.silenced
    )
    return paper.bullets(told, repeat("-"))


def _skipped(review: Review, paper: Paper) -> list[str]:
    told = (f"{words.place(each.path, each.line)}: {each.why}" for each in review.skipped[:SKIPPED])
    lines = paper.bullets(told, repeat("-"))
    if len(review.skipped) > SKIPPED:
        more = f"and {len(review.skipped) - SKIPPED} more: --output json has them all"
        lines += paper.wrapped(more, INDENT, role="faint")
    return lines
