"""An OR over several tables as a UNION ALL of its arms, each of which can use indexes of its own."""

from sqlglot import exp

from pgtune.sqltext.rewrites.keyset import COMPUTED
from pgtune.sqltext.rewrites.subqueries import CUT
from pgtune.sqltext.rewrites.tree import Rewrite, conjuncts, printed, read

# The rows of the arms are the rows of the query only if nothing gathers, orders or cuts them.
TOPS = (*CUT, "order", "locks")


def united(text: str) -> Rewrite | None:
    """The query as one arm for each of its OR; an arm leaves out what those before it found, so no row comes twice.

    None if it has no OR or several, or if its rows are not those of its tables.
    """
    tree = read(text)
    if not isinstance(tree, exp.Select) or any(tree.args.get(each) for each in TOPS) or tree.find(*COMPUTED, exp.Rand):
        return None
    where = tree.args.get("where")
    parts = list(conjuncts(where.this)) if where else []
    ors = [each for each in parts if isinstance(each, exp.Or)]
    if len(ors) != 1:
        return None
    rest = [each for each in parts if each is not ors[0]]
    arms = list(_arms(ors[0]))
    texts = []
    for place, arm in enumerate(arms):
        seen = [f"({printed(each)}) IS NOT TRUE" for each in arms[:place]]
        own = [_held(arm), *(_held(each) for each in rest), *seen]
        bare = tree.copy()
        bare.set("where", None)
        texts.append(f"{printed(bare)} WHERE {' AND '.join(own)}")
    return Rewrite(" UNION ALL ".join(texts), f"a UNION ALL of the {len(arms)} arms of the OR")


def _arms(node: exp.Expression) -> list[exp.Expression]:
    if isinstance(node, exp.Paren):
        return _arms(node.this)
    return [*_arms(node.this), *_arms(node.expression)] if isinstance(node, exp.Or) else [node]


def _held(node: exp.Expression) -> str:
    return f"({printed(node)})" if isinstance(node, (exp.Or, exp.And)) else printed(node)
