"""NOT IN as NOT EXISTS, and a count that is only asked whether there is a row as EXISTS."""

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from pgtune.sqltext.rewrites.tree import Rewrite, also, printed, read

HolderOf = Callable[[str], str]
"""The alias of the outer relation that a bare column belongs to, "" if that is not known."""

CUT = ("group", "having", "distinct", "limit", "offset", "windows", "qualify", "with_", "with")
NULLS = (
    "NOT IN finds nothing at all once the subquery returns a NULL, and no row whose own value is NULL; NOT EXISTS "
    "takes both for what has no match"
)


def not_exists(text: str, holder_of: HolderOf) -> Rewrite | None:
    """The statement with NOT EXISTS for every `x NOT IN (SELECT y ...)`; None if there is none that can be turned."""
    tree = read(text)
    if tree is None:
        return None
    found = False
    for node in list(tree.find_all(exp.Not)):
        member = node.this.this if isinstance(node.this, exp.Paren) else node.this
        if isinstance(member, exp.In) and (inner := _asked(member, holder_of)):
            node.this.replace(exp.Exists(this=inner))
            found = True
    return Rewrite(printed(tree), "NOT EXISTS in place of NOT IN", NULLS) if found else None


def _asked(member: exp.In, holder_of: HolderOf) -> Any:
    """The subquery with the comparison inside of it."""
    query = member.args.get("query")
    inner: Any = query.this.copy() if isinstance(query, exp.Subquery) else None
    if not _plain(inner) or len(inner.expressions) != 1:
        return None
    outer, own = member.this.copy(), inner.expressions[0].unalias().copy()
    if not isinstance(outer, exp.Column) or not isinstance(own, exp.Column):
        return None
    names = _aliases(inner)
    holder, home = outer.table or holder_of(outer.name), own.table or (names[0] if len(names) == 1 else "")
    if not holder or not home or holder in names:
        return None
    outer.set("table", exp.to_identifier(holder))
    own.set("table", exp.to_identifier(home))
    inner.set("expressions", [exp.Literal.number(1)])
    also(inner, [exp.EQ(this=own, expression=outer)])
    return inner


def _plain(query: Any) -> bool:
    """A query block whose every row is a row of its tables."""
    return isinstance(query, exp.Select) and not any(query.args.get(each) for each in CUT) and bool(_aliases(query))


def _aliases(query: exp.Expression) -> list[str]:
    """The names of the relations in its FROM; none if something else stands there."""
    source = query.args.get("from_") or query.args.get("from")
    items = [source.this, *(join.this for join in query.args.get("joins") or ())] if source else []
    return [each.alias_or_name for each in items] if all(isinstance(each, exp.Table) for each in items) else []


def exists(text: str) -> Rewrite | None:
    """The statement with EXISTS for every count that is compared with nought; None if there is none."""
    tree = read(text)
    if tree is None:
        return None
    found = [each for each in list(tree.find_all(*SENSE)) if _turn(each)]
    if not found and not _whole(tree):
        return None
    return Rewrite(printed(tree), "EXISTS in place of a count")


# `count(...) > 0` and its kin, by operator and number: whether a row is there.
SENSE: dict[type[exp.Expression], dict[str, bool]] = {
    exp.GT: {"0": True},
    exp.GTE: {"1": True},
    exp.NEQ: {"0": True},
    exp.EQ: {"0": False},
    exp.LT: {"1": False},
    exp.LTE: {"0": False},
}


def _sense(node: exp.Expression) -> bool | None:
    """True: it asks whether there is a row; False: whether there is none; None: it asks something else."""
    number = node.expression
    if not isinstance(number, exp.Literal) or number.is_string:
        return None
    return SENSE[type(node)].get(str(number.this))


def _turn(node: exp.Expression) -> bool:
    """Turn `(SELECT count(*) FROM ...) > 0`."""
    sense, query = _sense(node), node.this
    inner: Any = query.this if isinstance(query, exp.Subquery) else None
    if sense is None or not _plain(inner) or not _counted(inner.expressions):
        return False
    counted = inner.expressions[0].unalias()
    node.replace(_existing(inner.copy(), counted, there=sense))
    return True


def _whole(tree: exp.Expression) -> bool:
    """Turn `SELECT count(*) > 0 FROM ...`."""
    if not _plain(tree) or len(tree.expressions) != 1 or tree.args.get("order"):
        return False
    node = tree.expressions[0].unalias()
    if type(node) not in SENSE or (sense := _sense(node)) is None or not _counted([node.this]):
        return False
    inner, alias = tree.copy(), tree.expressions[0].alias
    asked = _existing(inner, node.this, there=sense)
    tree.set("expressions", [exp.alias_(asked, alias) if alias else asked])
    for part in ("from_", "from", "joins", "where"):
        tree.set(part, None)
    return True


def _counted(outputs: list[exp.Expression]) -> bool:
    if len(outputs) != 1:
        return False
    node = outputs[0].unalias()
    return isinstance(node, exp.Count) and isinstance(node.this, (exp.Star, exp.Column)) and not node.expressions


def _existing(inner: exp.Expression, counted: exp.Expression, *, there: bool) -> exp.Expression:
    if isinstance(counted.this, exp.Column):
        also(inner, [exp.Not(this=exp.Is(this=counted.this.copy(), expression=exp.Null()))])
    inner.set("expressions", [exp.Literal.number(1)])
    found: exp.Expression = exp.Exists(this=inner)
    return found if there else exp.Not(this=found)
