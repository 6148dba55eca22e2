"""The report as a fragment of postgresql.conf that boots as it is, with each value's reason as a comment."""

import re
import textwrap

from pgtune.report import words
from pgtune.report.paper import visible
from pgtune.settings.tuning import Line, Tuning

WIDTH = 80
# What PostgreSQL's configuration grammar takes without quotes: a word, a number, a whole number with a unit.
_BARE = re.compile(r"[A-Za-z_]+|-?\d+(\.\d+)?|\d+(kB|MB|GB|TB|us|ms|s|min|h|d)")


def conf(tuning: Tuning) -> str:
    """The proposed settings; what `--apply` would leave out stands there as a comment."""
    parts = [_head(tuning)]
    for title, lines in words.families(tuning.lines):
        parts.append(comment(f"---- {title} ----"))
        parts += [_entry(line) for line in lines]
    if tuning.notes:
        parts.append("\n".join(["# Notes", *(comment(note, "#   ", "#     ") for note in tuning.notes)]))
    return "\n\n".join(parts) + "\n"


def _head(tuning: Tuning) -> str:
    where = "Append it to postgresql.conf, or save it in a folder that include_dir names."
    return "\n".join(comment(text) for text in (words.title(tuning), words.summary(tuning), where))


def _entry(line: Line) -> str:
    before = f"Before: {line.current or repr('')}, set by {line.set_by}. Takes a {words.takes(line)}."
    setting = f"{line.name} = {quoted(line.proposed)}"
    lines = [comment(line.why), comment(f"Source: {line.source}"), comment(before)]
    if line.set_by.startswith("postgresql.auto.conf"):  # it is read last
        lines.append(
            comment(f"Without effect until ALTER SYSTEM RESET {line.name}: postgresql.auto.conf wins over it.")
        )
    if line.blocked:
        return "\n".join([*lines, comment(f"Left out: {line.blocked}"), f"#{visible(setting)}"])
    return "\n".join([*lines, setting])


def quoted(value: str) -> str:
    """The value as the configuration grammar reads it back: quotes and backslashes doubled, control characters escaped.

    Documentation 19.1.2: a value that is no simple identifier or number must be quoted; inside quotes the scanner also
    takes backslash escapes.
    """
    if _BARE.fullmatch(value):
        return value
    text = value.replace("\\", "\\\\").replace("'", "''")
    return "'" + text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + "'"


def comment(text: str, first: str = "# ", rest: str = "#   ") -> str:
    """The text as comment lines; nothing in it can end the comment."""
    return textwrap.fill(
        visible(text),
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
