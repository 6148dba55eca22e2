"""sqlglot's tree of a statement, and back to SQL: only where it is known to mean the same.

sqlglot reads many dialects and prints its own idea of a text. A text is taken only if what it prints, unchanged, is for
PostgreSQL's own parser the same statement.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from pgtune.model.errors import NotSql
from pgtune.sqltext.parse import deparsed, identifier, looked_at, tokens

DIALECT = "postgres"
# `$1` opens a dollar-quoted string for sqlglot; `@name` is a parameter for it, which it prints as `$name`.
MARK = "pgtune_"
_PRINTED = re.compile(rf"\${MARK}(\d+)\b")
_NOW = re.compile(r"\bnow\(\)")

TypeOf = Callable[[str, str], str]
"""The type of a column, as format_type() writes it: (qualifier or "", name) -> type, "" if unknown."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A statement made anew. `what` says what was changed; `doubt` where its answer could differ, empty if nowhere.

    `origins`: which parameter each of its `$n` was in the text before, 0 for a new one; empty: all kept their numbers.
    """

    text: str
    what: str
    doubt: str = ""
    origins: tuple[int, ...] = ()


def read(text: str) -> exp.Expression | None:
    """The tree, None if sqlglot does not know the text or would not print it back as the same statement."""
    try:
        tree = _parsed(text)
        same = tree is not None and _meaning(printed(tree)) == _meaning(text)
    except (NotSql, SqlglotError, RecursionError):
        return None
    return tree if same else None


def _parsed(text: str) -> exp.Expression | None:
    if MARK in text:
        return None
    parts, at = [], 0
    for word in tokens(text):
        if word.name == "PARAM":
            parts += [text[at : word.start], f" @{MARK}{word.text[1:]} "]
            at = word.end
    tree: Any = parse_one("".join([*parts, text[at:]]), dialect=DIALECT)
    return tree if isinstance(tree, exp.Expression) else None


def printed(tree: exp.Expression) -> str:
    """The tree as SQL on one line, parameters as `$n`, without the text's comments."""
    return _PRINTED.sub(r"$\1", tree.sql(dialect=DIALECT, comments=False))


def _meaning(text: str) -> str:
    """The same for texts that sqlglot only words differently: now(), and the case of an interval's units."""
    return _NOW.sub("current_timestamp", deparsed(looked_at(text)).lower())


def column(qualifier: str, name: str) -> exp.Expression:
    """A column by the names that the catalogs know, quoted where they must be."""
    return expression(".".join(identifier(each) for each in (qualifier, name) if each))


def renumbered(tree: exp.Expression) -> tuple[str, tuple[int, ...]]:
    """The tree as SQL whose parameters are $1 and on without a gap, and what they were.

    PostgreSQL wants to know the type of each that is counted.
    """
    used = sorted({int(each.this.name.removeprefix(MARK)) for each in tree.find_all(exp.Parameter)})
    places = {number: place for place, number in enumerate(used, 1)}
    text = _PRINTED.sub(lambda found: f"${places[int(found[1])]}", tree.sql(dialect=DIALECT, comments=False))
    return text, tuple(used)


def also(tree: exp.Expression, more: Sequence[exp.Expression]) -> None:
    """Give the query further conditions, on the same level as those it has."""
    where = tree.args.get("where")
    known = [] if where is None else [exp.Paren(this=where.this) if isinstance(where.this, exp.Or) else where.this]
    tree.set("where", exp.Where(this=reduce(lambda left, right: exp.And(this=left, expression=right), [*known, *more])))


def expression(text: str) -> exp.Expression:
    """A bit of SQL as a tree; its parameters are given as `@pgtune_n`."""
    found: Any = parse_one(text, dialect=DIALECT)
    return found  # type: ignore[no-any-return]  # sqlglot says no more of it


def conjuncts(condition: exp.Expression | None) -> Iterator[exp.Expression]:
    """What must be met by every row: the condition taken apart at its ANDs."""
    if isinstance(condition, (exp.And, exp.Paren)):
        for each in (condition.this, condition.args.get("expression")):
            yield from conjuncts(each)
    elif condition is not None:
        yield condition


def positive(condition: exp.Expression | None) -> Iterator[exp.Expression]:
    """The comparisons of a condition that stand under no NOT: those where NULL and false are one."""
    if isinstance(condition, (exp.And, exp.Or, exp.Paren)):
        for each in (condition.this, condition.args.get("expression")):
            yield from positive(each)
    elif condition is not None:
        yield condition


def conditions(tree: exp.Expression) -> Iterator[exp.Expression]:
    """Every positive comparison of every WHERE and of every ON of an inner join, subqueries' too."""
    for where in list(tree.find_all(exp.Where)):
        yield from list(positive(where.this))
    for join in list(tree.find_all(exp.Join)):
        if not join.args.get("side"):
            yield from list(positive(join.args.get("on")))


def qualifier(column: exp.Expression) -> str:
    """What stands before the column's name, without quotes."""
    return str(column.table) if isinstance(column, exp.Column) else ""
