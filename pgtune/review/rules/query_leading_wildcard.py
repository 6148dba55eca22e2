"""LIKE '%word': no B-tree knows where a text ends, or what stands in its middle."""

from collections.abc import Iterator

from pgtune.plans.rules.scans import BIG_PAGES
from pgtune.review.asked import Asked
from pgtune.review.rule import Remark, Rule
from pgtune.snapshot.snapshot import Table
from pgtune.sqltext.shape import Predicate

RULE = Rule(
    code="query.leading-wildcard",
    severity="warning",
    title="A pattern that begins with a wildcard",
    why=(
        "A B-tree finds texts by how they begin. For a pattern that begins with % or _ every row is read and its text "
        "searched, unless there is an index of the text's trigrams."
    ),
    remedy="A trigram index (extension pg_trgm), or full text search where words are meant.",
    wrong="SELECT id FROM orders WHERE note LIKE '%gift%'",
    right="SELECT id FROM orders WHERE note LIKE 'gift%' AND customer_id = $1",
    source="PostgreSQL documentation 11.2.1 (B-Tree), F.35.4 (pg_trgm: Index Support), chapter 12",
    known_as=("slowql: leading wildcard", "pgrubic: leading wildcard"),
)


def check(asked: Asked) -> Iterator[Remark]:
    """A pattern of which the beginning is open, on a table that is read whole and has no trigram index."""
    for block in asked.shape.blocks:
        for source in block.sources:
            table, grave = asked.table(source), asked.graveness(source.table)
            open_ = [each for each in block.predicates if each.term.source == source.number and _open(each)]
            if not open_ or grave is None or (table and _served(table, open_[0])):
                continue
            if asked.sized and (table is None or not asked.scanned(table.name)):
                continue
            severity, known = grave
            if asked.plan is not None and asked.plan.cost < BIG_PAGES:
                severity = "note"  # a few rows are soon found
            named = asked.shown(table.name) if table else source.name
            what = f"the pattern {open_[0].values[0].sql} begins with a wildcard: {named} is searched row by row"
            about = (table.name,) if table else ()
            yield Remark(severity, what, _help(open_[0], table), verified=known, about=about)


def _open(predicate: Predicate) -> bool:
    """True for a constant pattern, or a text put together, that begins with a wildcard."""
    if predicate.negated or predicate.operator not in {"~~", "~~*"} or not predicate.values:
        return False
    return predicate.values[0].sql.startswith(("'%", "'\\_", "'_"))


def _served(table: Table, predicate: Predicate) -> bool:
    return any(
        set(each.keys) & {*predicate.term.columns, predicate.term.sql} and any("trgm" in one for one in each.opclasses)
        for each in table.indexes
    )


def _help(predicate: Predicate, table: Table | None) -> str:
    if table is None:
        return RULE.instead
    key = predicate.term.sql if predicate.term.column else f"({predicate.term.sql})"
    return f"a trigram index: USING gin ({key} gin_trgm_ops) of the extension pg_trgm; or full text search for words"
