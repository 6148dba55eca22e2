"""Every rule over queries with its check."""

from pgtune.review.rule import Rule
from pgtune.review.rules import (
    guide_filters,
    guide_limits,
    guide_offset,
    plan_design,
    plan_index,
    plan_joins,
    plan_scans,
    plan_work,
    query_count,
    query_cross_join,
    query_everywhere,
    query_leading_wildcard,
    query_loop,
    query_not_in,
    query_random,
    query_select_star,
    query_unsargable,
)  # fmt: skip
from pgtune.review.rules.plan import Check

QUERY: tuple[tuple[Rule, Check], ...] = (
    *((each.RULE, each.check) for each in (
        query_unsargable, plan_index, query_leading_wildcard, query_not_in, query_loop, query_everywhere, query_random,
        query_count, query_cross_join, query_select_star, guide_offset,
    )),
    (plan_design.PARTITION, plan_design.partition),
    (plan_design.STATISTICS, plan_design.statistics),
    (guide_limits.NO_LIMIT, guide_limits.no_limit),
    (guide_limits.SIZE, guide_limits.page_size),
    (guide_filters.INDEXED, guide_filters.indexed),
    (guide_filters.TOGETHER, guide_filters.together),
    *plan_scans.PLAN, *plan_joins.PLAN, *plan_work.PLAN,
)  # fmt: skip
# What only `pgtune explain` says, for it takes an execution, or speaks of the database and not of the query.
EXPLAINED: tuple[Rule, ...] = (*plan_scans.EXPLAINED, *plan_joins.EXPLAINED, *plan_work.EXPLAINED)
