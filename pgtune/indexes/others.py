"""Candidates of the other methods: GIN for what is inside a value, BRIN for big tables in order, GiST and hash."""

from collections.abc import Iterator

from pgtune.indexes import opclass
from pgtune.indexes.access import Access
from pgtune.indexes.candidate import Candidate, Reason
from pgtune.indexes.keys import KeyMaker
from pgtune.model.design import Index, Key
from pgtune.sqltext.shape import Predicate

BRIN_PAGES = 10_000  # 80 MB: below that a B-tree is small as well
BRIN_CORRELATION = 0.9
HASH_WIDTH = 64  # bytes: a B-tree key of that width is mostly key

REASONS: dict[str, Reason] = {"tsvector": "search", "jsonb": "containment"}


def inverted(access: Access, make: KeyMaker) -> Iterator[Candidate]:
    """GIN for containment, full text and, where pg_trgm is or can be, patterns."""
    for predicate in (*access.certain, *access.arms):
        if predicate.test not in {"contains", "infix", "pattern", "prefix", "equal"}:
            continue
        kind = make.kind(predicate.term)
        for each in opclass.inverted(kind):
            if predicate.operator in each.operators and (predicate.term.column or make.immutable(predicate.term)):
                yield _gin(access, predicate, each, kind, make)


def _gin(access: Access, predicate: Predicate, each: opclass.Inverted, kind: str, make: KeyMaker) -> Candidate:
    missing = each.extension and each.extension not in make.facts.extensions
    column = predicate.term.column
    schema = make.facts.schema_of(each.extension) if each.extension else ""
    opclass_ = f"{schema}.{each.opclass}" if schema else each.opclass
    key = Key(column, "" if column else predicate.term.sql, opclass=opclass_)
    reason: Reason = "trigram" if each.extension else REASONS.get(kind, "containment")
    needs = (f"CREATE EXTENSION IF NOT EXISTS {each.extension}",) if missing else ()
    return Candidate(Index(access.table, (key,), "gin"), reason, needs)


def block_range(access: Access, make: KeyMaker) -> Iterator[Candidate]:
    """BRIN where the table is big and its rows lie in the column's order."""
    if make.table.pages < BRIN_PAGES:
        return
    for term in access.tested("range", "equal"):
        stats = make.table.stats(term.column) if term.column else None
        if stats is None or abs(stats.correlation or 0.0) < BRIN_CORRELATION:
            continue
        if make.table.type_of(term.column) in opclass.BRIN_TYPES:
            yield Candidate(Index(access.table, (Key(term.column),), "brin"), "block range")


def spatial(access: Access, make: KeyMaker) -> Iterator[Candidate]:
    """GiST for ranges and geometric types."""
    for predicate in access.certain:
        column = predicate.term.column
        if column and predicate.operator in opclass.gist_operators(make.table.type_of(column)):
            yield Candidate(Index(access.table, (Key(column),), "gist"), "spatial")


def hashed(access: Access, make: KeyMaker) -> Iterator[Candidate]:
    """Hash where long values are looked up and nothing else is asked of them."""
    for term in access.tested("equal"):
        kind = make.table.type_of(term.column) if term.column else ""
        if kind in opclass.TEXTS and make.table.width(term.column) >= HASH_WIDTH:
            yield Candidate(Index(access.table, (Key(term.column),), "hash"), "hash")
