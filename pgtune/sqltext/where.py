"""WHERE, ON and HAVING taken apart: conditions on one relation, and joins between two."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pglast import ast
from pglast.enums import A_Expr_Kind as Of
from pglast.enums import BoolExprType, BoolTestType, NullTestType, SubLinkType

from pgtune.sqltext.parse import deparsed, isa, parameters
from pgtune.sqltext.scope import Scope, references
from pgtune.sqltext.shape import Join, Predicate, Term, Test, Value

Arm = tuple[int, int] | None

# `5 < x` is `x > 5`.
COMMUTED = {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<=", "@>": "<@", "<@": "@>", "&&": "&&",
            "@@": "@@"}  # fmt: skip
TESTS: dict[str, Test] = {
    "=": "equal", "<": "range", ">": "range", "<=": "range", ">=": "range", "^@": "prefix",
    "~~": "pattern", "~~*": "pattern", "~": "pattern", "~*": "pattern",
    "@>": "contains", "<@": "contains", "&&": "contains", "?": "contains", "?|": "contains", "?&": "contains",
    "@@": "contains", "@@@": "contains", "@?": "contains",
}  # fmt: skip
NEGATIONS = {"!~~": "~~", "!~~*": "~~*", "!~": "~", "!~*": "~*"}


@dataclass(slots=True)
class Where:
    """Collects the conditions of one block. `semi`: the block is asked for existence alone (EXISTS)."""

    scope: Scope
    semi: bool = False
    predicates: list[Predicate] = field(default_factory=list)
    joins: list[Join] = field(default_factory=list)
    members: list[tuple[Term, Any]] = field(default_factory=list)  # x IN (SELECT ...): the term and the subquery
    _ors: int = 0
    _outer: bool = False

    def add(self, node: Any, *, outer: bool = False) -> None:
        """Take a condition apart; `outer`: it is the ON of an outer join."""
        self._outer = outer
        if node is not None:
            self._condition(node, None, negated=False)

    def _condition(self, node: Any, arm: Arm, *, negated: bool) -> None:
        if isa(node, ast.BoolExpr):
            self._boolean(node, arm, negated=negated)
        elif isa(node, ast.A_Expr):
            self._compared(node, arm, negated=negated)
        elif isa(node, ast.SubLink):
            self._member(node)
        elif isa(node, ast.NullTest):
            null = node.nulltesttype == NullTestType.IS_NULL
            self._about(
                node, node.arg, "null" if null else "not null", f"IS {'' if null else 'NOT '}NULL", arm, negated
            )
        elif isa(node, ast.BooleanTest):
            operator = BoolTestType(node.booltesttype).name.replace("_", " ")
            self._about(node, node.arg, "true", operator, arm, negated)
        elif isa(node, ast.FuncCall) and node.funcname[-1].sval == "starts_with" and len(node.args) == 2:
            self._pair(node, node.args[0], "^@", node.args[1], arm, negated=negated)
        else:
            self._about(node, node, "true", "IS TRUE", arm, negated)

    def _boolean(self, node: Any, arm: Arm, *, negated: bool) -> None:
        if node.boolop == BoolExprType.OR_EXPR:
            self._ors += 1
            number = self._ors
            for place, each in enumerate(node.args):
                self._condition(each, (number, place), negated=negated)
        elif node.boolop == BoolExprType.NOT_EXPR and isa(node.args[0], ast.ColumnRef):
            self._about(node, node.args[0], "true", "IS FALSE", arm, negated)
        else:
            for each in node.args:
                self._condition(each, arm, negated=negated or node.boolop == BoolExprType.NOT_EXPR)

    def _about(self, node: Any, subject: Any, test: Test, operator: str, arm: Arm, negated: bool) -> None:
        term = self.scope.term(subject)
        if term:
            self.predicates.append(Predicate(term, test, operator, (), self.scope.text(node), arm, negated))

    def _compared(self, node: Any, arm: Arm, *, negated: bool) -> None:
        operator = node.name[-1].sval
        if node.kind in {Of.AEXPR_BETWEEN, Of.AEXPR_BETWEEN_SYM}:
            for bound, word in zip(node.rexpr, (">=", "<="), strict=True):
                self._pair(node, node.lexpr, word, bound, arm, negated=negated, bound=True)
        elif node.kind == Of.AEXPR_IN:
            self._several(node, node.rexpr, arm, negated=negated or operator == "<>")
        elif node.kind == Of.AEXPR_OP_ANY:
            self._any(node, operator, arm, negated=negated)
        elif node.kind in {Of.AEXPR_OP, Of.AEXPR_LIKE, Of.AEXPR_ILIKE, Of.AEXPR_SIMILAR}:
            self._rows(node, operator, arm, negated=negated)
        else:  # IS DISTINCT FROM, ALL, NOT BETWEEN and NULLIF: no index serves them
            self._about(node, node.lexpr, "other", operator, arm, negated)

    def _rows(self, node: Any, operator: str, arm: Arm, *, negated: bool) -> None:
        """`(a, b) < ($1, $2)` is a condition on each of its columns."""
        if isa(node.lexpr, ast.RowExpr) and isa(node.rexpr, ast.RowExpr):
            for left, right in zip(node.lexpr.args, node.rexpr.args, strict=False):
                self._pair(node, left, operator, right, arm, negated=negated)
        elif node.lexpr is not None:
            self._pair(node, node.lexpr, operator, node.rexpr, arm, negated=negated)

    def _any(self, node: Any, operator: str, arm: Arm, *, negated: bool) -> None:
        """`x = ANY (list)` is IN; `value = ANY (array column)` is no use of an index."""
        listed = node.rexpr.elements if isa(node.rexpr, ast.A_ArrayExpr) else (node.rexpr,)
        if operator == "=" and self.scope.term(node.lexpr) and not references(node.rexpr):
            self._several(node, listed or (), arm, negated=negated)
        else:
            self._about(node, node, "other", f"{operator} ANY", arm, negated)

    def _several(self, node: Any, listed: Sequence[Any], arm: Arm, *, negated: bool) -> None:
        term = self.scope.term(node.lexpr)
        if term and not references(listed):
            values = tuple(value(each) for each in listed)
            self.predicates.append(Predicate(term, "in", "=", values, self.scope.text(node), arm, negated))

    def _pair(  # noqa: PLR0913  (both sides, what is between them, and where)
        self, node: Any, left: Any, operator: str, right: Any, arm: Arm, *, negated: bool, bound: bool = False
    ) -> None:
        """One comparison: of a term with a value, or of two relations."""
        negated, operator = negated != (operator in NEGATIONS), NEGATIONS.get(operator, operator)
        subject, other = self.scope.term(left), self.scope.term(right)
        if subject and other and subject.source != other.source:
            self.joins.append(Join(subject, operator, other, outer=self._outer, semi=self.semi, arm=arm))
        elif subject and not _reads(right):
            what = value(right)
            plain = bound or (isa(left, ast.ColumnRef) and operator in COMMUTED and node.kind == Of.AEXPR_OP)
            sql = f"{subject.sql} {operator} {what.sql}" if plain else self.scope.text(node)
            self._valued(subject, operator, what, sql, arm, negated)
        elif other and not _reads(left) and operator in COMMUTED:
            self._valued(other, COMMUTED[operator], value(left), self.scope.text(node), arm, negated)
        else:
            self._about(node, node, "other", operator, arm, negated)

    def _valued(self, term: Term, operator: str, what: Value, sql: str, arm: Arm, negated: bool) -> None:
        test = test_of(operator, what)
        self.predicates.append(Predicate(term, test, operator, (what,), sql, arm, negated or operator == "<>"))

    def _member(self, node: Any) -> None:
        if node.subLinkType == SubLinkType.ANY_SUBLINK and not node.operName:
            term = self.scope.term(node.testexpr)
            if term:
                self.members.append((term, node.subselect))


def _reads(node: Any) -> bool:
    """True if a column is read outside subqueries."""
    return not isa(node, ast.SubLink) and bool(references(node))


def value(node: Any) -> Value:
    """The node, which reads no column of its block, as what something is compared with."""
    if isa(node, ast.ParamRef):
        return Value(f"${node.number}", parameter=node.number, parameters=(node.number,))
    inner = node
    while isa(inner, ast.TypeCast):
        inner = inner.arg
    sql, held = deparsed(node), parameters(node)
    if isa(inner, ast.ParamRef):
        return Value(sql, parameter=inner.number, parameters=held)
    if isa(inner, ast.A_Const):
        return Value(sql, null=True) if inner.isnull else Value(sql, literal=_literal(inner.val))
    return Value(sql, parameters=held)


def _literal(constant: Any) -> str:
    for name in ("sval", "fval", "ival", "bsval"):
        if name in constant:
            return str(getattr(constant, name))
    return "true" if constant.boolval else "false"


def test_of(operator: str, what: Value) -> Test:
    """What kind of condition an operator makes; LIKE with a constant tells whether its pattern is anchored."""
    test = TESTS.get(operator, "other")
    if test != "pattern" or what.literal is None:
        return test
    start = _anchored(what.literal) if operator in {"~", "~*"} else what.literal
    if start is None or start.startswith(("%", "_")):
        return "infix"
    return "prefix" if start else "pattern"


def _anchored(regex: str) -> str | None:
    """The regular expression behind its `^` if it goes on with a plain letter, else None."""
    plain = regex.startswith("^") and len(regex) > 1 and regex[1] not in r".[(\*?+{|$"
    return regex[1:].lstrip("%_") or None if plain else None
