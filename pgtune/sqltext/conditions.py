"""A plan's conditions read back: once views and functions are inlined, only the plan shows them."""

import re
from collections.abc import Sequence

from pgtune.model.errors import NotSql
from pgtune.sqltext.parse import tree
from pgtune.sqltext.scope import Scope
from pgtune.sqltext.shape import Catalog, Join, Predicate, Source
from pgtune.sqltext.where import Where

# `(SubPlan 1)`, `(hashed SubPlan 1)`, `(InitPlan 1).col1`: a value that the condition gets from elsewhere in the plan.
_SUBPLAN = re.compile(r"\((?:hashed |alternatives: )?(?:SubPlan|InitPlan) [^()]*\)(?:\.col\d+)?")


def conditions(
    text: str, sources: Sequence[Source], catalog: Catalog | None = None, around: Sequence[Source] = ()
) -> tuple[tuple[Predicate, ...], tuple[Join, ...]]:
    """What the condition asks of these relations, found by their aliases; nothing if it is no plain SQL.

    EXPLAIN without VERBOSE leaves the alias of a scan's own columns away: give that relation, and the others of the
    plan as those `around` it.
    """
    scope = Scope(catalog, Scope(catalog, sources=list(around)) if around else None, list(sources))
    where = Where(scope)
    try:
        where.add(tree(f"SELECT WHERE {_SUBPLAN.sub('subplan()', text)}").whereClause)
    except (NotSql, RecursionError):
        return (), ()
    return tuple(where.predicates), tuple(where.joins)
