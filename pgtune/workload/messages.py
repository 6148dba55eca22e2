"""A server's log as messages: stderr with any log_line_prefix, csvlog and jsonlog."""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain


@dataclass(frozen=True, slots=True)
class Message:
    """One message: `session` tells processes apart as far as the log does; `line` is where it begins, from 1."""

    text: str
    line: int
    severity: str = "LOG"
    detail: str = ""
    session: str = ""
    role: str | None = None
    database: str | None = None


# Of the columns of csvlog (documentation, 20.8.4): who, where, which process, severity, message and detail.
_USER, _DATABASE, _PROCESS, _SEVERITY, _MESSAGE, _DETAIL = 1, 2, 3, 11, 13, 14
_CSV = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [^\s,]+,")
_LINE = re.compile(
    r"(?P<prefix>.*?)(?<![A-Za-z])(?P<severity>LOG|ERROR|FATAL|PANIC|WARNING|NOTICE|INFO|DEBUG[1-5]?|DETAIL|HINT|QUERY|"
    r"STATEMENT|CONTEXT|LOCATION|BACKTRACE):  (?P<text>.*)"
)
_WHO = re.compile(r"(?:user=)?([^\s:@,\[\]=]+)(?:@|,\s?db=)([^\s:@,\[\]=]+)")
_BESIDE = frozenset({"DETAIL", "HINT", "QUERY", "STATEMENT", "CONTEXT", "LOCATION", "BACKTRACE"})


def messages(lines: Iterable[str]) -> Iterator[Message]:
    """The messages of a log in whichever of the three forms it is; what belongs to no message is passed over."""
    rest = iter(lines)
    first = next((line for line in rest if line.strip()), "")
    whole = chain([first], rest)
    if first.lstrip("\ufeff").startswith("{"):
        yield from _json(whole)
    elif _CSV.match(first.lstrip("\ufeff")):
        yield from _csv(whole)
    else:
        yield from _stderr(whole)


def _json(lines: Iterable[str]) -> Iterator[Message]:
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("message"), str):
            yield Message(
                row["message"], number, str(row.get("error_severity", "")), str(row.get("detail") or ""),
                str(row.get("pid", "")), row.get("user"), row.get("dbname"),
            )  # fmt: skip


def _csv(lines: Iterable[str]) -> Iterator[Message]:
    reader = csv.reader(lines)
    begin = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:  # a NUL or a field without an end
            begin = reader.line_num + 1
            continue
        if len(row) > _DETAIL:
            who = row[_USER] or None, row[_DATABASE] or None
            yield Message(row[_MESSAGE], begin, row[_SEVERITY], row[_DETAIL], row[_PROCESS], *who)
        begin = reader.line_num + 1


def _stderr(lines: Iterable[str]) -> Iterator[Message]:
    """Lines that begin with a tab go on; DETAIL and its kin follow the message that they belong to."""
    current: Message | None = None
    beside = ""
    for number, line in enumerate(lines, 1):
        match = None if line.startswith("\t") else _LINE.match(line.rstrip("\n"))
        if match is None:
            current = _longer(current, beside, line) if current and line.startswith("\t") else current
        elif match["severity"] in _BESIDE:
            beside = match["severity"]
            current = _longer(current, beside, match["text"]) if current else None
        else:
            if current:
                yield current
            beside, current = "", _begun(match, number)
    if current:
        yield current


def _begun(match: re.Match[str], number: int) -> Message:
    who = _WHO.search(match["prefix"])
    process = re.search(r"\[(\d+)\]|pid=(\d+)", match["prefix"])
    session = process[0] if process else match["prefix"]
    role, database = who.groups() if who else (None, None)
    return Message(match["text"], number, match["severity"], "", session, role, database)


def _longer(message: Message, beside: str, line: str) -> Message:
    text = line.rstrip("\n").removeprefix("\t")
    if not beside:
        return replace(message, text=f"{message.text}\n{text}")
    if beside == "DETAIL":
        return replace(message, detail=f"{message.detail}\n{text}" if message.detail else text)
    return message
