"""A page by OFFSET made a page by cursor: what comes behind the last row of the page before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from sqlglot import exp

from pgtune.sqltext.rewrites.tree import MARK, Rewrite, also, column, expression, printed, read, renumbered

# With one of these a row of the answer is no row of a table, and no cursor can name it.
COMPUTED = (exp.AggFunc, exp.Window, exp.Unnest, exp.Explode, exp.GenerateSeries)
GATHERED = ("group", "having", "distinct", "windows", "qualify")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The rewritten query, and which parameter takes which column of the last row: (number, column)."""

    rewrite: Rewrite
    takes: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class _Key:
    column: exp.Column
    descending: bool
    number: int

    @property
    def sql(self) -> str:
        return printed(self.column)

    @property
    def value(self) -> str:
        return f"@{MARK}{self.number}"

    def versus(self, operator: str) -> str:
        return f"{self.sql} {operator} {self.value}"

    @property
    def behind(self) -> str:
        return "<" if self.descending else ">"


def keyset(text: str, ties: Sequence[tuple[str, str]]) -> Cursor | None:
    """The query with a cursor in place of its OFFSET; None where there can be none.

    The columns of its ORDER BY must not be null, and together with `ties` (qualifier or "", name), which are appended
    to it, tell every row of the answer from every other one: that is for the caller to know.
    """
    tree: Any = read(text)
    if not _pages(tree):
        return None
    tree.set("offset", None)
    order = tree.args["order"]
    for qualifier, name in ties:
        descending = bool(order.expressions[-1].args.get("desc"))
        order.append("expressions", exp.Ordered(this=column(qualifier, name), desc=descending, nulls_first=descending))
    keys = _numbered(tree)
    behind = _row(keys) if len({key.descending for key in keys}) == 1 else _steps(keys)
    also(tree, [expression(each) for each in behind])
    text, used = renumbered(tree)
    new = {key.number for key in keys}
    origins = tuple(0 if number in new else number for number in used)
    takes = tuple((used.index(key.number) + 1, key.column.name) for key in keys)
    return Cursor(Rewrite(text, "a cursor in place of OFFSET", origins=origins), takes)


def _pages(tree: exp.Expression | None) -> bool:
    """A plain query with a limit, an offset and an order by columns."""
    if not isinstance(tree, exp.Select) or any(tree.args.get(each) for each in GATHERED):
        return False
    order = tree.args.get("order")
    keyed = order is not None and all(isinstance(each.this, exp.Column) for each in order.expressions)
    return bool(keyed and tree.args.get("limit") and tree.args.get("offset")) and not tree.find(*COMPUTED)


def _numbered(tree: exp.Expression) -> list[_Key]:
    """The keys of the order, each with a parameter: numbers that the query no longer uses come first."""
    used = {int(each.this.name.removeprefix(MARK)) for each in tree.find_all(exp.Parameter)}
    free = (number for number in count(1) if number not in used)
    return [_Key(each.this, bool(each.args.get("desc")), next(free)) for each in tree.args["order"].expressions]


def _row(keys: Sequence[_Key]) -> Iterator[str]:
    """All keys in one direction: a comparison of rows, which one index range answers."""
    if len(keys) == 1:
        yield keys[0].versus(keys[0].behind)
        return
    columns, values = (", ".join(each) for each in zip(*((key.sql, key.value) for key in keys), strict=True))
    yield f"({columns}) {keys[0].behind} ({values})"


def _steps(keys: Sequence[_Key]) -> Iterator[str]:
    """Keys in different directions: equal up to one of them, and behind in that one; the first alone for an index."""
    yield keys[0].versus(f"{keys[0].behind}=")
    arms = []
    for place, key in enumerate(keys):
        same = [each.versus("=") for each in keys[:place]]
        arms.append(f"({' AND '.join([*same, key.versus(key.behind)])})")
    yield f"({' OR '.join(arms)})"
