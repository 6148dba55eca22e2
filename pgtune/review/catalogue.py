"""Every rule of a review with its check, by what it is asked of."""

from collections.abc import Callable, Iterator

from pgtune.review.asked import Asked
from pgtune.review.rule import Remark, Rule
from pgtune.review.rules import guide_offset, migration, plan_scans, query_select_star

QUERY: tuple[tuple[Rule, Callable[[Asked], Iterator[Remark]]], ...] = (
    (guide_offset.RULE, guide_offset.check),
    (query_select_star.RULE, query_select_star.check),
    *plan_scans.PLAN,
)

MIGRATION = migration.MIGRATION
