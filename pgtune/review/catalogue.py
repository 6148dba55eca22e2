"""Every rule of a review with its check, by what it is asked of."""

from pgtune.review.rules import migration, query

QUERY = query.QUERY
EXPLAINED = query.EXPLAINED
MIGRATION = migration.MIGRATION
