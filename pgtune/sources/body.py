"""A body of PL/pgSQL to the SQL in it: read word by word, for its own parser wants types that only a server knows."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pgtune.sqltext.parse import COMMENTS, Token, tokens

_STATEMENTS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "VALUES"})
_SINGLE = frozenset({"BEGIN", "DECLARE", "ELSE", "LOOP", "EXCEPTION"})
_UNTIL = {"IF": "THEN", "ELSIF": "THEN", "ELSEIF": "THEN", "WHEN": "THEN", "CASE": "THEN",
          "WHILE": "LOOP", "FOR": "LOOP", "FOREACH": "LOOP"}  # fmt: skip


class Command(NamedTuple):
    """A statement of the body: its line in it, that of the innermost loop around it (0: none)."""

    text: str
    line: int
    loop: int = 0
    dynamic: bool = False


@dataclass(slots=True)
class Body:
    """What a body holds: its statements, and the names of its variables."""

    commands: list[Command] = field(default_factory=list)
    names: set[str] = field(default_factory=set)


def commands(source: str) -> Body:
    """What the body holds.

    Raises:
        NotSql: it cannot be cut into words.
    """
    words = tuple(word for word in tokens(source) if word.name not in COMMENTS)
    return _Reader(source, words).read()


def _upper(word: Token) -> str:
    return "" if word.text[:1] in {"'", '"', "$"} else word.text.upper()


class _Reader:
    """Goes from command to command; a command ends at its semicolon, or at THEN or LOOP where one of those heads it."""

    def __init__(self, source: str, words: Sequence[Token]) -> None:
        self._source, self._words = source, words
        self._starts = [0, *(place + 1 for place, each in enumerate(source) if each == "\n")]
        self._loops: list[int] = []
        self._declares = False
        self._body = Body()

    def read(self) -> Body:
        at = 0
        while at < len(self._words):
            at = self._command(at)
        return self._body

    def _command(self, at: int) -> int:
        """Read the command that begins here; where the next one begins."""
        first = _upper(self._words[at])
        if self._words[at].text == "<<":
            return self._end(at, ">>") + 1
        if first in _SINGLE:
            self._declares = first == "DECLARE"
            if first == "LOOP":
                self._loops.append(self._line(at))
            return at + 1
        end = self._end(at, _UNTIL.get(first, ";"))
        self._take(first, at, end)
        return end + 1

    def _take(self, first: str, at: int, end: int) -> None:
        if first == "END":
            if at + 1 < end and _upper(self._words[at + 1]) == "LOOP" and self._loops:
                self._loops.pop()
        elif self._declares:
            self._declaration(at, end)
        elif first in {"FOR", "FOREACH"}:
            self._for(at, end)
        elif first == "WHILE":
            self._loops.append(self._line(at))
            self._expression(at + 1, end)
        elif first in {"IF", "ELSIF", "ELSEIF", "RETURN"}:
            self._returned(at + 1, end)
        else:
            self._plain(first, at, end)

    def _plain(self, first: str, at: int, end: int) -> None:
        if first in _STATEMENTS:
            self._statement(at, end)
        elif first == "PERFORM":
            self._add(f"SELECT {self._text(at + 1, end)}", at)
        elif first == "EXECUTE":
            self._execute(at + 1, end)
        elif first == "OPEN" and (start := self._find(at, end, {"FOR"})):
            self._query(start + 1, end)
        elif start := self._find(at, end, {":=", "="}):
            self._expression(start + 1, end)

    def _declaration(self, at: int, end: int) -> None:
        self._body.names.add(self._words[at].text.strip('"').lower())
        kind = self._find(at, end, {"CURSOR", ":=", "=", "DEFAULT"})
        if kind is None:
            return
        if _upper(self._words[kind]) == "CURSOR":
            start = self._find(kind, end, {"FOR", "IS"})
            if start:
                self._query(start + 1, end)
        else:
            self._expression(kind + 1, end)

    def _for(self, at: int, end: int) -> None:
        """Its query is asked once, so the loop begins behind it."""
        start = self._find(at, end, {"IN"})
        if start:
            self._body.names.update(word.text.strip('"').lower() for word in self._words[at + 1 : start])
            self._query(start + 1, end)
        self._loops.append(self._line(at))

    def _returned(self, at: int, end: int) -> None:
        if at < end and _upper(self._words[at]) == "QUERY":
            self._query(at + 1, end)
        else:
            self._expression(at, end)

    def _query(self, at: int, end: int) -> None:
        """What stands where a query does: one, a text to execute, or a range of numbers, which is none."""
        if at >= end:
            return
        first = _upper(self._words[at])
        if first == "EXECUTE":
            self._execute(at + 1, end)
        elif first in _STATEMENTS:
            self._statement(at, end)

    def _expression(self, at: int, end: int) -> None:
        """An expression asks only if a query stands in it."""
        if any(_upper(word) == "SELECT" for word in self._words[at:end]):
            self._add(f"SELECT {self._text(at, end)}", at)

    def _execute(self, at: int, end: int) -> None:
        """One literal is what runs; what is put together is known only then."""
        if at < end:
            stop = self._find(at, end, {"INTO", "USING", "LOOP"}) or end
            word = self._words[at]
            literal = stop == at + 1 and word.name == "SCONST" and word.text[:1] == "'"
            text = word.text[1:-1].replace("''", "'") if literal else self._text(at, stop)
            self._add(text, at, dynamic=not literal)

    def _statement(self, at: int, end: int) -> None:
        """As it stands, without INTO and its targets, which are variables; their lines stay."""
        into = self._find(at, end, {"INTO"})
        if into is None or _upper(self._words[into - 1]) in {"INSERT", "MERGE"}:
            into = self._find(into + 1, end, {"INTO"}) if into else None
        if into is None:
            self._add(self._text(at, end), at)
            return
        behind = self._targets(into + 1, end)
        stop = self._words[behind].start if behind < end else self._words[into].start
        gap = "\n" * self._source.count("\n", self._words[into - 1].end, stop)
        rest = self._text(behind, end)
        self._add(f"{self._text(at, into)}{gap or ' '}{rest}".rstrip(), at)

    def _targets(self, at: int, end: int) -> int:
        """Behind the variables that INTO names: `STRICT a, b.c, d[1]`."""
        at += at < end and _upper(self._words[at]) == "STRICT"
        while at < end:
            at += 1
            while at < end and self._words[at].text in {".", "["}:
                at = self._end(at, "]") + 1 if self._words[at].text == "[" else at + 2
            if at >= end or self._words[at].text != ",":
                return min(at, end)
            at += 1
        return end

    def _add(self, text: str, at: int, *, dynamic: bool = False) -> None:
        if text.strip():
            loop = self._loops[-1] if self._loops else 0
            self._body.commands.append(Command(text, self._line(at), loop, dynamic))

    def _text(self, at: int, end: int) -> str:
        return self._source[self._words[at].start : self._words[end - 1].end] if at < end else ""

    def _line(self, at: int) -> int:
        return bisect_right(self._starts, self._words[at].start)

    def _end(self, at: int, wanted: str) -> int:
        """Where the first such word stands outside brackets and CASE expressions; the number of words if none does."""
        return self._find(at, len(self._words), {wanted}, skip_first=True) or len(self._words)

    def _find(self, at: int, end: int, wanted: set[str], *, skip_first: bool = False) -> int | None:
        depth = cases = 0
        for place in range(at, end):
            word = _upper(self._words[place])
            if depth == 0 and cases == 0 and word in wanted and not (skip_first and place == at):
                return place
            depth = max(0, depth + (word in {"(", "["}) - (word in {")", "]"}))
            if place > at:
                cases = max(0, cases + (word == "CASE") - (word == "END"))
        return None
