"""Every rule of migrations with its check, the graver before the lighter."""

from functools import cache

from pgtune.review.rule import Rule
from pgtune.review.rules import (
    migration_columns,
    migration_concurrently,
    migration_constraints,
    migration_data,
    migration_drop,
    migration_foreign_key_index,
    migration_index,
    migration_locks,
    migration_not_null,
    migration_others,
    migration_partition,
    migration_rewrite,
    migration_timeouts,
    migration_transaction,
    migration_truncate,
    migration_type_change,
    migration_types,
    migration_unique,
)
from pgtune.review.step import Check

MIGRATION: tuple[tuple[Rule, Check], ...] = (
    (migration_type_change.RULE, migration_type_change.check),
    (migration_rewrite.RULE, migration_rewrite.check),
    *migration_columns.RULES,
    (migration_not_null.RULE, migration_not_null.check),
    *migration_constraints.RULES,
    *migration_unique.RULES,
    (migration_index.RULE, migration_index.check),
    *migration_concurrently.RULES,
    *migration_partition.RULES,
    *migration_drop.RULES,
    (migration_truncate.RULE, migration_truncate.check),
    *migration_data.RULES,
    *migration_locks.RULES,
    *migration_transaction.RULES,
    *migration_others.RULES,
    (migration_foreign_key_index.RULE, migration_foreign_key_index.check),
    *migration_timeouts.RULES,
    *migration_types.RULES,
)


@cache
def by_kind(kind: str) -> tuple[tuple[Rule, Check], ...]:
    """The rules that are asked of statements of this kind."""
    return tuple(each for each in MIGRATION if kind in getattr(each[1], "kinds", (kind,)))
