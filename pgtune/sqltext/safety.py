"""What running a statement could do besides answering: the facts that a proof on a real server must know."""

from typing import Any

from pglast import ast

from pgtune.sqltext.parse import isa, walk

_WRITES = (ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt, ast.IntoClause)


def locks_rows(statement: Any) -> bool:
    """True if FOR UPDATE, FOR SHARE and the like stand anywhere in the tree."""
    return any(isa(node, ast.LockingClause) for node in walk(statement))


def writes(statement: Any) -> bool:
    """True if the tree writes anywhere, in a CTE or by INTO as well."""
    return any(isinstance(node, _WRITES) for node in walk(statement))


def functions(statement: Any) -> tuple[tuple[str, str], ...]:
    """Schema (empty where none is named) and name of every function called by name, each once, sorted.

    Only a server knows which of them are volatile, in pg_proc.provolatile; operators, casts, views, triggers and
    policies may call others.
    """
    calls = (node.funcname for node in walk(statement) if isa(node, ast.FuncCall))
    return tuple(sorted({("" if len(name) == 1 else name[-2].sval, name[-1].sval) for name in calls}))


def filtering(statement: Any) -> frozenset[int]:
    """The parameters that decide which rows are read: those in WHERE, ON, HAVING, LIMIT and OFFSET, at any depth."""
    places = ("whereClause", "quals", "havingClause", "limitCount", "limitOffset", "joinCondition")
    parts = [getattr(node, place, None) for node in walk(statement) for place in places]
    return frozenset(node.number for node in walk(parts) if isa(node, ast.ParamRef))
