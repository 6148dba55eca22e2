"""Parameters where PostgreSQL wants a literal or a type, made plannable.

pg_stat_statements puts `$n` in place of every constant, also where the grammar takes nothing but a constant
(`interval $1`, `extract($1 FROM x)`), and where the type of the parameter can no longer be told (`$1 IS NULL`).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pglast import ast
from pglast.enums import CoercionForm

from pgtune.sqltext.parse import deparsed, isa, looked_at, parameters, tokens, walk


def castable(text: str) -> str:
    """The text with casts in place of typed literals (`interval $1` is `CAST($1 AS interval)`); else as it was.

    Raises:
        NotSql: it does not parse, or is not one statement.
    """
    statement = looked_at(text)
    extracts = [node for node in walk(statement) if _extract(node)]
    if not extracts and not any(_typed_literal(node) for node in walk(statement)):
        return text
    with _plain_calls(extracts):
        return deparsed(statement)


@contextmanager
def _plain_calls(extracts: Sequence[Any]) -> Iterator[None]:
    """While it lasts, `extract(a FROM b)` is printed as `extract(a, b)`."""
    try:
        for node in extracts:
            node.funcformat = CoercionForm.COERCE_EXPLICIT_CALL
        yield
    finally:
        for node in extracts:
            node.funcformat = CoercionForm.COERCE_SQL_SYNTAX


def _typed_literal(node: Any) -> bool:
    """A cast whose type stands before the parameter: `date $1`, but not `$1::date` or `CAST($1 AS date)`."""
    if not isa(node, ast.TypeCast) or not isa(node.arg, ast.ParamRef):
        return False
    return bool(node.typeName.location < node.arg.location)


def _extract(node: Any) -> bool:
    """`extract($1 FROM x)`: as a plain function its field may be a parameter."""
    if not isa(node, ast.FuncCall) or node.funcformat != CoercionForm.COERCE_SQL_SYNTAX:
        return False
    return node.funcname[-1].sval == "extract" and bool(node.args) and isa(node.args[0], ast.ParamRef)


def with_types(text: str, types: Mapping[int, str]) -> str:
    """The text with each `$n` that has a type here cast to it: the second try where a type could not be told.

    Raises:
        NotSql: the text cannot be cut into words.
    """
    parts, at = [], 0
    for word in tokens(text):
        if word.name == "PARAM" and int(word.text[1:]) in types:
            parts += [text[at : word.end], f"::{types[int(word.text[1:])]}"]
            at = word.end
    return "".join([*parts, text[at:]])


def untold(text: str) -> tuple[int, ...]:
    """The parameters that stand where they get no type (`$1 IS NULL`), at least once; PostgreSQL refuses some of them.

    Raises:
        NotSql: it does not parse, or is not one statement.
    """
    bare = [node.arg for node in walk(looked_at(text)) if isa(node, ast.NullTest)]
    return parameters([node for node in bare if isa(node, ast.ParamRef)])


def doubtful(text: str) -> tuple[int, ...]:
    """The parameters of operators that have nothing but parameters (`$1 + $2`), of which PostgreSQL knows too many.

    Raises:
        NotSql: it does not parse, or is not one statement.
    """
    sums = [node for node in walk(looked_at(text)) if isa(node, ast.A_Expr) and isa(node.rexpr, ast.ParamRef)]
    return parameters([node for node in sums if node.lexpr is None or isa(node.lexpr, ast.ParamRef)])
