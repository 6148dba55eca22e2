"""Entries to a workload: read, judged, merged where they are the same, given values, put in order."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from pgtune.model.errors import NotSql
from pgtune.snapshot.snapshot import Snapshot
from pgtune.sqltext.analysis import shape as shape_of
from pgtune.sqltext.parse import fingerprint
from pgtune.sqltext.shape import Shape
from pgtune.workload.catalog import Tables, search_path_of
from pgtune.workload.entry import Entry
from pgtune.workload.reading import NotWanted, deciding, plain, typed, values, wanted
from pgtune.workload.statement import LeftOutStatement, Statement, Workload

VARIANTS = 5  # texts of one statement that differ in constants: more say nothing new

Path = tuple[str, ...]
Key = tuple[str, Path, bool]  # fingerprint, search_path, from auto_explain


@dataclass(slots=True)
class _Text:
    """One text, however often it came."""

    key: Key
    text: str
    origin: str
    shape: Shape
    decide: frozenset[int]
    calls: int | None = None
    total_ms: float | None = None
    weight: float = 0.0
    seen: Counter[tuple[str | None, ...]] = field(default_factory=Counter)

    def count(self, entry: Entry) -> None:
        self.weight += entry.weight if entry.calls is None else entry.calls
        if entry.calls is not None:
            self.calls = (self.calls or 0) + entry.calls
        if entry.total_ms is not None:
            self.total_ms = (self.total_ms or 0.0) + entry.total_ms
        if entry.parameters is not None and len(entry.parameters) == self.shape.parameters:
            self.seen[entry.parameters] += 1


class Gathering:
    """Takes entries, one source after the other; `workload` is what they make together.

    Without a snapshot names stay unresolved, no statement is left out for what it reads, and none gets typical values.
    """

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self._snapshot = snapshot
        self._tables = Tables.of(snapshot) if snapshot else None
        self._read: dict[
            tuple[str, Path, bool], _Text | str
        ] = {}  # each text is read once; a str says why it is not wanted
        self._texts: dict[Key, dict[str, _Text]] = {}
        self._left_out: dict[tuple[str, str], LeftOutStatement] = {}

    def add(self, entries: Iterable[Entry]) -> "Gathering":
        """Take them in; what is not wanted is kept with the reason, what is of another database is passed over."""
        for entry in entries:
            if self._snapshot and entry.database and entry.database != self._snapshot.database:
                continue
            found = self._found(entry)
            if isinstance(found, str):
                self._leave_out(entry, found)
            else:
                found.count(entry)
        return self

    def _found(self, entry: Entry) -> "_Text | str":
        path = search_path_of(self._snapshot, entry.role) if self._snapshot else ("public",)
        same = (entry.text, path, entry.explained)
        if same not in self._read:
            try:
                self._read[same] = self._taken(entry, path)
            except (NotSql, NotWanted) as reason:
                self._read[same] = str(reason)
        return self._read[same]

    def _taken(self, entry: Entry, path: Path) -> _Text:
        """Read a text for the first time.

        Raises:
            NotSql: it does not parse or has no plan.
            NotWanted: it is no part of a workload.
        """
        text = plain(entry)
        catalog = self._tables.under(path) if self._tables else None
        shape = shape_of(text, catalog)
        wanted(shape, catalog)
        key = (fingerprint(text), path, entry.explained)
        decide = deciding(text)
        text = typed(text, shape, catalog)
        return self._texts.setdefault(key, {}).setdefault(text, _Text(key, text, entry.origin, shape, decide))

    def _leave_out(self, entry: Entry, why: str) -> None:
        known = self._left_out.get((entry.text, why))
        total = entry.total_ms
        if known and known.total_ms is not None:
            total = known.total_ms + (total or 0.0)
        self._left_out[entry.text, why] = LeftOutStatement(
            entry.text, why, known.origin if known else entry.origin, total
        )

    def workload(self) -> Workload:
        """The statements, heaviest first by time, then by weight and text; and what was left out, in the same order."""
        found = [each for key, texts in self._texts.items() if self._counts(key) for each in self._of(texts)]
        left = sorted(self._left_out.values(), key=lambda each: (-(each.total_ms or 0), each.text, each.why))
        return Workload(tuple(sorted(found, key=_order)), tuple(left))

    def _counts(self, key: Key) -> bool:
        """A run that the log has twice, as a statement and as auto_explain's plan, counts once."""
        fingerprint_, path, explained = key
        return not (explained and (fingerprint_, path, False) in self._texts)

    def _of(self, texts: dict[str, _Text]) -> Iterable[Statement]:
        """The commonest texts of one statement, standing for all of them."""
        common = sorted(texts.values(), key=lambda each: (-each.weight, each.text))[:VARIANTS]
        all_weight, weight = (sum(each.weight for each in group) for group in (texts.values(), common))
        for each in common:
            yield self._statement(each, all_weight / weight if weight else 1.0)

    def _statement(self, each: _Text, share: float) -> Statement:
        fingerprint_, path, _explained = each.key
        return Statement(
            each.text, fingerprint_, each.shape.kind, each.weight * share,
            None if each.calls is None else round(each.calls * share),
            None if each.total_ms is None else each.total_ms * share,
            path, each.shape.parameters,
            values(each.shape, each.decide, each.seen, self._tables.by_name if self._tables else {}), each.origin,
        )  # fmt: skip


def _order(each: Statement) -> tuple[float, float, str, str]:
    return (-(each.total_ms or 0.0), -each.weight, each.fingerprint, each.text)
