"""Statements of a server's log: log_min_duration_statement, log_statement with log_duration, and auto_explain.

Of the extended protocol only the execution counts, not parse and bind. Messages in other languages than English
(lc_messages) are not understood.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from pgtune.workload.entry import Entry
from pgtune.workload.messages import Message, messages

_DURATION = re.compile(r"duration: (?P<ms>\d+(?:\.\d+)?) ms(?:  (?P<rest>.*))?\Z", re.DOTALL)
_STATEMENT = re.compile(r"(?:statement|execute (?!fetch from)[^:]*): (?P<text>.*)\Z", re.DOTALL)
_PLAN_LINE = re.compile(r".*\(cost=\d")
_PARAMETER = re.compile(r"\$(\d+) = (?:NULL|'((?:[^']|'')*)'(\.\.\.)?)")


def entries(lines: Iterable[str], origin: str) -> Iterator[Entry]:
    """The statements that were run, one entry a run, with durations and parameters where they were logged."""
    waiting: dict[str, Entry] = {}  # a statement whose duration is a message of its own
    for message in messages(lines):
        if message.severity != "LOG":
            continue
        timed = _DURATION.match(message.text)
        if timed is None:
            yield from _left(waiting, message.session)
            found = _run(message, message.text, None, origin)
            if found:
                waiting[message.session] = found
        elif timed["rest"] is None:
            if message.session in waiting:
                yield replace(waiting.pop(message.session), total_ms=float(timed["ms"]))
        elif found := _run(message, timed["rest"], float(timed["ms"]), origin):
            yield found
    yield from waiting.values()


def _left(waiting: dict[str, Entry], session: str) -> Iterator[Entry]:
    if session in waiting:
        yield waiting.pop(session)


def _run(message: Message, text: str, duration: float | None, origin: str) -> Entry | None:
    where = f"{origin}:{message.line}"
    if text.startswith("plan:"):
        return _explained(message, text.removeprefix("plan:").strip(), duration, where)
    match = _STATEMENT.match(text)
    if match is None:
        return None
    values = parameters(message.detail)
    return Entry(
        match["text"], where, 1, duration, parameters=values, role=message.role, database=message.database,
        native=True,
    )  # fmt: skip


def _explained(message: Message, text: str, duration: float | None, where: str) -> Entry | None:
    query, values = _query_of_json(text) if text.startswith(("{", "[")) else _query_of_text(text)
    if not query:
        return None
    return Entry(
        query, where, 1, duration, parameters=parameters(values), role=message.role, database=message.database,
        explained=True,
    )  # fmt: skip


def _query_of_json(text: str) -> tuple[str, str]:
    try:
        plan = json.loads(text)
    except ValueError:
        return "", ""
    plan = plan[0] if isinstance(plan, list) and plan else plan
    if not isinstance(plan, dict):
        return "", ""
    return str(plan.get("Query Text", "")), str(plan.get("Query Parameters", ""))


def _query_of_text(text: str) -> tuple[str, str]:
    """Everything from `Query Text:` to the first line of the plan, which has its cost."""
    if not text.startswith("Query Text:"):
        return "", ""
    query, values = [], ""
    for line in text.removeprefix("Query Text:").split("\n"):
        if _PLAN_LINE.match(line):
            break
        if line.startswith("Query Parameters:"):
            values = line
        else:
            query.append(line)
    return "\n".join(query).strip(), values


def parameters(detail: str) -> tuple[str | None, ...] | None:
    """The values of `$1 = 'a', $2 = NULL`; None where there are none or one was cut off in the log."""
    found = _PARAMETER.findall(detail)
    values = {int(number): match for number, *match in found}
    if not values or any(cut for _text, cut in values.values()):
        return None
    nulls = {int(number) for number in re.findall(r"\$(\d+) = NULL", re.sub(r"'(?:[^']|'')*'", "''", detail))}
    numbers = range(1, max(values) + 1)
    return tuple(None if n in nulls or n not in values else values[n][0].replace("''", "'") for n in numbers)
