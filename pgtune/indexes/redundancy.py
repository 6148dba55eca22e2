"""Which existing index does the work of which: everything that CREATE INDEX says is compared, not just the columns."""

from collections.abc import Sequence

from pgtune.model.design import Index, Key
from pgtune.snapshot.snapshot import StoredIndex


def duplicate(one: StoredIndex, other: StoredIndex) -> bool:
    """True if both hold the same in the same way (uniqueness aside)."""
    return _described(one) == _described(other)


def _described(index: StoredIndex) -> tuple[object, ...]:
    return (
        index.method, index.keys, index.opclasses, index.collations, index.options,
        tuple(sorted(index.include)), index.predicate,
    )  # fmt: skip


def prefix(short: StoredIndex, long: StoredIndex) -> bool:
    """True if every search and order that the short B-tree serves, the long one serves with its first keys.

    Operator classes, collations and directions must be the same; a partial one does for the same predicate alone;
    payload columns must be in the long one too. An index with payload or of another method is never a prefix of itself.
    """
    count = len(short.keys)
    if short.method != "btree" or long.method != "btree" or count >= len(long.keys):
        return False
    same = all(
        _first(one, count) == _first(other, count)
        for one, other in (
            (short.keys, long.keys),
            (short.opclasses, long.opclasses),
            (short.collations, long.collations),
            (short.options, long.options),
        )
    )
    held = {*long.keys, *long.include}
    return same and short.predicate == long.predicate and held.issuperset(short.include)


def _first(values: Sequence[object], count: int) -> tuple[object, ...]:
    return tuple(values[:count])


def covered_by_new(short: StoredIndex, new: Index) -> bool:
    """True if a recommended B-tree begins with the existing one's keys and holds all its rows."""
    if short.method != "btree" or new.method != "btree" or new.where or short.predicate or short.include:
        return False
    if len(short.keys) > len(new.keys):
        return False
    return all(_same(short, place, new.keys[place]) for place in range(len(short.keys)))


def leads(stored: StoredIndex, index: Index) -> bool:
    """True if the existing index begins with the other's keys, in the same order, class and direction."""
    if not stored.valid or stored.predicate or index.where or stored.method != index.method or index.include:
        return False
    if len(stored.keys) < len(index.keys):
        return False
    return all(_same(stored, place, key) for place, key in enumerate(index.keys))


def _same(stored: StoredIndex, place: int, key: Key) -> bool:
    option = stored.options[place] if place < len(stored.options) else 0
    opclass = stored.opclasses[place] if place < len(stored.opclasses) else ""
    collation = stored.collations[place] if place < len(stored.collations) else ""
    nulls_first = key.descending if key.nulls_first is None else key.nulls_first
    name = stored.keys[place]
    named = unquoted(name) == key.column if key.column else _bare(name) == _bare(key.expression)
    fits = key.opclass in opclass if key.opclass else "pattern_ops" not in opclass and "trgm" not in opclass
    alike = not key.collation or key.collation in (collation or "")
    return named and fits and alike and option == (1 if key.descending else 0) + (2 if nulls_first else 0)


def unquoted(text: str) -> str:
    """The name behind an identifier as SQL."""
    return text[1:-1].replace('""', '"') if len(text) > 1 and text[0] == text[-1] == '"' else text


def _bare(text: str) -> str:
    return "".join(text.split()).strip("()").replace("::text", "")
