"""Python source to a tree, and what its string literals say, line by line."""

import ast
import re
import warnings
from bisect import bisect_right
from collections.abc import Iterator

from pgtune.model.errors import NotSql

_LITERAL = re.compile(r"#[^\n]*|(?P<prefix>\b[A-Za-z]{1,2}|)(?P<quote>\"\"\"|'''|\"|')")
_BODY = {
    quote: re.compile(rf"(?:\\.|[^\\])*?{quote}", re.DOTALL) for quote in ('"""', "'''", '"', "'")
}  # fmt: skip
_SPEAKS_POSTGRES = frozenset({
    "psycopg", "psycopg2", "psycopg_pool", "asyncpg", "pg8000", "aiopg", "sqlalchemy", "django", "flask_sqlalchemy",
    "databases", "sqlmodel", "records", "peewee", "tortoise", "aiosql", "pugsql", "pandas", "alembic",
})  # fmt: skip
_SPEAKS_OTHERWISE = frozenset({
    "sqlite3", "aiosqlite", "pysqlite3", "duckdb", "pymysql", "MySQLdb", "mysql", "aiomysql", "cx_Oracle", "oracledb",
    "pyodbc", "pymssql", "snowflake", "clickhouse_driver", "clickhouse_connect", "pyspark", "cassandra",
})  # fmt: skip


class Source:
    """A module: its tree, and the text of any node.

    Raises:
        NotSql: the text is no Python.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = _parsed(text)
        self._lines = text.encode().split(b"\n")

    def segment(self, node: ast.expr) -> str:
        """The node as it is written; columns count bytes."""
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        lines = self._lines[first : last + 1]
        if not lines:
            return ""
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        return b"\n".join(lines).decode(errors="replace")

    def comments(self) -> Iterator[tuple[int, str]]:
        """Lines with a comment, each with what stands behind its `#`; strings that hold one may be among them."""
        for number, line in enumerate(self.text.split("\n"), 1):
            if "#" in line:
                yield number, line[line.index("#") :]


def _parsed(text: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is doubtful in a stranger's strings is not said here
            return ast.parse(text)
    except SyntaxError as error:
        raise NotSql(f"{error.msg} (line {error.lineno or 0})") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise NotSql(f"cannot be parsed: {error or type(error).__name__}") from None


def elsewhere(source: Source) -> str:
    """The driver of another database that the module imports; empty if it has none, or one for PostgreSQL too."""
    names: set[str] = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            names.update(each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return "" if names & _SPEAKS_POSTGRES else min(names & _SPEAKS_OTHERWISE, default="")


def said(source: Source, node: ast.expr) -> str:
    """What a literal says, on as many lines as it takes in the file: parts that stand on several are kept apart so.

    What an f-string fills in stands as it is written, in braces.
    """
    text, line = "", 0
    for at, piece in _pieces(source.segment(node)):
        between = at - line
        if text[-1:].isspace() or piece[:1].isspace() or not text:
            text += "\n" * between
        text, line = text + piece, at + piece.count("\n")
    return text


def _pieces(segment: str) -> Iterator[tuple[int, str]]:
    """The parts of a literal, each with the line of the segment on which it begins."""
    starts = [0, *(each.end() for each in re.finditer("\n", segment))]
    at = 0
    while found := _LITERAL.search(segment, at):
        at = found.end()
        if not found["quote"]:
            continue
        body = _BODY[found["quote"]].match(segment, at)
        if not body:
            return
        at = body.end()
        line = bisect_right(starts, found.start()) - 1
        yield line, _value(found["prefix"].lower(), found["quote"], body.group())


def _value(prefix: str, quote: str, body: str) -> str:
    """The characters of one part; a line that a backslash continues keeps its place."""
    inner = body[: -len(quote)]
    if "r" not in prefix:
        inner = _unescaped(quote, inner.replace("\\\\", "\0").replace("\\\n", "\n").replace("\0", "\\\\"))
    return inner.replace("{{", "{").replace("}}", "}") if "f" in prefix else inner


def _unescaped(quote: str, inner: str) -> str:
    if "\\" not in inner:
        return inner
    triple = quote * 3 if len(quote) == 1 else quote
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return str(ast.literal_eval(f"{triple}{inner}{triple}"))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return inner
