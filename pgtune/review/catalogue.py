"""Every rule of a review with its check, by what it is asked of, and all of them by code."""

from collections.abc import Mapping

from pgtune.review import regressions, suppression
from pgtune.review.rule import Rule
from pgtune.review.rules import migration, query

QUERY = query.QUERY
EXPLAINED = query.EXPLAINED
MIGRATION = migration.MIGRATION

RULES: Mapping[str, Rule] = {
    rule.code: rule
    for rule in (*(rule for rule, _ in MIGRATION), *(rule for rule, _ in QUERY), *EXPLAINED,
                 *regressions.RULES, *suppression.RULES)
}  # fmt: skip
