"""Existing indexes that one new index can stand for: same first keys, different ends."""

from collections.abc import Iterator
from itertools import combinations

from pgtune.indexes.advice import Merge, SizeOf
from pgtune.indexes.drops import Checker, protected
from pgtune.indexes.facts import PAGE_BYTES, TableFacts
from pgtune.indexes.redundancy import duplicate, prefix, unquoted
from pgtune.model.design import Index, Key, Name
from pgtune.snapshot.building import creation
from pgtune.snapshot.snapshot import StoredIndex

WIDEST = 4  # keys of a merged index
TRIED = 20  # pairs that are planned


def advise(checker: Checker, dropped: set[Name], size_of: SizeOf) -> tuple[Merge, ...]:
    """Pairs whose merger is smaller than both and makes no query dearer."""
    found, gone, tried = [], set(dropped), 0
    for table in checker.facts.tables:
        for one, other in _pairs(table, gone):
            if tried == TRIED or {one.name, other.name} & gone:
                continue
            index = _merged(table, one, other)
            before, after = (one.pages + other.pages) * PAGE_BYTES, size_of(index) if index else 0
            if index is None or after >= before:
                continue
            tried += 1
            if checker.harmless(one, other, created=[index]):
                why = f"One index on {', '.join(key.column for key in index.keys)} does what both do."
                script = creation(index, checker.facts.snapshot.tables)
                found.append(Merge(index, script, (one.name, other.name), why, before, after))
                gone |= {one.name, other.name}
    return tuple(found)


def _pairs(table: TableFacts, gone: set[Name]) -> Iterator[tuple[StoredIndex, StoredIndex]]:
    plain = [
        each
        for each in table.table.indexes
        if each.method == "btree" and each.valid and not protected(each) and not each.predicate and not each.parent
    ]
    for one, other in combinations([each for each in plain if each.name not in gone], 2):
        if one.keys[0] == other.keys[0] and not duplicate(one, other) and not prefix(one, other) | prefix(other, one):
            yield one, other


def _merged(table: TableFacts, one: StoredIndex, other: StoredIndex) -> Index | None:
    """The longer one's keys, then what the other has besides; None where a key is no plain column in plain order."""
    first, second = sorted((one, other), key=lambda each: (-(each.scans or 0), -len(each.keys)))
    names = list(dict.fromkeys(unquoted(key) for key in (*first.keys, *second.keys)))
    simple = all(name in table.columns for name in names) and not any((*one.options, *other.options))
    classes = _plain(one) and _plain(other)
    if len(names) > WIDEST or not simple or not classes or one.include or other.include:
        return None
    return Index(table.table.name, tuple(Key(name) for name in names))


def _plain(index: StoredIndex) -> bool:
    return not any("pattern" in each or "trgm" in each for each in index.opclasses) and not any(index.collations)
