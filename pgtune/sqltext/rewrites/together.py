"""A query that is asked for one key at a time, asked for all of them at once."""

from typing import Any

from sqlglot import exp

from pgtune.sqltext.rewrites.keyset import COMPUTED, GATHERED
from pgtune.sqltext.rewrites.tree import Rewrite, conjuncts, printed, read


def together(text: str) -> Rewrite | None:
    """`x = $n` made `x = ANY($n)`, the only equality with a parameter there is; the answer then tells x.

    None if there is none or several, or if the answer's rows are not those of the tables.
    """
    tree = read(text)
    if not isinstance(tree, exp.Select) or any(tree.args.get(each) for each in (*GATHERED, "limit", "offset", "order")):
        return None
    where = tree.args.get("where")
    keys = [each for each in conjuncts(where.this) if _key(each)] if where and not tree.find(*COMPUTED) else []
    if len(keys) != 1:
        return None
    key = keys[0]
    if not any(_shows(each, key.this) for each in tree.expressions):
        tree.set("expressions", [key.this.copy(), *tree.expressions])
    key.set("expression", exp.Any(this=exp.Paren(this=key.expression.copy())))
    return Rewrite(printed(tree), f"asked for all of {key.this.name} at once")


def _key(node: exp.Expression) -> bool:
    return isinstance(node, exp.EQ) and isinstance(node.this, exp.Column) and isinstance(node.expression, exp.Parameter)


def _shows(output: Any, column: Any) -> bool:
    """True if the answer tells the column."""
    if output.is_star:
        return not output.args.get("table") or bool(output.table == column.table)
    return isinstance(output, exp.Column) and bool(output.name == column.name)
