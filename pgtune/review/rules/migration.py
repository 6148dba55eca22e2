"""Every rule of migrations with its check."""

from collections.abc import Callable, Iterator

from pgtune.review.rule import Remark, Rule
from pgtune.review.rules import migration_index, migration_not_null, migration_type_change
from pgtune.review.step import Step

Check = Callable[[Step], Iterator[Remark]]

MIGRATION: tuple[tuple[Rule, Check], ...] = (
    (migration_type_change.RULE, migration_type_change.check),
    (migration_not_null.RULE, migration_not_null.check),
    (migration_index.RULE, migration_index.check),
)
