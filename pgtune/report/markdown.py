"""The report for a ticket or a wiki, in GitHub's Markdown."""

import re
from collections.abc import Iterable, Sequence

from tabulate import tabulate

from pgtune.model.units import human_bytes
from pgtune.report import words
from pgtune.report.paper import visible
from pgtune.settings.tuning import Budget, Line, Tuning

_PUNCTUATION = re.compile(r"([\\`*\[\]<>|#~])|(?<![A-Za-z0-9])(_)|(_)(?![A-Za-z0-9])")


def markdown(tuning: Tuning) -> str:
    """The whole answer, with one table for each family of settings."""
    parts = [
        f"# {text(words.title(tuning))}",
        "## Found",
        _table(("what", "figure", "read from"), words.found(tuning.hardware)),
    ]
    parts += ["## Changes", text(words.summary(tuning)), *_changes(tuning)]
    parts += ["## Memory budget", *_budget(tuning.budget)]
    for heading, items in (("Kernel", tuning.kernel), ("Notes", tuning.notes)):
        parts += _list(heading, items, "- ")
    parts += _list("Standbys first", tuning.standby_first, "1. ")
    return "\n\n".join(parts) + "\n"


def text(words_: str) -> str:
    """The words with everything escaped that Markdown or HTML would act on."""
    escaped = visible(words_).replace("&", "&amp;")
    return _PUNCTUATION.sub(lambda match: "\\" + match[0], escaped)


def code(value: str) -> str:
    """The value as a code span, fenced by more backticks than it holds."""
    value = visible(value) or "''"
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", value)), default=0))
    blank = " " if value.startswith("`") or value.endswith("`") else ""
    return f"{fence}{blank}{value}{blank}{fence}".replace("|", "\\|")  # a table's cell ends at a bare bar, even in code


def fenced(body: str, language: str) -> str:
    """The body in a fence of more backticks than it holds, with nothing in it that acts on a terminal."""
    longest = max((len(run) for run in re.findall("`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *map(_line, body.expandtabs(4).split("\n")), fence])


def _line(line: str) -> str:
    """The line with its blanks, unlike `visible`, which is for sentences."""
    return "".join(" " if letter.isspace() else visible(letter) for letter in line)


def _table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, raw: bool = False) -> str:
    cells = [[cell if raw else text(cell) for cell in row] for row in rows]
    return str(tabulate(cells, headers=headers, tablefmt="pipe", disable_numparse=True))


def _changes(tuning: Tuning) -> list[str]:
    parts = []
    for title, lines in words.families(tuning.lines):
        headers = ("setting", "now", "proposed", "takes", "set by", "why", "source")
        parts += [f"### {text(title)}", _table(headers, [_row(line) for line in lines], raw=True)]
    return parts


def _row(line: Line) -> tuple[str, ...]:
    why = text(line.why)
    if line.blocked:
        why += f". **Left out by --apply: {text(line.blocked)}**"
    change = code(line.name), code(line.current), f"**{code(line.proposed)}**"
    return (*change, words.takes(line), text(line.set_by), why, text(line.source))


def _budget(budget: Budget) -> list[str]:
    rows = [
        (text(each.what), human_bytes(each.bytes), words.share(each.bytes, budget.memory), text(each.how))
        for each in budget.lines
    ]
    total = human_bytes(budget.total), words.share(budget.total, budget.memory), words.budget_sum(budget)
    rows.append(("**assumed peak**", f"**{total[0]}**", f"**{total[1]}**", text(total[2])))
    table = _table(("what", "size", "of memory", "reckoned as"), rows, raw=True)
    overrun = words.overrun(budget)
    return [table, *([f"**{text(overrun)}**"] if overrun else []), words.ASSUMED]


def _list(heading: str, items: Sequence[str], mark: str) -> list[str]:
    return [f"## {heading}", "\n".join(mark + text(item) for item in items)] if items else []
