"""Text to statements: split, parsed by PostgreSQL's own grammar, fingerprinted. Only NotSql is raised."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple, TypeVar

from pglast import ast, keywords, parser
from pglast.error import Error

from pgtune.model.errors import NotSql
from pgtune.model.name import quoted
from pgtune.sqltext.psql import unclosed_comments

# The scanner looks at the whole rest of a text once for each comment in a comment that has no end.
_OPEN = 100
# In a text of this length nothing is nested so deeply that making nodes of it overruns the stack and ends the process
# (40,000 levels did); of longer ones the parser's own writer, which knows its limit, is asked first.
_SHORT = 16_000
_LONG = 200  # of what the parser says

Kind = Literal["select", "insert", "update", "delete", "merge", "utility"]
Answer = TypeVar("Answer")

KINDS: dict[type[Any], Kind] = {
    ast.SelectStmt: "select",
    ast.InsertStmt: "insert",
    ast.UpdateStmt: "update",
    ast.DeleteStmt: "delete",
    ast.MergeStmt: "merge",
}


class Piece(NamedTuple):
    """A statement as it stands in a text: without its semicolon, from `start` on, on `line` (the first is 1)."""

    text: str
    start: int
    line: int


class Token(NamedTuple):
    """A word of SQL: `text` is `source[start:end]`, `name` the grammar's name, `kind` the kind of its keyword."""

    name: str
    kind: str
    text: str
    start: int
    end: int


def isa(node: Any, kind: type[Any]) -> bool:
    """isinstance() for pglast's nodes: what it says of their fields (each may be None) is of no help to the checker."""
    return isinstance(node, kind)


def guarded(work: Callable[[str], Answer], text: str) -> Answer:
    """`work(text)`, whose every way to fail is NotSql.

    A NUL would end the text for the parser, which is written in C, and hide what stands behind it.

    Raises:
        NotSql: the parser does not take the text; the message says why and where.
    """
    if "\0" in text:
        raise NotSql(f"a NUL character at position {text.index(chr(0)) + 1}")
    if text.count("/*") > _OPEN and unclosed_comments(text) > _OPEN:
        raise NotSql("comments nested too deeply to be read")
    try:
        return work(text)
    except Error as error:
        raise NotSql(_reason(error, text)) from None
    except UnicodeError:
        raise NotSql("the text is not valid Unicode") from None
    except (RecursionError, MemoryError):
        raise NotSql("nested too deeply to be read") from None


def _reason(error: Exception, text: str) -> str:
    reason, *place = error.args or ("cannot be parsed",)
    if len(str(reason)) > _LONG:  # the scanner quotes all that is behind
        reason = f"{str(reason)[:_LONG]} ..."
    at = place[0] if place and isinstance(place[0], int) else None
    return f"{reason} (line {text.count(chr(10), 0, at) + 1})" if at is not None else str(reason)


def tokens(text: str) -> tuple[Token, ...]:
    """The words of the text with comments, in their order.

    Raises:
        NotSql: a string or a comment without an end, a stray character.
    """
    found = guarded(parser.scan, text)
    return tuple(Token(t.name, t.kind, text[t.start : t.end + 1], t.start, t.end + 1) for t in found)


COMMENTS = frozenset({"SQL_COMMENT", "C_COMMENT"})


def split(text: str) -> tuple[Piece, ...]:
    """The statements of the text, whether they parse or not: cut at semicolons outside strings and function bodies.

    Comments before a statement belong to it; a piece of nothing but comments is none.

    Raises:
        NotSql: a string or a comment without an end.
    """
    found, line, at = [], 1, 0
    for begin, end in _places(text):
        body = text[begin:end]
        start = begin + len(body) - len(body.lstrip())
        line, at = line + text.count("\n", at, start), start
        found.append(Piece(body.strip(), start, line))
    return tuple(found)


def _places(text: str) -> Iterable[tuple[int, int]]:
    """Where each statement begins and ends: the parser knows at once where all of them are SQL, else words are cut."""
    try:
        found = guarded(lambda whole: parser.split(whole, only_slices=True), text)
    except NotSql:
        return _cuts(text, tokens(text))
    ends = [0, *(each.stop for each in found)]
    return [
        (end + _behind_semicolon(text[end : each.start]), each.stop) for end, each in zip(ends, found, strict=False)
    ]


def _behind_semicolon(gap: str) -> int:
    """Where in what stands between two statements the second one's comments begin."""
    if not gap.strip(" \t\r\n;"):
        return gap.rfind(";") + 1
    return max((word.end for word in tokens(gap) if word.name == "ASCII_59"), default=0)


def _cuts(text: str, words: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Where each statement begins and ends."""
    begin, bare, depth, nesting = 0, True, 0, 0
    for before, word in zip((None, *words), words, strict=False):
        depth += (word.text in {"(", "["}) - (word.text in {")", "]"})
        nesting = _nesting(nesting, before, word)
        if word.name == "ASCII_59" and depth <= 0 and not nesting:
            if not bare:
                yield begin, word.start
            begin, bare, depth = word.end, True, 0
        elif word.name not in COMMENTS:
            bare = False
    if not bare:
        yield begin, len(text)


def _nesting(nesting: int, before: Token | None, word: Token) -> int:
    """How deep inside a BEGIN ATOMIC body: its CASE has an END of its own."""
    if word.name == "ATOMIC" and before is not None and before.name == "BEGIN_P":
        return nesting + 1
    if nesting and word.name in {"CASE", "END_P"}:
        return nesting + (1 if word.name == "CASE" else -1)
    return nesting


def trees(text: str) -> tuple[Any, ...]:
    """The syntax trees of the text's statements (pglast's nodes, without their RawStmt).

    Raises:
        NotSql: the text does not parse.
    """
    if len(text) > _SHORT:
        guarded(parser.parse_sql_protobuf, text)
    return tuple(raw.stmt for raw in guarded(parser.parse_sql, text))


def tree(text: str) -> Any:
    """The syntax tree of the text, which is one statement.

    Raises:
        NotSql: the text does not parse, or is none or several statements.
    """
    found = trees(text)
    if len(found) != 1:
        raise NotSql(f"one statement is wanted, this is {len(found) or 'none'}")
    return found[0]


def is_one(text: str) -> bool:
    """Whether the text is one statement, so that nothing follows it where it is put into a script."""
    try:
        return len(trees(text)) == 1
    except NotSql:
        return False


@lru_cache(maxsize=32)
def looked_at(text: str) -> Any:
    """The same tree for readers alone: a statement is looked at from several sides, one after the other.

    Raises:
        NotSql: as `tree`.
    """
    return tree(text)


def kind(statement: Any) -> Kind:
    """What the tree is; `utility` is everything that has no plan, SELECT INTO among it."""
    if isa(statement, ast.SelectStmt) and _into(statement):
        return "utility"
    return KINDS.get(type(statement), "utility")


def _into(select: Any) -> bool:
    while select.larg is not None:  # INTO stands in the first arm of a UNION
        select = select.larg
    return select.intoClause is not None


def query_of(statement: Any, *, executed: bool = False) -> Any:
    """The query of DECLARE CURSOR and of COPY (...) TO, which is planned as any other; else the statement itself.

    `executed`: the query of PREPARE too, for the text is named so where EXECUTE ran it.
    """
    holds = (ast.DeclareCursorStmt, ast.CopyStmt, *((ast.PrepareStmt,) if executed else ()))
    return getattr(statement, "query", None) or statement if isinstance(statement, holds) else statement


def planable(text: str) -> Any:
    """The tree, for readers alone, of a text that is exactly one statement that EXPLAIN takes and that has a plan.

    Raises:
        NotSql: it does not parse, is not one statement, or is a utility statement, whatever stands in it.
    """
    statement = looked_at(text)
    if kind(statement) == "utility":
        raise NotSql("only SELECT, INSERT, UPDATE, DELETE and MERGE have a plan")
    return statement


_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_WORDS = keywords.RESERVED_KEYWORDS | keywords.TYPE_FUNC_NAME_KEYWORDS | keywords.COL_NAME_KEYWORDS


def identifier(name: str) -> str:
    """The name as SQL, quoted where it must be (quote_identifier in ruleutils.c)."""
    return name if _PLAIN.fullmatch(name) and name not in _WORDS else quoted(name)


def deparsed(node: Any) -> str:
    """The node as SQL on one line.

    Raises:
        NotSql: it is nested too deeply, or holds what the printer does not know.
    """
    from pglast.stream import RawStream  # noqa: PLC0415  (a lint prints nothing, and its start would pay for it)

    try:
        return str(RawStream()(node))
    except (RecursionError, NotImplementedError) as error:
        raise NotSql(f"cannot be printed: {type(error).__name__}") from None


def fingerprint(text: str) -> str:
    """The same for statements that differ in constants, parameters, blanks and letter case alone.

    The parser's own fingerprint leaves schemas away, and numbers at the end of names; here each relation counts.

    Raises:
        NotSql: the text does not parse, or is not one statement.
    """
    import hashlib  # noqa: PLC0415  (OpenSSL, and as above)

    print_ = str(guarded(parser.fingerprint, text))
    names = [(node.schemaname, node.relname) for node in walk(looked_at(text)) if isa(node, ast.RangeVar)]
    return hashlib.sha256(f"{print_} {names}".encode(errors="replace")).hexdigest()[: len(print_)]


def walk(node: Any) -> Iterator[Any]:
    """The node and everything below it, in the order of the tree's fields."""
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current, (tuple, list)):
            stack.extend(reversed(current))
        elif isa(current, ast.Node):
            yield current
            for field in reversed(tuple(current)):
                below = getattr(current, field)
                if isinstance(below, (ast.Node, tuple, list)):
                    stack.append(below)


def parameters(node: Any) -> tuple[int, ...]:
    """The numbers of the `$n` in the tree, each once, ascending."""
    return tuple(sorted({each.number or 0 for each in walk(node) if isinstance(each, ast.ParamRef)}))
