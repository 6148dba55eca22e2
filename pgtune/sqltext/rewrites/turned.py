"""A predicate read as `expression operator value`, and what it was turned into."""

from dataclasses import dataclass

from sqlglot import exp

from pgtune.sqltext.rewrites.tree import printed

OPERATORS: dict[type[exp.Expression], str] = {exp.EQ: "=", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
CLASSES = {operator: kind for kind, operator in OPERATORS.items()}


@dataclass(frozen=True, slots=True)
class Turned:
    """The new condition, what was done in words, and where the answer could differ."""

    condition: exp.Expression
    what: str
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """`hidden operator value`: an expression over a column, compared with something that reads none."""

    hidden: exp.Expression
    operator: str
    value: exp.Expression


def compared(node: exp.Expression) -> Compared | None:
    """The comparison with its column on the left."""
    operator = OPERATORS.get(type(node))
    if operator is None:
        return None
    left, right = _bare(node.this), _bare(node.expression)
    if _reads(left) and not _reads(right):
        return Compared(left, operator, right)
    return Compared(right, MIRRORED[operator], left) if _reads(right) and not _reads(left) else None


def _bare(node: exp.Expression) -> exp.Expression:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _reads(node: exp.Expression) -> bool:
    return node.find(exp.Column, exp.Query) is not None


def versus(column: exp.Expression, operator: str, value: exp.Expression) -> exp.Expression:
    """`column operator value`."""
    return CLASSES[operator](this=column.copy(), expression=value.copy())


def between(column: exp.Expression, first: exp.Expression, end: exp.Expression) -> exp.Expression:
    """`column >= first AND column < end`."""
    return exp.And(this=versus(column, ">=", first), expression=versus(column, "<", end))


def text_of(node: exp.Expression) -> str | None:
    """A string constant's text, casts taken off."""
    while isinstance(node, (exp.Cast, exp.Paren)):
        node = node.this
    return str(node.this) if isinstance(node, exp.Literal) and node.is_string else None


def shown(node: exp.Expression) -> str:
    """The node as SQL, for a sentence."""
    return printed(node)
