"""The keys of a query: what ORDER BY, GROUP BY and DISTINCT mean by a name or a position, and its limits."""

from collections.abc import Iterable, Sequence
from typing import Any

from pglast import ast
from pglast.enums import SortByDir, SortByNulls

from pgtune.sqltext.parse import isa
from pgtune.sqltext.scope import Scope
from pgtune.sqltext.shape import SortKey, Value
from pgtune.sqltext.where import value


def all_or_nothing(found: Iterable[Any]) -> tuple[Any, ...]:
    """Them all, or nothing if one is None."""
    items = tuple(found)
    return () if None in items else items


def positioned(key: Any, targets: Sequence[Any]) -> Any:
    """What `ORDER BY 2` means."""
    if isa(key, ast.A_Const) and isa(key.val, ast.Integer) and 0 < key.val.ival <= len(targets):
        return targets[key.val.ival - 1].val
    return key


def input_or_output(key: Any, scope: Scope, targets: Sequence[Any]) -> Any:
    """GROUP BY means a column of the tables first, and an output of this name only if there is none.

    Where the tables' columns are not known, an output of the name is the better guess.
    """
    term = scope.column(key) if isa(key, ast.ColumnRef) else None
    return key if term and scope.sure(term) else output(key, targets)


def output(key: Any, targets: Sequence[Any]) -> Any:
    """What an output's name stands for, as ORDER BY takes it."""
    if isa(key, ast.ColumnRef) and len(key.fields) == 1:
        named = [item.val for item in targets if item.name and item.name == getattr(key.fields[0], "sval", None)]
        return named[0] if named else key
    return key


def sorted_by(sort: Any, targets: Sequence[Any]) -> Any:
    """What a key of ORDER BY stands for."""
    return output(positioned(sort.node, targets), targets)


def sort_key(sort: Any, scope: Scope, targets: Sequence[Any]) -> SortKey | None:
    """A key of ORDER BY, None if it is no term of one relation."""
    term = scope.term(sorted_by(sort, targets))
    if term is None or sort.useOp:
        return None
    descending = sort.sortby_dir == SortByDir.SORTBY_DESC
    said = sort.sortby_nulls != SortByNulls.SORTBY_NULLS_DEFAULT
    return SortKey(term, descending, sort.sortby_nulls == SortByNulls.SORTBY_NULLS_FIRST if said else descending)


def bound(node: Any) -> Value | None:
    """A LIMIT or OFFSET; `LIMIT ALL` is none."""
    found = value(node) if node is not None else None
    return None if found is None or found.null else found


def distinct(query: Any, read: Sequence[Any]) -> Sequence[Any]:
    """The keys of DISTINCT ON, or every output."""
    on = [node for node in query.distinctClause if node is not None]
    return on or read


def is_star(node: Any) -> bool:
    """True for `*` and `t.*`."""
    return isa(node, ast.ColumnRef) and isa(node.fields[-1], ast.A_Star)


def starred(read: Sequence[Any], scope: Scope) -> Iterable[int]:
    """The numbers of the relations of which all columns are read."""
    for node in read:
        if is_star(node):
            alias = node.fields[-2].sval if len(node.fields) > 1 else None
            yield from (each.number for each in scope.sources if alias in {None, each.alias})


def own_name(node: Any) -> str | None:
    """The name of an output that has no AS."""
    return node.fields[-1].sval if isa(node, ast.ColumnRef) and isa(node.fields[-1], ast.String) else None
