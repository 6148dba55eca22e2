"""The constants in a text of SQL: found with what they stand for, and replaced in place."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pglast.error import Error
from pglast.parser import scan

from pgtune.model.errors import BadInput

# A cast as PostgreSQL writes it: a name, maybe in a schema, the words of a standard type, a modifier, brackets.
CAST = re.compile(
    r'::((?:"(?:[^"]|"")+"|\w+)(?:\.(?:"(?:[^"]|"")+"|\w+))?(?: varying| precision| with(?:out)? time zone)?)'
    r"(?:\([\d, ]+\))?( with(?:out)? time zone)?((?:\[\])*)"
)
COMPARISONS = {"=", "<", ">", "<=", ">=", "<>", "!="}
PATTERNS = dict.fromkeys(("~~", "~~*", "!~~", "!~~*", "like", "ilike", "exception", "notice", "warning"), "like")
PATTERNS |= dict.fromkeys(("~", "~*", "!~", "!~*"), "regex")
COMPILED = ("c", "internal")
PATHS = {"->", "->>", "#>", "#>>", "?", "?|", "?&", "#-"}
# Functions of which an argument (counted from 0) is a word of PostgreSQL's own: another word makes them fail.
SPOKEN = {
    "date_trunc": 0, "date_part": 0, "date_bin": 0, "extract": 0, "timezone": 0, "to_char": 1, "to_date": 1,
    "to_timestamp": 1, "to_number": 1, "encode": 1, "decode": 1, "convert_from": 1, "convert_to": 1, "digest": 1,
    "hmac": 2, "nextval": 0,
    "currval": 0, "setval": 0, "set_config": 0, "current_setting": 0, "to_regclass": 0, "setweight": 1,
    "jsonb_extract_path": 1, "jsonb_extract_path_text": 1, "json_extract_path": 1, "json_extract_path_text": 1,
}  # fmt: skip
# Functions that look for words: the first of two arguments is a configuration, the last what is looked for.
SEARCHES = {
    "to_tsquery", "plainto_tsquery", "phraseto_tsquery", "websearch_to_tsquery", "to_tsvector", "ts_headline",
}  # fmt: skip
LONG = 4  # digits: what is shorter and not compared is mostly arithmetic
# Words before a number that is a size or an option, and types with one in brackets.
AMOUNTS = {
    "limit", "offset", "with", "by", "minvalue", "maxvalue", "cache", "cost", "rows", "statistics", "modulus",
    "remainder", "first", "next",
}  # fmt: skip
SIZED = {
    "varying", "varchar", "character", "char", "bpchar", "numeric", "decimal", "bit", "varbit", "time", "timestamp",
    "float",
}  # fmt: skip
REMARKS = ("SQL_COMMENT", "C_COMMENT")
BRACKETS = {"(": ")", "[": "]"}


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant. `type` is what it is cast to, empty where nothing says; `pattern` what reads it: like, regex, search.

    Kinds: text, number, body (of a function, `type` its language), option (a word of PostgreSQL's own), remark.
    """

    kind: str
    value: str
    type: str = ""
    pattern: str = ""


Replacement = Callable[[Literal], str | None]
"""A literal's replacement as SQL, None to let it stand."""


def replaced(text: str, replacement: Replacement) -> str:
    """The text with its literals replaced, remarks taken out.

    Raises:
        BadInput: it is no text of SQL; a quote is open, for one.
    """
    pieces, at = [], 0
    for start, end, literal in _found(text):
        new = " " if literal.kind == "remark" else replacement(literal)
        if new is not None:
            pieces += [text[at:start], new]
            at = end
    return "".join([*pieces, text[at:]])


@dataclass(frozen=True, slots=True)
class _Token:
    name: str
    text: str
    start: int
    end: int


def _tokens(text: str) -> list[_Token]:
    try:
        found = scan(text)
    except Error as error:
        raise BadInput(f"this is no text of SQL: {error}") from None
    return [_Token(each.name, text[each.start : each.end + 1], each.start, each.end + 1) for each in found]


def _found(text: str) -> Iterator[tuple[int, int, Literal]]:
    """Literals and remarks with where they stand, in the order of the text."""
    tokens = _tokens(text)
    remarks = [(each.start, each.end, Literal("remark", each.text)) for each in tokens if each.name in REMARKS]
    literals = _literals(text, [each for each in tokens if each.name not in REMARKS])
    yield from sorted([*remarks, *literals], key=lambda each: each[0])


@dataclass(slots=True)
class _Around:
    """What a bracket belongs to (the word before it), and how many commas have been passed in it."""

    word: str = ""
    argument: int = 0


def _literals(text: str, code: Sequence[_Token]) -> Iterator[tuple[int, int, Literal]]:
    around = [_Around()]
    routine = _Routine(code)
    for number, token in enumerate(code):
        word = token.text.lower()
        if word in BRACKETS:
            around.append(_Around(code[number - 1].text.lower() if number else ""))
        elif word in BRACKETS.values():
            around = around[:-1] or [_Around()]
        elif word == ",":
            around[-1].argument += 1
        elif token.name in ("SCONST", "USCONST"):
            cast = CAST.match(text, token.end)
            yield token.start, token.end, _string(code, number, around[-1], cast, routine)
        elif token.name in ("ICONST", "FCONST") and _is_data(code, number, around[-1].word):
            yield token.start, token.end, Literal("number", token.text)


class _Routine:
    """What CREATE FUNCTION says outside its body; nothing where the statement is another."""

    def __init__(self, code: Sequence[_Token]) -> None:
        words = [token.text.lower().strip("\"'") for token in code]
        self.made = bool({"function", "procedure"}.intersection(words[:5])) and words[:1] == ["create"]
        self.language = words[words.index("language") + 1] if self.made and "language" in words[:-1] else "sql"
        body = [at for at, word in enumerate(words) if word in ("as", "begin", "return")]
        self.settings = (
            range(words.index("set"), min([*body, len(words)])) if self.made and "set" in words else range(0)
        )


def _string(
    code: Sequence[_Token], number: int, around: _Around, cast: re.Match[str] | None, routine: _Routine
) -> Literal:
    value, before = _decoded(code[number].text), code[number - 1].text.lower() if number else ""
    if routine.made and before == "as":
        return Literal("body", value, routine.language)
    kind = "".join(part or "" for part in cast.groups()) if cast else ""
    own = (
        number in routine.settings
        or around.word == "with"
        or SPOKEN.get(around.word) == around.argument
        or before in (*PATHS, "interval", "zone", "language")
        or (routine.made and routine.language in COMPILED)
    )
    looks = around.word in SEARCHES and not kind
    named = looks and around.argument == 0 and [each.text for each in code[number + 1 : number + 2]] == [","]
    pattern = "search" if looks else PATTERNS.get(before, "")
    return Literal("option" if own or named else "text", value, kind, pattern)


def _is_data(code: Sequence[_Token], number: int, call: str) -> bool:
    """True for a number that is compared, a default, an element or a bound, and for a long one that means no amount."""
    before = code[number - 1] if number else None
    if before is not None and before.text == "-":
        before = code[number - 2] if number > 1 else None
    behind = code[number + 1].text if number + 1 < len(code) else ""
    said = before.text.lower() if before else ""
    listed = call in ("array", "from", "to", "in") and said in ("(", "[", ",")
    long = len(code[number].text) >= LONG and call not in SIZED and said not in AMOUNTS
    return said in (*COMPARISONS, "default", "between") or behind in COMPARISONS or listed or long


def _decoded(token: str) -> str:
    if token.startswith("$"):
        tag = token[: token.index("$", 1) + 1]
        return token[len(tag) : -len(tag)]
    prefix, _, inner = token.partition("'")
    inner = inner[:-1].replace("''", "'")
    return re.sub(r"\\(.)", _escaped, inner, flags=re.DOTALL) if prefix.lower() == "e" else inner


def _escaped(found: re.Match[str]) -> str:
    return {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}.get(found[1], found[1])


def quoted(value: str) -> str:
    """The value as a string constant, whatever standard_conforming_strings says."""
    doubled = value.replace("'", "''")
    if "\\" not in doubled:
        return f"'{doubled}'"
    slashed = doubled.replace("\\", "\\\\")
    return f"E'{slashed}'"


def dollars(body: str) -> str:
    """A function's body between dollar quotes that are not in it."""
    tag = "$function$"
    while tag in body:
        tag = f"{tag[:-1]}x$"
    return f"{tag}{body}{tag}"
