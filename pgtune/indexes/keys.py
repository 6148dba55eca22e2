"""A term of a statement as the key of an index: with its operator class, or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pglast import ast

from pgtune.indexes import opclass
from pgtune.indexes.facts import Facts, TableFacts
from pgtune.model.design import Key
from pgtune.model.errors import NotSql
from pgtune.sqltext.parse import isa, tree, walk
from pgtune.sqltext.shape import Predicate, SortKey, Term

# What functions of PostgreSQL return, where that decides the operator class. All others are taken for text.
RETURNS: Mapping[str, str] = {"to_tsvector": "tsvector", "->": "jsonb", "#>": "jsonb", "string_to_array": "text[]"}
PURE_OPERATORS = frozenset({"+", "-", "*", "/", "%", "||", "->", "->>", "#>", "#>>", "<", ">", "=", "<=", ">=", "<>"})


@dataclass(frozen=True, slots=True)
class KeyMaker:
    """Makes keys for one table."""

    facts: Facts
    table: TableFacts

    def btree(self, term: Term) -> Key | None:
        """A key that equality, ranges and order can use."""
        if term.column:
            kind = self.table.type_of(term.column)
            # An enum or another type of the user's own has a B-tree class where it can be compared at all.
            return Key(column=term.column) if self._comparable(kind) else None
        kind = self.kind(term)
        pure = bool(kind) and kind in opclass.ORDERED - {"tsvector", "jsonb"} and self.immutable(term)
        return Key(expression=term.sql) if pure else None

    def _comparable(self, kind: str) -> bool:
        if kind in opclass.ORDERED:
            return kind not in {"tsvector", "jsonb"}
        return kind in self.facts.enums

    def prefix(self, term: Term) -> Key | None:
        """A key that LIKE 'x%' can use: by bytes, which is what the pattern classes and the C collation are for."""
        plain = self.btree(term)
        if plain is None:
            return None
        kind = self.kind(term)
        if kind not in opclass.PATTERN_OPS:
            return None
        column = self.table.columns.get(term.column)
        by_bytes = (column.collation or "").strip('"') in {"C", "POSIX", 'pg_catalog."C"'} if column else False
        if by_bytes or (self.facts.c_collated and not (column and column.collation)):
            return plain
        return Key(plain.column, plain.expression, opclass=opclass.PATTERN_OPS[kind])

    def sort(self, key: SortKey) -> Key | None:
        """A key in the direction of an ORDER BY."""
        plain = self.btree(key.term)
        if plain is None:
            return None
        nulls = None if key.nulls_first == key.descending else key.nulls_first
        return Key(plain.column, plain.expression, plain.opclass, descending=key.descending, nulls_first=nulls)

    def kind(self, term: Term) -> str:
        """The type of the term, as far as it can be told; empty if not."""
        if term.column:
            return self.table.type_of(term.column)
        node = _expression(term.sql)
        if isa(node, ast.TypeCast):
            return _type_name(node)
        if isa(node, ast.FuncCall) and node.funcname:
            return RETURNS.get(node.funcname[-1].sval, "text")
        if isa(node, ast.A_Expr) and node.name:
            return RETURNS.get(node.name[-1].sval, "text" if node.name[-1].sval.endswith(">>") else "numeric")
        return "text" if isa(node, ast.CoalesceExpr) else ""

    def immutable(self, term: Term) -> bool:
        """True if every function, operator and cast in the term is known to be immutable."""
        node = _expression(term.sql)
        return node is not None and all(self._pure(each, term) for each in walk(node))

    def _pure(self, node: Any, term: Term) -> bool:
        if isa(node, ast.FuncCall):
            name = node.funcname[-1].sval
            if name in opclass.IMMUTABLE_WITHOUT_ZONE:
                return not any(self.table.type_of(column) in opclass.ZONED for column in term.columns)
            if name == "to_tsvector":
                return len(node.args or ()) == 2 and not isa(node.args[0], ast.ColumnRef)
            return name in opclass.IMMUTABLE and len(node.funcname) == 1
        if isa(node, ast.TypeCast):
            return _type_name(node) in opclass.PURE_CASTS or isa(node.arg, ast.A_Const)
        if isa(node, ast.A_Expr):
            dated = any(self.table.type_of(column) in opclass.ZONED for column in term.columns)
            return node.name[-1].sval in PURE_OPERATORS and not dated
        return not any(isa(node, each) for each in (ast.ParamRef, ast.SubLink, ast.SQLValueFunction))


def _type_name(node: Any) -> str:
    names = node.typeName.names
    inner: str = names[-1].sval
    return {"int4": "integer", "int8": "bigint", "int2": "smallint", "bool": "boolean", "varchar": "text"}.get(
        inner, inner
    )


def _expression(text: str) -> Any:
    """The expression's node, None if it does not parse."""
    try:
        return tree(f"SELECT {text}").targetList[0].val
    except NotSql:
        return None


def simple(predicate: Predicate) -> bool:
    """True if the condition is a column against literals or NULL: what a partial index may rest on."""
    if predicate.negated or not predicate.term.column:
        return False
    if predicate.test in {"null", "not null"}:
        return True
    if predicate.test == "true":
        return predicate.operator in {"IS TRUE", "IS FALSE"}
    return predicate.test in {"equal", "in"} and all(value.constant for value in predicate.values)
