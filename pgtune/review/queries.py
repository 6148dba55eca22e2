"""What is said of a query: every query rule asked, and of what two rules say of the same thing the better one kept."""

from collections.abc import Iterator, Sequence

from pgtune.review.asked import Asked
from pgtune.review.rule import Remark, Rule
from pgtune.review.rules.plan import INDEXABLE
from pgtune.review.rules.query import QUERY
from pgtune.sources.project import Sql

# What may be said of a text that is not whole: nothing that comes behind it can take these back.
CERTAIN = frozenset({"guide.offset", "query.not-in", "query.leading-wildcard", "query.loop", "query.order-by-random"})
FILTERS = frozenset({"guide.filter-index", "guide.compound-index"})
# What makes which others superfluous, said of the same table or of none in particular: a rewrite needs no new index,
# and an index that is proven to win says more than that one is missing.
REPLACES: dict[str, frozenset[str]] = {
    "query.unsargable": INDEXABLE | FILTERS | {"index.missing"},
    "index.missing": INDEXABLE | FILTERS | {"query.leading-wildcard", "join.subplan"},
    "query.leading-wildcard": INDEXABLE | FILTERS,
    "partition.missing": INDEXABLE,
    "query.not-in": frozenset({"join.not-in"}),
    "query.order-by-random": frozenset({"memory.sort", "memory.sort-for-limit", "scan.selective"}),
    "query.count-exists": INDEXABLE | {"index.missing", "join.subplan"},
    "guide.offset": frozenset({"work.offset", "memory.sort-for-limit", "memory.sort"}),
    "guide.filter-index": frozenset({"guide.compound-index"}),
    "scan.selective": frozenset({"guide.compound-index"}),
    "join.cartesian": INDEXABLE | {"memory.sort", "memory.hash", "guide.no-limit"},
    "join.or": frozenset({"memory.sort", "memory.hash"}),
    "guide.no-limit": frozenset({"memory.sort", "memory.hash"}),
}


def findings(asked: Asked) -> Iterator[tuple[Sql, Rule, Remark]]:
    """What the rules say of the query, without what another of them says better."""
    asking = [(rule, check) for rule, check in QUERY if not asked.sql.dynamic or rule.code in CERTAIN]
    found = [(rule, remark) for rule, check in asking for remark in check(asked)]
    first = {(rule.code, remark.message): (rule, remark) for rule, remark in reversed(found)}
    for rule, remark in reversed(first.values()):
        if not _replaced(rule, remark, found):
            yield asked.sql, rule, remark


def _replaced(rule: Rule, remark: Remark, found: Sequence[tuple[Rule, Remark]]) -> bool:
    """True if a better rule speaks of the same."""
    return any(
        rule.code in REPLACES.get(other.code, ())
        and (not remark.about or not each.about or set(remark.about) & set(each.about))
        for other, each in found
    )
