"""A snapshot that may leave the house: every value replaced, so that plans are what they were and nobody reads a value.

Kept: names of objects and columns, counters and sizes, order, frequencies, repetitions, lengths and common prefixes of
texts, keys of JSON, small numbers (below 25 most of them) and short ones in arithmetic, times of "never" (before 1500,
after 2200), intervals. Left out: comments, bodies of functions in other languages than SQL and PL/pgSQL, values of
types that nothing is known of, statements that cannot be read. Whoever knows all values that there can be may guess
some by their order.
"""

import hashlib
from dataclasses import replace

from pgtune.model.errors import BadInput
from pgtune.snapshot.file import dump
from pgtune.snapshot.masks import Gathering, Masks
from pgtune.snapshot.snapshot import Column, ColumnStats, Object, Recorded, Snapshot, StoredIndex, Table
from pgtune.snapshot.types import ENUM, declared
from pgtune.snapshot.values import Values, Visit
from pgtune.sqltext.literals import Literal, dollars, quoted, replaced

# Statements without values of the user's; `operator` and `search` hold words of PostgreSQL's own.
WITHOUT_VALUES = {"schema", "extension", "role", "sequence", "collation", "operator", "search"}
READABLE = {"sql", "plpgsql"}
COMPILED = {"c", "internal"}
FORMS = {"UTF8"}


def mask(snapshot: Snapshot) -> Snapshot:
    """The snapshot with every value masked; the same snapshot is always masked the same way."""
    key = hashlib.blake2b(dump(snapshot), digest_size=32).digest()
    gathering = Gathering()
    _Walk(snapshot, gathering).snapshot()
    masks = Masks(gathering, key, snapshot.taken, wide=snapshot.encoding in FORMS)
    return replace(_Walk(snapshot, masks).snapshot(), masked=True)


class _Walk:
    """A walk through all values of a snapshot, the same for gathering and for masking."""

    def __init__(self, snapshot: Snapshot, visit: Visit) -> None:
        self._snapshot, self._visit = snapshot, visit
        self._values = Values(declared(snapshot.objects), visit)

    def snapshot(self) -> Snapshot:
        objects = (self._object(each) for each in self._snapshot.objects if each.kind != "comment")
        recorded = (self._recorded(each) for each in self._snapshot.workload)
        return replace(
            self._snapshot,
            objects=tuple(objects),
            tables=tuple(map(self._table, self._snapshot.tables)),
            workload=tuple(each for each in recorded if each is not None),
        )

    def _object(self, own: Object) -> Object:
        if own.kind in WITHOUT_VALUES:
            return own
        if ENUM.match(own.sql):  # a label is text, whatever it looks like
            return replace(own, sql=replaced(own.sql, lambda each: quoted(self._visit("text", "text", each.value))))
        return replace(own, sql=self._sql(own.sql))

    def _recorded(self, own: Recorded) -> Recorded | None:
        try:
            return replace(own, text=replaced(own.text, self._literal))
        except BadInput:
            return None

    def _sql(self, text: str) -> str:
        try:
            return replaced(text, self._literal)
        except BadInput:
            return ""

    def _literal(self, own: Literal) -> str | None:
        if own.kind == "body":
            return self._body(own)
        if own.kind == "option":
            return None
        if own.kind == "number":
            return self._values.untyped(own.value)
        if own.pattern:
            return quoted(self._values.pattern(own.pattern, own.value))
        try:
            new = self._values.of(own.type, own.value) if own.type else self._values.untyped(own.value)
        except ValueError:  # no JSON, though it is cast to it
            new = None
        return "NULL" if new is None else quoted(new)

    def _body(self, own: Literal) -> str | None:
        if own.type in COMPILED:
            return None
        return dollars(self._sql(own.value) if own.type in READABLE else "")

    def _table(self, own: Table) -> Table:
        key, bound = own.partition_key, own.partition_bound
        return replace(
            own,
            columns=tuple(map(self._column, own.columns)),
            indexes=tuple(map(self._index, own.indexes)),
            partition_key=key and self._sql(key),
            partition_bound=bound and self._sql(bound),
        )

    def _index(self, own: StoredIndex) -> StoredIndex:
        return replace(
            own,
            definition=self._sql(own.definition),
            keys=tuple(map(self._sql, own.keys)),
            predicate=own.predicate and self._sql(own.predicate),
            columns=tuple(map(self._column, own.columns)),
        )

    def _column(self, own: Column) -> Column:
        if not own.stats and own.ends is None:
            return own
        stats = tuple(self._stats(own.type, each) for each in own.stats)
        return replace(own, stats=stats, ends=self._values.column(own.type, own.ends))

    def _stats(self, name: str, own: ColumnStats) -> ColumnStats:
        common = self._values.column(name, own.most_common_vals)
        histogram = self._values.column(name, own.histogram_bounds)
        elements = self._values.elements(name, own.most_common_elems)
        return replace(
            own,
            most_common_vals=common,
            most_common_freqs=own.most_common_freqs if common else None,
            histogram_bounds=histogram,
            most_common_elems=elements,
            most_common_elem_freqs=own.most_common_elem_freqs if elements else None,
            range_bounds_histogram=self._values.column(name, own.range_bounds_histogram),
        )
