"""The answer of `pgtune why`: one setting explained, or all of them with one line each."""

from collections.abc import Sequence
from dataclasses import dataclass

from tabulate import tabulate

from pgtune.report import words
from pgtune.report.json import dumps, form
from pgtune.report.markdown import code, text
from pgtune.report.paper import Paper, visible

SCHEMA = "pgtune.why/1"
NO_RULE = "pgtune has no rule for it and leaves it alone."


@dataclass(frozen=True, slots=True)
class Facts:
    """What holds from one version to another, both included; `default` is what a new cluster has."""

    first: int
    last: int
    default: str
    restart: bool
    choices: tuple[str, ...] = ()

    @property
    def versions(self) -> str:
        """`14 to 17`, or `18`."""
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"

    @property
    def sentence(self) -> str:
        """The facts in words."""
        choices = f", one of {', '.join(self.choices)}" if self.choices else ""
        return f"{self.default or repr('')} in a new cluster{choices}; a change takes a {_takes(self.restart)}"


@dataclass(frozen=True, slots=True)
class Explanation:
    """A setting: what it does, the rule in words, the rule's source, the guide's figure, and each version's facts.

    `rule`, `source` and `family` are None where pgtune has no rule.
    """

    name: str
    does: str
    family: str | None
    rule: str | None
    source: str | None
    guide: str | None
    never_lower: bool
    group: str | None
    facts: tuple[Facts, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the list of all settings that have a rule."""

    name: str
    family: str
    does: str
    restart: bool


def table(explained: Explanation, paper: Paper) -> str:
    """One setting for a terminal."""
    family = words.FAMILIES.get(explained.family, explained.family) if explained.family else "no rule"
    lines = [f"{paper.paint(visible(explained.name), 'name')}  {paper.paint(family, 'faint')}"]
    for title, paragraphs in _sections(explained):
        lines += ["", paper.paint(title, "heading")]
        lines += [line for paragraph in paragraphs for line in paper.wrapped(paragraph, 2)]
    return paper.finish(lines)


def markdown(explained: Explanation) -> str:
    """One setting for a wiki."""
    parts = [f"# {code(explained.name)}"]
    for title, paragraphs in _sections(explained):
        parts += [f"## {title}", *map(text, paragraphs)]
    return "\n\n".join(parts) + "\n"


def json(explained: Explanation) -> str:
    """One setting as JSON."""
    return dumps({"schema": SCHEMA, **form(explained)})


def _sections(explained: Explanation) -> list[tuple[str, list[str]]]:
    sections = [("What it does", [explained.does]), ("The rule", _rule(explained))]
    if explained.guide is not None:
        sections.append(("The house guide", [f"{explained.name} = {explained.guide}"]))
    if explained.source is not None:
        sections.append(("Source", [explained.source]))
    return [*sections, ("Versions", [f"{each.versions}: {each.sentence}" for each in explained.facts])]


def _rule(explained: Explanation) -> list[str]:
    if explained.rule is None:
        return [NO_RULE]
    paragraphs = [" ".join(part.split()) for part in explained.rule.split("\n\n")]
    if explained.never_lower:
        paragraphs.append("A value in force is never lowered: a standby, an extension or a session may need it.")
    if explained.group:
        paragraphs.append(f"Only with --{explained.group}.")
    return paragraphs


def table_of_all(entries: Sequence[Entry], paper: Paper, rules: str = "") -> str:
    """All settings for a terminal, one line each by family, and behind them the list of the review's rules."""
    most = max(len(entry.name) for entry in entries)
    lines: list[str] = []
    for entry, before in zip(entries, [None, *entries], strict=False):
        if before is None or before.family != entry.family:
            lines += ["", paper.paint(words.FAMILIES.get(entry.family, entry.family), "heading")]
        lines.append(_line(entry, most, paper))
    hint = "pgtune why NAME tells the rule, its source and what differs by version."
    more = ["", *rules.splitlines()] if rules else []
    return paper.finish([*lines, *more, "", *paper.wrapped(hint, role="faint")])


def _line(entry: Entry, most: int, paper: Paper) -> str:
    room = paper.room - most - 4
    does = visible(entry.does).removeprefix("Sets the ").removeprefix("Sets ")
    does = does[:1].upper() + does[1:]
    if len(does) > room:
        does = does[: max(room - 3, 0)].rsplit(" ", 1)[0] + "..."
    return f"  {paper.paint(entry.name.ljust(most), 'name')}  {does}"


def markdown_of_all(entries: Sequence[Entry]) -> str:
    """All settings as a table."""
    rows = [
        (code(entry.name), words.FAMILIES.get(entry.family, entry.family), text(entry.does), _takes(entry.restart))
        for entry in entries
    ]
    headers = ("setting", "family", "what it does", "takes")
    return str(tabulate(rows, headers=headers, tablefmt="pipe", disable_numparse=True)) + "\n"


def _takes(restart: bool) -> str:
    return "restart" if restart else "reload"


def json_of_all(entries: Sequence[Entry], rules: Sequence[object] = ()) -> str:
    """All settings and all rules of the review as JSON."""
    return dumps({"schema": SCHEMA, "settings": entries, "rules": rules})
