"""A review as the one comment of a pull request that is written anew at each push: ranked, capped, harmless.

Its first line is a mark that nobody sees, by which the comment is found again. Text of the change can end no fence,
mention nobody, refer to no other issue and make no link.
"""

import re
from collections.abc import Iterator

from tabulate import tabulate

from pgtune.model.finding import Finding
from pgtune.report.markdown import code, fenced, text
from pgtune.report.review import words
from pgtune.review.result import Review

MARK = "<!-- pgtune-review -->"
LARGEST = 60_000  # characters; GitHub takes 65,536
LONGEST = 1_200  # characters of a message or a fix: nobody reads more in a comment
PLACE = 300  # characters of a path
TAIL = 20_000  # characters of all that stands below the findings
SKIPPED = 20  # reasons that are shown
MOVED = 40  # rows of the table of locks
JOINER = "\u2060"  # has no width; between a sign and a word it keeps the code host from acting on them
ICONS = {"error": "🛑", "warning": "⚠️", "note": "🛈"}
# What GitHub and GitLab make references of: @name #1 !1 ~label %milestone $1 ^1 &1, :emoji:, addresses, GH-1.
_ACTING = re.compile(r"(&amp;|[@#!~%$^])(?=[\w\"])|:(?=//|[\w+-]+:)|\b(GH|www)(?=[-.])", re.IGNORECASE)


def inert(words_: str) -> str:
    """The words as text in which Markdown, HTML and the code host's own references do nothing."""
    return _ACTING.sub(lambda match: f"{match[0]}{JOINER}", text(words_[:LONGEST]))


def markdown(review: Review) -> str:
    """The comment, under 60,000 characters: what does not fit is counted."""
    head = [MARK, "## pgtune review", f"**{inert(words.summary(review))}**", f"{_looked(review)}"]
    tail = list(_tail(review))
    room = LARGEST - sum(len(part) + 2 for part in [*head, *tail]) - 200  # for the words on what is left out
    shown, left_out = _fitting(review, room)
    rest = [f"*and {left_out} more: `pgtune review --output table` shows them all*"] if left_out else []
    return "\n\n".join([*head, *shown, *rest, *tail]) + "\n"


def _tail(review: Review) -> Iterator[str]:
    """What stands below the findings, as far as there is room."""
    room = TAIL
    for section in (_locks, _silenced, _skipped, _notes):
        part = section(review)
        room -= len(part)
        if part and room >= 0:
            yield part


def _looked(review: Review) -> str:
    return f"{inert(words.looked(review))} · {inert(review.origin)}"


def _fitting(review: Review, room: int) -> tuple[list[str], int]:
    """The findings that fit, the gravest first, and how many do not."""
    shown: list[str] = []
    for number, finding in enumerate(review.findings):
        part = _finding(finding)
        room -= len(part) + 2
        if room < 0:
            return shown, len(review.findings) - number
        shown.append(part)
    return shown, 0


def _finding(finding: Finding) -> str:
    where = _place(finding.path, finding.line)
    head = f"#### {ICONS[finding.severity]} {where} {code(finding.code)}"
    parts = [head if finding.verified else f"{head} *unverified*", inert(finding.message)]
    parts += [f"**Instead:** {inert(finding.help)}"] if finding.help else []
    fix = finding.fix if len(finding.fix) <= LONGEST else f"{finding.fix[:LONGEST]}\n-- cut"
    return "\n\n".join([*parts, *([fenced(fix, "sql")] if fix else [])])


def _place(path: str, line: int) -> str:
    return code(words.shortened(words.place(path, line), PLACE))


def _folded(summary: str, body: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


def _locks(review: Review) -> str:
    rows = [
        (
            _place(each.path, each.line),
            code(words.shortened(str(each.table), PLACE)),
            inert(each.lock),
            words.work(each),
            words.size(each),
        )
        for each in review.moved[:MOVED]
    ]
    headers = ("statement", "table", "lock", "meanwhile", "size")
    table = str(tabulate(rows, headers=headers, tablefmt="pipe", disable_numparse=True))
    return _folded("What the migrations lock", table) if rows else ""


def _silenced(review: Review) -> str:
    lines = [
        f"- {_place(each.finding.path, each.finding.line)} {code(each.finding.code)}: {inert(each.reason)}"
        for each in review.silenced
    ]
    return _list("Silenced by comments, and why", lines)


def _skipped(review: Review) -> str:
    lines = [f"- {_place(each.path, each.line)}: {inert(each.why)}" for each in review.skipped]
    return _list("Not reviewed", lines)


def _notes(review: Review) -> str:
    return _list("Notes", [f"- {inert(each)}" for each in review.notes])


def _list(title: str, lines: list[str]) -> str:
    more = [f"- and {len(lines) - SKIPPED} more"] if len(lines) > SKIPPED else []
    return _folded(title, "\n".join([*lines[:SKIPPED], *more])) if lines else ""
