"""A plan as somebody pasted it: text or JSON, in psql's frame, out of a log, or as a tool saved it."""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pgtune.model.errors import BadInput
from pgtune.plans.parse import plan_of
from pgtune.plans.plan import Plan
from pgtune.plans.text import entry_of

_FRAME = re.compile(r"\s*(?:[-+|═─┌┐└┘├┤┬┴┼╔╗╚╝]{3,}|QUERY PLAN|\(\d+ rows?\)|Time: [\d.]+ ms.*)\s*$")
_LOGGED = re.compile(r"duration: [\d.]+ ms  plan:\s*$")
_UNREADABLE = re.compile(r"\s*(?:<explain|- Plan:)")
DEEPEST = 500  # nested nodes; the planner's own limits lie far below


@dataclass(frozen=True, slots=True)
class Pasted:
    """A plan and, where the paste has it (auto_explain), its query."""

    plan: Plan
    query: str | None = None


def pasted(text: str) -> Pasted:
    """The first plan in the text.

    Raises:
        BadInput: there is none, or it is in EXPLAIN's XML or YAML.
    """
    body = _bare(_message(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")))
    try:
        for answer in _answers(body):
            return Pasted(plan_of(_checked(answer)), _query(answer))
        if any(_UNREADABLE.match(line) for line in body.split("\n")):
            raise BadInput("plans in XML or YAML are not read: take EXPLAIN (FORMAT JSON) or plain text")
        entry = entry_of(body.split("\n"))
        return Pasted(plan_of({"Plan": _checked(entry)}), _query_text(body))
    except RecursionError:
        raise BadInput("the plan is nested too deeply to be read") from None
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise BadInput(f"the plan cannot be read: {error}") from None


def _checked(answer: Any) -> Any:
    """The answer, if no node of it is deeper than anything a planner makes."""
    level = [answer]
    for _ in range(2 * DEEPEST):
        level = [each for value in level for each in _values(value)]
        if not level:
            return answer
    raise BadInput("the plan is nested too deeply to be read")


def _values(value: Any) -> Iterator[Any]:
    found = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    yield from (each for each in found if isinstance(each, (dict, list)))


def _message(text: str) -> str:
    """The message of a line of csvlog or jsonlog that holds a plan; else the text as it is."""
    first = text.lstrip()
    if first.startswith("{") and '"message"' in first:
        for line in first.split("\n"):
            found = _json(line)
            if isinstance(found, dict) and "plan:" in str(found.get("message")):
                return str(found["message"])
    if re.match(r"\d{4}-\d\d-\d\d [\d:.]+ [^\s,]+,", first):
        for row in _rows(first):
            for cell in row:
                if re.match(r"duration: [\d.]+ ms  plan:", cell):
                    return cell
    return text


def _rows(text: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(text.splitlines(keepends=True))
    except csv.Error:
        return


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _bare(text: str) -> str:
    """The text out of its frame, and of a log's message only what is its plan."""
    lines = [_unframed(line) for line in text.split("\n") if not _FRAME.match(line)]
    start = next((number + 1 for number, line in enumerate(lines) if _LOGGED.search(line)), None)
    if start is not None:
        lines = list(_indented(lines[start:]))
    return "\n".join(lines)


def _unframed(line: str) -> str:
    """Without the bars of psql's border 2, and without the `+` that says that a cell goes on."""
    bare = line.rstrip()
    if bare.endswith(("|", "│", "║")) and bare.lstrip().startswith(("|", "│", "║")):
        bare = bare.lstrip()[1:-1].rstrip()
    return bare[:-1].rstrip() if bare.endswith(("+", "↵")) else bare


def _indented(lines: list[str]) -> Iterator[str]:
    """The lines of one message of a log, which are indented by a tab; a message alone has none."""
    tabs = bool(lines) and lines[0].startswith("\t")
    for line in lines:
        if tabs and not line.startswith("\t"):
            return
        yield line.removeprefix("\t")


def _answers(body: str) -> Iterator[Any]:
    """JSON in the text that has a plan: from the first bracket at the beginning of a line."""
    decoder = json.JSONDecoder()
    for found in re.finditer(r"^[ \t]*([\[{])", body, re.MULTILINE):
        try:
            answer, _end = decoder.raw_decode(body, found.start(1))
        except ValueError:
            continue
        first = answer[0] if isinstance(answer, list) and answer else answer
        if isinstance(first, dict) and "Plan" in first:
            yield answer
            return


def _query(answer: Any) -> str | None:
    first = answer[0] if isinstance(answer, list) else answer
    text = first.get("Query Text")
    return str(text) if text else None


def _query_text(body: str) -> str | None:
    """What stands between `Query Text:` and the first line with a cost."""
    found = re.search(r"^\s*Query Text: (.*?)(?=^\s*Query Parameters:|^[^\n]*\(cost=)", body, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else None
