"""B-tree candidates: equality before range before order, joins both ways, covering and partial ones."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pgtune.indexes.access import Access
from pgtune.indexes.candidate import Candidate, Reason
from pgtune.indexes.keys import KeyMaker, simple
from pgtune.model.design import Index, Key
from pgtune.sqltext.shape import Predicate, Term

COVERED = 6  # payload columns of a covering index
COVERING_SHARE = 0.6  # of the row's width: a wider index is a second table
PARTIAL_SHARE = 0.4  # of the rows: a partial index of more saves too little
PARTIAL_VALUES = 20  # different values: a constant among more of them is a parameter that was written out
WIDE_EQUALITY = 4  # columns of one equality prefix


@dataclass(frozen=True, slots=True)
class Wanted:
    """An access as keys: of equalities (the most selective first), ranges, one group a join partner, and order."""

    equal: tuple[Key, ...]
    ranges: tuple[Key, ...]
    joins: tuple[tuple[Key, ...], ...]
    order: tuple[Key, ...]
    group: tuple[Key, ...]
    extremes: tuple[Key, ...]
    prefixes: tuple[Key, ...]


def wanted(access: Access, make: KeyMaker) -> Wanted:
    """The access's terms as keys; those that no B-tree takes are left out."""
    equal = sorted(access.tested("equal", "in", "null"), key=lambda term: -_distinct(term, make))
    order = _keys_or_nothing(make.sort(key) for key in access.order)
    joins = tuple(_keys(make.btree(term) for term in group) for group in access.joins)
    return Wanted(
        _keys(make.btree(term) for term in equal),
        _keys(make.btree(term) for term in access.tested("range")),
        tuple(dict.fromkeys(group for group in joins if group)),
        order,
        _keys_or_nothing(make.btree(term) for term in access.group),
        _keys(make.btree(term) for term in access.extremes),
        _keys(make.prefix(term) for term in access.tested("prefix", "pattern")),
    )


def _distinct(term: Term, make: KeyMaker) -> float:
    return make.table.distinct(term.column) if term.column else make.table.rows


def _keys(found: Iterable[Key | None]) -> tuple[Key, ...]:
    return tuple(dict.fromkeys(key for key in found if key is not None))


def _keys_or_nothing(found: Iterable[Key | None]) -> tuple[Key, ...]:
    keys = tuple(found)
    return () if None in keys else tuple(dict.fromkeys(key for key in keys if key is not None))


def natural(access: Access, make: KeyMaker, columns: int) -> Iterator[Candidate]:
    """The first candidates: each term alone, and the ways in which the terms belong together.

    `columns` is the most that an index may have; an order or a join that needs more is taken as far as it goes.
    """
    want = wanted(access, make)
    for keys, reason in _lists(want, access):
        cut = _distinct_keys(keys)[:columns]
        if cut:
            yield Candidate(Index(access.table, cut), reason)


def _distinct_keys(keys: Iterable[Key]) -> tuple[Key, ...]:
    """Each column or expression once: the first mention counts."""
    found: dict[tuple[str, str], Key] = {}
    for key in keys:
        found.setdefault((key.column, key.expression), key)
    return tuple(found.values())


def _lists(want: Wanted, access: Access) -> Iterator[tuple[Sequence[Key], Reason]]:
    equal = want.equal[:WIDE_EQUALITY]
    for key in equal:
        yield (key,), "lookup"
    for key in want.ranges:
        yield (key,), "range"
    for key in want.prefixes:
        yield (key,), "prefix"
        yield (*equal, key), "prefix"
    yield equal, "lookup"
    yield from (((*equal, key), "range") for key in want.ranges)
    for group in want.joins:
        yield from _joined(group, want)
    yield from _sorted(want, access)


def _joined(group: tuple[Key, ...], want: Wanted) -> Iterator[tuple[Sequence[Key], Reason]]:
    equal = want.equal[:WIDE_EQUALITY]
    yield from (((key,), "join") for key in group)
    yield group, "join"
    if equal:
        yield (*group, *equal), "join"
        yield (*equal, *group), "join"
    for key in want.ranges:
        yield (*group, *equal, key), "join"
        yield (*equal, key, *group), "range"


def _sorted(want: Wanted, access: Access) -> Iterator[tuple[Sequence[Key], Reason]]:
    equal = want.equal[:WIDE_EQUALITY]
    if want.order:
        yield want.order, "order"
        if equal:
            yield (*equal, *want.order), "order"
        if access.limited:
            yield from (((*group, *want.order), "order") for group in want.joins)
    if want.group:
        yield want.group, "group"
        if equal:
            yield (*equal, *want.group), "group"
    for key in want.extremes:
        yield (*equal, key), "extreme"


def pairs(access: Access, make: KeyMaker) -> Iterator[Candidate]:
    """Two terms that the access asks for, in each order that a B-tree can use."""
    want = wanted(access, make)
    joins = tuple(key for group in want.joins for key in group)
    for first in (*want.equal, *joins):
        for second in (*want.equal, *joins, *want.ranges):
            if (first.column, first.expression) != (second.column, second.expression):
                yield Candidate(Index(access.table, (first, second)), "join" if first in joins else "lookup")


def covering(base: Index, access: Access, make: KeyMaker, columns: int) -> Iterator[Candidate]:
    """The index with everything else that the access reads, so that the table need not be visited.

    As further keys where few are missing (equal keys share space in a B-tree), else as payload, which does not.
    """
    if access.whole or access.written or not access.reads or base.where or any(key.expression for key in base.keys):
        return
    have = {key.column for key in base.keys}
    rest = tuple(name for name in access.reads if name not in have)
    if len(rest) > COVERED or not _narrow((*have, *rest), make):
        return
    if not rest:
        return
    keys = tuple(make.btree(Term(0, name, name, (name,))) for name in rest)
    found = tuple(key for key in keys if key is not None)
    if len(base.keys) + len(rest) <= columns and len(found) == len(rest):
        yield Candidate(Index(base.table, base.keys + found), "covering")
    else:
        yield Candidate(Index(base.table, base.keys, include=rest), "covering")


def _narrow(names: Sequence[str], make: KeyMaker) -> bool:
    return sum(make.table.width(name) for name in names) <= COVERING_SHARE * make.table.row_width


def partial(access: Access, make: KeyMaker, columns: int) -> Iterator[Candidate]:
    """Indexes over the rows that a constant condition leaves, with the other terms (or its own) as keys."""
    for predicate in access.certain:
        share = _share(predicate, make)
        few = make.table.distinct(predicate.term.column) <= PARTIAL_VALUES if predicate.term.column else False
        if not simple(predicate) or share is None or share > PARTIAL_SHARE or not (few or "null" in predicate.test):
            continue
        for keys in _partial_keys(predicate, access, make):
            yield Candidate(Index(access.table, keys[:columns], where=predicate.sql), "partial")


def _partial_keys(predicate: Predicate, access: Access, make: KeyMaker) -> Iterator[tuple[Key, ...]]:
    want = wanted(access, make)
    name = predicate.term.column
    equal, ranges, order = (
        tuple(key for key in keys if key.column != name) for keys in (want.equal, want.ranges, want.order)
    )
    found = [(*equal, *order)] if order else []
    found += [(*equal, key) for key in ranges]
    found += [(*equal, *(key for key in group if key.column != name)) for group in want.joins]
    found += [equal]
    usable = [_distinct_keys(keys) for keys in found if keys]
    own = make.btree(predicate.term)
    yield from dict.fromkeys(usable or ([(own,)] if own else []))


def _share(predicate: Predicate, make: KeyMaker) -> float | None:
    """The share of rows that meet the condition, by the statistics; None if they do not tell."""
    name = predicate.term.column
    stats = make.table.stats(name)
    if stats is None:
        return None
    if predicate.test == "null":
        return stats.null_frac
    if predicate.test == "not null":
        return 1 - stats.null_frac
    if predicate.test == "true":
        return make.table.share(name, "t" if predicate.operator == "IS TRUE" else "f")
    shares = [make.table.share(name, value.literal or "") for value in predicate.values]
    known = [share for share in shares if share is not None]
    return sum(known) if len(known) == len(shares) else None
