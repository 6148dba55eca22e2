"""Ways of asking that are seldom meant: found in a statement's tree, each with the byte where it stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pglast import ast
from pglast.enums import A_Expr_Kind as Of
from pglast.enums import BoolExprType, JoinType, NullTestType, SubLinkType

from pgtune.sqltext.parse import isa, walk


@dataclass(frozen=True, slots=True)
class NotIn:
    """`x NOT IN (SELECT column FROM table ...)`, or `x <> ALL (...)`.

    `schema` and `table` are where the column comes from, empty if that cannot be told; `guarded`: the subquery takes no
    NULLs of the column.
    """

    at: int
    schema: str
    table: str
    column: str
    guarded: bool


def not_in(statement: Any) -> Iterator[NotIn]:
    """Every NOT IN with a subquery."""
    for node in walk(statement):
        if isa(node, ast.BoolExpr) and node.boolop == BoolExprType.NOT_EXPR:
            link = node.args[0]
            if isa(link, ast.SubLink) and link.subLinkType == SubLinkType.ANY_SUBLINK and not link.operName:
                yield _not_in(link)
        elif _all(node) and node.operName[-1].sval == "<>":
            yield _not_in(node)


def _all(node: Any) -> bool:
    return isa(node, ast.SubLink) and node.subLinkType == SubLinkType.ALL_SUBLINK and bool(node.operName)


def _not_in(link: Any) -> NotIn:
    query, at = link.subselect, max(link.location or 0, 0)
    targets: Any = query.targetList or ()
    column: Any = targets[0].val if len(targets) == 1 else None
    if not isa(column, ast.ColumnRef) or not isa(column.fields[-1], ast.String):
        return NotIn(at, "", "", "", guarded=False)
    name = column.fields[-1].sval
    table = _home(column, [each for each in query.fromClause or () if isa(each, ast.RangeVar)], query.fromClause or ())
    schema, relation = ("", "") if table is None else (table.schemaname or "", table.relname)
    return NotIn(at, schema, relation, name, guarded=_guarded(query.whereClause, name))


def _home(column: Any, tables: list[Any], all_: Any) -> Any:
    """The table that a column of the select list belongs to."""
    if len(column.fields) == 1:
        return tables[0] if len(tables) == len(all_) == 1 else None
    alias = column.fields[-2].sval
    found = [each for each in tables if (each.alias.aliasname if each.alias else each.relname) == alias]
    return found[0] if len(found) == 1 else None


def _guarded(condition: Any, name: str) -> bool:
    """True if a condition that all rows must meet says IS NOT NULL of the column, or compares it."""
    if isa(condition, ast.BoolExpr) and condition.boolop == BoolExprType.AND_EXPR:
        return any(_guarded(each, name) for each in condition.args)
    if isa(condition, ast.NullTest):
        return condition.nulltesttype == NullTestType.IS_NOT_NULL and _is(condition.arg, name)
    strict = isa(condition, ast.A_Expr) and condition.kind not in {Of.AEXPR_DISTINCT, Of.AEXPR_NOT_DISTINCT}
    return strict and (_is(condition.lexpr, name) or _is(condition.rexpr, name))


def _is(node: Any, name: str) -> bool:
    return isa(node, ast.ColumnRef) and getattr(node.fields[-1], "sval", None) == name


def random_order(statement: Any) -> int | None:
    """Where ORDER BY random() stands, None if nowhere."""
    for node in walk(statement):
        if isa(node, ast.SortBy) and isa(node.node, ast.FuncCall) and node.node.funcname[-1].sval == "random":
            return max(node.node.location or 0, 0)
    return None


def everywhere(statement: Any) -> bool:
    """True for an UPDATE or DELETE of every row of its table: no WHERE, and nothing joined to it."""
    if not isinstance(statement, (ast.UpdateStmt, ast.DeleteStmt)) or statement.whereClause is not None:
        return False
    return not (getattr(statement, "fromClause", None) or getattr(statement, "usingClause", None))


def unlinked(statement: Any) -> tuple[str, str] | None:
    """Two tables of the outermost FROM, separated by a comma, that no condition brings together; None: there are none.

    A condition with a bare column, or with a subquery, may be about any table: then nothing can be said.
    """
    if not isa(statement, ast.SelectStmt) or not all(isa(each, ast.RangeVar) for each in statement.fromClause or ()):
        return None
    aliases = [each.alias.aliasname if each.alias else each.relname for each in statement.fromClause or ()]
    if len(aliases) < 2 or statement.withClause:
        return None
    groups = {alias: {alias} for alias in aliases}
    for condition in _conjuncts(statement.whereClause):
        named = _aliases(condition)
        if named is None:
            return None
        merged = set().union(*(groups[alias] for alias in named if alias in groups))
        groups.update(dict.fromkeys(merged, merged))
    apart = [alias for alias in aliases if alias not in groups[aliases[0]]]
    return (aliases[0], apart[0]) if apart else None


def _conjuncts(condition: Any) -> Iterator[Any]:
    if isa(condition, ast.BoolExpr) and condition.boolop == BoolExprType.AND_EXPR:
        for each in condition.args:
            yield from _conjuncts(each)
    elif condition is not None:
        yield condition


def _aliases(condition: Any) -> set[str] | None:
    """The tables that a condition names; None if that cannot be told."""
    found: set[str] = set()
    for node in walk(condition):
        if isa(node, ast.SubLink) or (isa(node, ast.ColumnRef) and len(node.fields) == 1):
            return None
        if isa(node, ast.ColumnRef):
            found.add(node.fields[-2].sval)
    return found


def of_tables(statement: Any) -> bool:
    """True if the outermost FROM names tables alone, joined or not, and no WITH could hide behind a name."""
    if not isa(statement, ast.SelectStmt) or statement.withClause or not statement.fromClause:
        return False
    return all(map(_of_tables, statement.fromClause))


def _of_tables(node: Any) -> bool:
    if isa(node, ast.JoinExpr):
        plain = node.jointype in {JoinType.JOIN_INNER, JoinType.JOIN_LEFT}
        return plain and _of_tables(node.larg) and _of_tables(node.rarg)
    return isa(node, ast.RangeVar)
