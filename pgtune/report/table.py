"""The report for a terminal: what was found, what to change and why, what it costs in memory, how to go on."""

from collections.abc import Iterable, Sequence
from itertools import count, repeat

from tabulate import tabulate

from pgtune.model.units import human_bytes
from pgtune.report import words
from pgtune.report.paper import Paper, visible
from pgtune.settings.tuning import Budget, Line, Tuning

INDENT, FAMILY, REASON = 2, 4, 8
NARROW = 60  # below this, a third column would be a ribbon of single words: its text stands under the row instead

PEAK = "assumed peak"
DOCS, DOCUMENTATION = "docs", "PostgreSQL documentation,"

Steps = Sequence[tuple[str, str]]

LIVE: Steps = (
    ("pgtune tune --prove", "tries them on a throw-away server first"),
    ("pgtune tune --apply", "asks, writes, reloads; `pgtune undo` reverts"),
    ("pgtune tune --apply --restart", "the same, and restarts the server"),
    ("pgtune why NAME", "the rule and the source behind a value"),
)
OFFLINE: Steps = (
    ("--output conf", "the same as a file for postgresql.conf"),
    ("pgtune tune CONNINFO", "tunes a running server by what it shows"),
    ("pgtune why NAME", "the rule and the source behind a value"),
)


def table(tuning: Tuning, paper: Paper | None = None, steps: Steps = LIVE) -> str:
    """The whole answer for a terminal; `steps` are the commands that go on from here."""
    paper = paper or Paper()
    parts = [
        paper.wrapped(words.title(tuning), role="title"),
        _section("Found", _columns(words.found(tuning.hardware), paper), paper),
        _changes(tuning, paper),
        _section("Memory budget", _budget(tuning.budget, paper), paper),
        _section("Kernel", paper.bullets(tuning.kernel, repeat("-")), paper),
        _section("Standbys first", paper.bullets(tuning.standby_first, _numbers()), paper),
        _section("Notes", paper.bullets(tuning.notes, repeat("-")), paper),
        _section("How to go on", _columns(steps, paper), paper) if tuning.lines else [],
    ]
    return paper.finish(line for part in parts if part for line in ["", *part])


def _numbers() -> Iterable[str]:
    return (f"{number}." for number in count(1))


def _section(title: str, body: list[str], paper: Paper) -> list[str]:
    return [paper.paint(title, "heading"), *body] if body else []


def _columns(rows: Iterable[Sequence[str]], paper: Paper, aligned: Sequence[str] = ()) -> list[str]:
    """Rows in columns; the last column is wrapped in what room is left, or under the row where that is little."""
    cells = [[visible(cell) for cell in row] for row in rows]
    if not cells:
        return []
    fixed = sum(max(len(row[i]) for row in cells) + 2 for i in range(len(cells[0]) - 1))
    room = paper.room - INDENT - fixed
    if paper.room < NARROW or room < NARROW // 3:
        return [line for row in cells for line in _stacked(row, paper)]
    return _tabulated(cells, room, aligned)


def _tabulated(rows: list[list[str]], room: int, aligned: Sequence[str]) -> list[str]:
    widths: list[int | None] = [*([None] * (len(rows[0]) - 1)), room]
    rows = [[*row[:-1], _folded(row[-1], room)] for row in rows]
    text = tabulate(rows, tablefmt="plain", disable_numparse=True, maxcolwidths=widths, colalign=aligned or None)
    return [" " * INDENT + line for line in text.splitlines()]


def _folded(text: str, room: int) -> str:
    """The text with a place to break in every path that is longer than its column: behind its last fitting slash."""
    pieces = (word if len(word) <= room else _broken(word, word.rfind("/", 0, room) + 1) for word in text.split(" "))
    return " ".join(pieces)


def _broken(word: str, at: int) -> str:
    return f"{word[:at]} {word[at:]}" if at > 1 else word


def _stacked(row: list[str], paper: Paper) -> list[str]:
    head = " ".join(cell for cell in row[:-1] if cell)
    text = _folded(row[-1], paper.room - INDENT * 2)
    return [*paper.wrapped(head, INDENT, 2), *paper.wrapped(text, INDENT * 2)]


def _changes(tuning: Tuning, paper: Paper) -> list[str]:
    if not tuning.lines:
        return paper.wrapped(words.summary(tuning), role="good")
    lines = paper.wrapped(words.summary(tuning), role="heading")
    lines += paper.wrapped(f"{DOCS} stands for the PostgreSQL documentation.", role="faint")
    widths = _Widths(tuning.lines, paper)
    for title, group in words.families(tuning.lines):
        lines += ["", " " * INDENT + paper.paint(title, "heading")]
        for line in group:
            lines += _change(line, widths, paper)
    return lines


class _Widths:
    """The columns of name, current and proposed value; values longer than a third of a screen do not count."""

    def __init__(self, lines: Sequence[Line], paper: Paper) -> None:
        most = paper.room // 4
        self.name = max(len(visible(line.name)) for line in lines)
        self.current = min(most, max(len(_value(line.current)) for line in lines))
        self.proposed = min(most, max(len(_value(line.proposed)) for line in lines))

    def fits(self, line: Line, paper: Paper) -> bool:
        """True if the change stands on one line with everything in its column."""
        room = FAMILY + self.name + 2 + self.current + 3 + self.proposed + 2 + len(words.takes(line))
        short = len(_value(line.current)) <= self.current and len(_value(line.proposed)) <= self.proposed
        return short and room <= paper.room


def _value(text: str) -> str:
    return visible(text) or "''"


def _change(line: Line, widths: _Widths, paper: Paper) -> list[str]:
    head = _in_columns(line, widths, paper) if widths.fits(line, paper) else _under_each_other(line, paper)
    origin = f"set by {line.set_by} · {line.source.replace(DOCUMENTATION, DOCS)}"
    body = [*paper.wrapped(line.why, REASON), *paper.wrapped(origin, REASON, role="faint")]
    if line.blocked:
        body += paper.wrapped(f"! --apply leaves it out: {line.blocked}", REASON, 2, role="warning")
    return [*head, *body]


def _in_columns(line: Line, widths: _Widths, paper: Paper) -> list[str]:
    name = paper.paint(visible(line.name).ljust(widths.name), "name")
    old = paper.paint(_value(line.current).rjust(widths.current), "old")
    new = paper.paint(_value(line.proposed).ljust(widths.proposed), "new")
    return [f"{' ' * FAMILY}{name}  {old} → {new}  {paper.paint(words.takes(line), words.takes(line))}"]


def _under_each_other(line: Line, paper: Paper) -> list[str]:
    how = words.takes(line)
    name = f"{' ' * FAMILY}{paper.paint(visible(line.name), 'name')}  {paper.paint(how, how)}"
    return [name, *paper.wrapped(f"{_value(line.current)} → {_value(line.proposed)}", FAMILY + 2, 2, role="new")]


def _budget(budget: Budget, paper: Paper) -> list[str]:
    rows = [
        (visible(each.what), human_bytes(each.bytes), words.share(each.bytes, budget.memory), each.how)
        for each in budget.lines
    ]
    total = human_bytes(budget.total), words.share(budget.total, budget.memory), words.budget_sum(budget)
    lines = _columns([*rows, (PEAK, *total)], paper, ("left", "right", "right", "left"))
    at = next(number for number, line in enumerate(lines) if line.strip().startswith(PEAK))
    role = "good" if budget.fits else "warning"
    rule = " " * INDENT + "─" * (max(map(len, lines)) - INDENT)
    lines = [*lines[:at], paper.paint(rule, "faint"), *(paper.paint(line, role) for line in lines[at:])]
    return [*lines, *_caveats(budget, paper)]


def _caveats(budget: Budget, paper: Paper) -> list[str]:
    overrun = words.overrun(budget)
    loud = paper.wrapped(overrun, INDENT, role="warning") if overrun else []
    return [*loud, *paper.wrapped(words.ASSUMED, INDENT, role="faint")]
