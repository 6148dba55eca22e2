"""What is said of a query: every query rule asked, and of what two rules say of the same thing the better one kept."""

from collections.abc import Iterator

from pgtune.review.asked import Asked
from pgtune.review.catalogue import QUERY
from pgtune.review.rule import Remark, Rule
from pgtune.sources.project import Sql

# What may be said of a text that is not whole: nothing that comes behind it can take these back.
CERTAIN = frozenset({"guide.offset", "query.not-in", "query.leading-wildcard", "query.loop", "query.order-by-random"})


def findings(asked: Asked) -> Iterator[tuple[Sql, Rule, Remark]]:
    """Every remark on the query, with its rule."""
    for rule, check in QUERY:
        if not asked.sql.dynamic or rule.code in CERTAIN:
            yield from ((asked.sql, rule, remark) for remark in check(asked))
