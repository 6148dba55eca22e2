"""Predicates that hide a column in a function, turned so that the bare column stands alone on one side."""

from collections.abc import Callable, Iterator

from sqlglot import exp

from pgtune.sqltext.rewrites import moments, sums
from pgtune.sqltext.rewrites.tree import Rewrite, TypeOf, conditions, printed, read
from pgtune.sqltext.rewrites.turned import Turned

Turn = Callable[[exp.Expression, TypeOf], Turned | None]
TURNS: tuple[Turn, ...] = (moments.truncated, moments.extracted, moments.cast, sums.moved)


def sargable(text: str, type_of: TypeOf) -> Rewrite | None:
    """The statement with every such predicate turned, None if there is none or its types are not known."""
    tree = read(text)
    if tree is None:
        return None
    turned = list(_turned(tree, type_of))
    if not turned:
        return None
    what = "; ".join(dict.fromkeys(each.what for each in turned))
    return Rewrite(printed(tree), what, "; ".join(dict.fromkeys(each.doubt for each in turned if each.doubt)))


def _turned(tree: exp.Expression, type_of: TypeOf) -> Iterator[Turned]:
    for condition in conditions(tree):
        found = next((each for turn in TURNS if (each := turn(condition, type_of))), None)
        if found is not None:
            condition.replace(_bracketed(condition, found.condition))
            yield found


def _bracketed(old: exp.Expression, new: exp.Expression) -> exp.Expression:
    """Several conditions in place of one, between brackets where an OR is around them."""
    return exp.Paren(this=new) if isinstance(new, exp.And) and isinstance(old.parent, exp.Or) else new
