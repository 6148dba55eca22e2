"""Placeholders of every driver and tool, made into `$1`, `$2` ...: only they change, nothing inside a literal does.

Known are `?` (JDBC, ODBC, sqlite style), `%s` and `%(name)s` (psycopg), `:name`, `:1` and `:'name'` (SQLAlchemy, psql,
aiosql), `@name` (pgx, Npgsql), `sqlc.arg(name)` and its kin. Each of these can also be an operator, a cast, a slice or
a modulo in PostgreSQL; what decides is whether the grammar wants an operand at that place.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from pgtune.sqltext.parse import COMMENTS, Token, tokens


class Numbered(NamedTuple):
    """A text with `$n` for every placeholder; `names[n - 1]` is what `$n` was called, empty if it had no name."""

    text: str
    names: tuple[str, ...]


class Found(NamedTuple):
    """A placeholder: the words from `first` to `last` (numbers of tokens), with `keep` characters of the first kept."""

    first: int
    last: int
    name: str = ""
    keep: int = 0
    rest: str = ""


# What ends an operand, so that an operator, not an operand, comes next.
_ENDS = frozenset({
    "IDENT", "UIDENT", "SCONST", "USCONST", "ICONST", "FCONST", "BCONST", "XCONST", "PARAM", "ASCII_41",
    "ASCII_93", "TRUE_P", "FALSE_P", "NULL_P", "END_P", "DEFAULT", "CURRENT_DATE", "CURRENT_TIME",
    "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP", "CURRENT_USER", "SESSION_USER", "USER",
})  # fmt: skip
# Keywords that are names elsewhere, but behind which an operand comes.
_BEFORE_OPERAND = frozenset({
    "BETWEEN", "LIKE", "ILIKE", "BY", "ESCAPE", "VALUES", "INTERVAL", "TO", "IS", "SET", "SIMILAR", "OF",
})  # fmt: skip
# Types that are no keywords; behind them a literal may come, as in `date '2026-01-01'`.
_TYPES = frozenset({
    "date", "timestamptz", "timetz", "jsonb", "uuid", "inet", "cidr", "bytea", "point", "tsvector", "tsquery",
    "text",
})  # fmt: skip
# What a driver's `?`, `%s` or `@x` may stand behind without a blank, where the scanner makes one operator of both.
_PLAIN = frozenset({
    "=", "<", ">", "<=", ">=", "<>", "!=", "+", "-", "*", "/", "||", "->", "->>", "#>", "#>>", "@>", "<@", "&&",
    "@@", "~", "~*", "!~", "!~*", "~~", "^",
})  # fmt: skip


def numbered(text: str) -> Numbered:
    """The text with its placeholders as `$n`; those that bear a name get one number a name.

    Raises:
        NotSql: the text cannot be cut into words (a string without an end).
    """
    words = tuple(word for word in tokens(text) if word.name not in COMMENTS)
    found = tuple(_found(words))
    names = _Names(max((int(word.text[1:]) for word in words if word.name == "PARAM"), default=0))
    return Numbered(_replaced(text, words, found, names), tuple(names.names))


def spellings(text: str) -> tuple[str, ...]:
    """How the text writes each parameter that `numbered` numbers; empty for one that it writes as `$n` itself.

    Raises:
        NotSql: the text cannot be cut into words.
    """
    words = tuple(word for word in tokens(text) if word.name not in COMMENTS)
    names = _Names(max((int(word.text[1:]) for word in words if word.name == "PARAM"), default=0))
    found = {
        names.number(each.name): text[words[each.first].start + each.keep : words[each.last].end]
        for each in _found(words)
        if not each.rest
    }
    return tuple(found.get(number, "") for number in range(1, len(names.names) + 1))


class _Names:
    """Gives out numbers, above those that the text itself uses."""

    def __init__(self, taken: int) -> None:
        self.names = [""] * taken
        self._known: dict[str, int] = {}

    def number(self, name: str) -> int:
        if name in self._known:
            return self._known[name]
        self.names.append(name)
        if name:
            self._known[name] = len(self.names)
        return len(self.names)


def _replaced(text: str, words: Sequence[Token], found: Sequence[Found], names: _Names) -> str:
    percent = any(words[each.first].text.endswith("%") for each in found)
    spots = {each.first: each for each in found}
    parts, at = [], 0
    for place, word in enumerate(words):
        if word.start < at:
            continue
        if place in spots:
            each = spots[place]
            start, at, begin = word.start + each.keep, words[each.last].end, at
            parts += [text[begin:start], _apart(text, start, at, _parameter(words, each, names)), each.rest]
        elif word.name == "Op" and (plain := _undoubled(word.text, percent=percent)) != word.text:
            parts += [text[at : word.start], plain]
            at = word.end
    return "".join([*parts, text[at:]])


def _parameter(words: Sequence[Token], found: Found, names: _Names) -> str:
    """`$n`, between parentheses behind IN and VALUES, where a driver would write its list."""
    number = names.number(found.name)
    bare = found.first and not found.keep and words[found.first - 1].name in {"IN_P", "VALUES"}
    return f"(${number})" if bare else f"${number}"


def _apart(text: str, start: int, end: int, parameter: str) -> str:
    """The parameter with blanks where it would grow together with its neighbours."""
    before, behind = text[start - 1 : start], text[end : end + 1]
    return f"{' ' if _of_name(before) else ''}{parameter}{' ' if _of_name(behind) else ''}"


def _of_name(letter: str) -> bool:
    return letter != "" and (letter.isalnum() or letter in "_$" or not letter.isascii())


def _undoubled(operator: str, *, percent: bool) -> str:
    """`%%` where psycopg makes `%` of it, and `??` where JDBC makes `?` of it."""
    if operator.startswith("??"):
        return operator[1:]
    return operator.replace("%%", "%") if percent else operator


def _found(words: Sequence[Token]) -> Iterator[Found]:
    place = 0
    while place < len(words):
        each = _at(words, place)
        if each is not None:
            yield each
            place = each.last
        place += 1


def _at(words: Sequence[Token], place: int) -> Found | None:
    """The placeholder that begins with this word."""
    word, wanted = words[place], _operand_wanted(words, place)
    if word.name == "Op" and "?" in word.text:
        return _question(words, place, wanted=wanted)
    wanted = wanted or _behind_type(words, place)
    if word.name == "Op":
        return _sign(words, place, wanted=wanted)
    if word.text == "%":
        return _percent(words, place, 0) if wanted else None
    if word.text == ":":
        return _colon(words, place) if wanted else None
    return _sqlc(words, place) if word.text.lower() == "sqlc" else None


def _operand_wanted(words: Sequence[Token], place: int) -> bool:
    if not place:
        return True
    before = words[place - 1]
    if before.name in _BEFORE_OPERAND:
        return True
    return before.name not in _ENDS and before.kind in {"NO_KEYWORD", "RESERVED_KEYWORD"}


def _behind_type(words: Sequence[Token], place: int) -> bool:
    """True behind `date` and the like, if that is a type: nothing qualifies it and no operand stands before it."""
    if not place or words[place - 1].text.lower() not in _TYPES:
        return False
    return place < 2 or (words[place - 2].text != "." and words[place - 2].name not in _ENDS)


def _question(words: Sequence[Token], place: int, *, wanted: bool) -> Found | None:
    """A `?`, alone or grown together with an operator; jsonb's operators stand between operands."""
    text = words[place].text
    if text == "?":
        return Found(place, place) if wanted or not _begins_operand(words, place + 1) else None
    if wanted and text[0] == "?" and text[1:] in _PLAIN:
        return Found(place, place, rest=f" {text[1:]} ")
    if text[-1] == "?" and text[:-1] in _PLAIN:
        return Found(place, place, keep=len(text) - 1)
    return None


def _begins_operand(words: Sequence[Token], place: int) -> bool:
    """True if an operand begins here."""
    if place >= len(words):
        return False
    word = words[place]
    if word.name in {"Op", "ASCII_37", "ASCII_58"}:
        return word.text in {"?", "%", ":", "@"}
    ends = word.name in _ENDS - {"ASCII_41", "ASCII_93", "END_P", "DEFAULT"}
    return ends or word.text == "(" or word.name in {"ARRAY", "CAST", "CASE", "ROW", "COALESCE"}


def _sign(words: Sequence[Token], place: int, *, wanted: bool) -> Found | None:
    """`@name`, and `%s` or `@name` behind an operator without a blank between."""
    text = words[place].text
    if text == "@" and wanted:
        return _named(words, place, 0)
    if text[-1] == "@" and text[:-1] in _PLAIN - {"<"}:
        return _named(words, place, len(text) - 1)
    if text[-1] == "%" and text[:-1] in _PLAIN:
        return _percent(words, place, len(text) - 1)
    return None


def _named(words: Sequence[Token], place: int, keep: int) -> Found | None:
    """`@name`: touching, and neither a function nor a qualified column behind the operator `@` (absolute value)."""
    if not _touching_name(words, place + 1):
        return None
    behind = words[place + 2].text if place + 2 < len(words) else ""
    return None if behind in {"(", "."} else Found(place, place + 1, words[place + 1].text, keep)


def _touching_name(words: Sequence[Token], place: int) -> bool:
    if place >= len(words) or words[place].start != words[place - 1].end:
        return False
    return words[place].name == "IDENT" or words[place].kind != "NO_KEYWORD"


def _percent(words: Sequence[Token], place: int, keep: int) -> Found | None:
    """`%s`, `%b`, `%t` or `%(name)s`, in which no blank may stand."""
    behind = partial(_text, words)
    if behind(place + 1) in {"s", "b", "t"} and _touching(words, place, place + 1):
        return Found(place, place + 1, keep=keep)
    name = behind(place + 1) == "(" and behind(place + 3) == ")" and behind(place + 4) in {"s", "b", "t"}
    if name and _touching(words, place, place + 4):
        return Found(place, place + 4, behind(place + 2), keep)
    return None


def _text(words: Sequence[Token], place: int) -> str:
    return words[place].text if place < len(words) else ""


def _touching(words: Sequence[Token], first: int, last: int) -> bool:
    return all(words[place].end == words[place + 1].start for place in range(first, last))


def _colon(words: Sequence[Token], place: int) -> Found | None:
    """`:name`, `:1` and psql's `:'name'`."""
    if place + 1 >= len(words) or not _touching(words, place, place + 1):
        return None
    name = words[place + 1]
    if _touching_name(words, place + 1) or name.name == "ICONST":
        return Found(place, place + 1, name.text)
    return Found(place, place + 1, name.text[1:-1]) if name.name == "SCONST" and name.text[0] == "'" else None


def _sqlc(words: Sequence[Token], place: int) -> Found | None:
    """`sqlc.arg(name)`, `sqlc.narg('name')`, `sqlc.slice(name)`."""
    behind = partial(_text, words)
    call = behind(place + 1) == "." and behind(place + 2).lower() in {"arg", "narg", "slice"}
    if call and behind(place + 3) == "(" and behind(place + 5) == ")":
        return Found(place, place + 5, behind(place + 4).strip("'"))
    return None
