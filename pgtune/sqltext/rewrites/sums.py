"""`x + 1 = 5` is `x = 4`: what is added to a column is taken from the other side."""

from sqlglot import exp

from pgtune.sqltext.rewrites.tree import TypeOf, qualifier
from pgtune.sqltext.rewrites.turned import Turned, compared, shown, versus

# Types of exact arithmetic; floats round, so that both sides need not agree.
EXACT = ("smallint", "integer", "bigint", "numeric")


def moved(node: exp.Expression, type_of: TypeOf) -> Turned | None:
    """A sum or a difference of a column of an exact type and a whole number, with the number on the other side."""
    found = compared(node)
    if found is None or not isinstance(found.hidden, (exp.Add, exp.Sub)):
        return None
    left, right = found.hidden.this, found.hidden.expression
    if isinstance(found.hidden, exp.Add) and _whole(left):
        left, right = right, left
    if not isinstance(left, exp.Column) or not _whole(right) or not _exact(left, type_of):
        return None
    back = exp.Sub if isinstance(found.hidden, exp.Add) else exp.Add
    value = _reckoned(found.value, right, back) or back(this=_held(found.value), expression=right.copy())
    condition = versus(left, found.operator, value)
    return Turned(condition, f"{shown(node)} is {shown(condition)}")


def _exact(column: exp.Column, type_of: TypeOf) -> bool:
    return type_of(qualifier(column), column.name).partition("(")[0] in EXACT


def _whole(node: exp.Expression) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string and str(node.this).isdigit()


def _held(value: exp.Expression) -> exp.Expression:
    """The value, between brackets unless it is one word."""
    alone = isinstance(value, (exp.Literal, exp.Parameter, exp.Cast, exp.Func))
    return value.copy() if alone else exp.Paren(this=value.copy())


def _reckoned(value: exp.Expression, right: exp.Expression, back: type[exp.Expression]) -> exp.Expression | None:
    """The result where both are constants."""
    if not _whole(value):
        return None
    number = int(value.this) - int(right.this) if back is exp.Sub else int(value.this) + int(right.this)
    literal = exp.Literal.number(abs(number))
    return exp.Neg(this=literal) if number < 0 else literal
