"""What a statement did, from what was there before it and what was seen after it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from psycopg.errors import Diagnostic

from pgtune.model.design import Name
from pgtune.model.trace import Effect, Lock, Status
from pgtune.twin.tracing_watch import Seen, Sight

TABLES = frozenset("rpmfv")
INDEXES = frozenset("iI")
EXISTS = frozenset({"42P07", "42701", "42710", "42P06", "42723", "42P04"})  # duplicate table, column, object, ...
CASCADES = "drop cascades to "


@dataclass
class Ledger:
    """What a session knows of the relations: `known` now, `old` those that were there before the script.

    `held`: the locks of the open transaction, `scans` its counts of scans so far, both by oid.
    """

    known: dict[int, Seen]
    old: dict[int, Seen]
    held: dict[tuple[int, str], Lock | None] = field(default_factory=dict)
    scans: Mapping[int, int] = field(default_factory=dict)

    def ended(self) -> None:
        """The transaction is over."""
        self.held, self.scans = {}, {}

    def taken(self, sight: Sight, everything: Mapping[int, Seen] | None, why: str = "") -> Effect:
        """The effect of the statement after which this was seen.

        `everything`: all relations, if it may have dropped some.
        """
        before, after = self.known, self._after(sight, everything)
        held = tuple(lock for lock in self.held.values() if lock is not None)
        locks = tuple(self._locks(sight, before))
        scanned = [oid for oid, count in sight.scans.items() if count > self.scans.get(oid, 0)]
        effect = Effect(
            _status(sight.notices, before, after),
            why,
            locks,
            _names(each for oid, each in self._old(after) if each.kind in "rm" and self._refiled(oid, after)),
            _names(table for oid in scanned if (table := self._table(oid, before)) is not None and table.oid in self.old),
            tuple(self._built(before, after)),
            tuple(each.name for oid, each in sorted(after.items()) if oid not in before and _shown(each)),
            tuple(each.name for oid, each in sorted(before.items()) if oid not in after and _shown(each, INDEXES)
                  and not _remade(each, after)),
            (*_words(sight.notices), *self._silently(before, after)),
            after_ddl=held,
        )  # fmt: skip
        self.known, self.scans = after, sight.scans
        return effect

    def _after(self, sight: Sight, everything: Mapping[int, Seen] | None) -> dict[int, Seen]:
        if everything is not None:
            return dict(everything)
        changed = {each.oid: each for each in sight.relations}
        return changed if sight.whole else self.known | changed

    def _old(self, after: Mapping[int, Seen]) -> Iterator[tuple[int, Seen]]:
        """The relations of before the script that are still there, as they were called when the statement began."""
        return ((oid, self.known[oid]) for oid in self.old if oid in after and oid in self.known)

    def _refiled(self, oid: int, after: Mapping[int, Seen]) -> bool:
        return after[oid].file != self.known[oid].file

    def _table(self, oid: int, before: Mapping[int, Seen]) -> Seen | None:
        """The table that an oid is of: its own, or an index's."""
        seen = before.get(oid)
        return before.get(seen.table) if seen is not None and seen.table else seen

    def _locks(self, sight: Sight, before: Mapping[int, Seen]) -> Iterator[Lock]:
        for oid, mode in sorted(sight.locks):
            if (oid, mode) in self.held:
                continue
            table = self._table(oid, before)
            lock = None
            if table is not None and table.oid in self.old and table.kind in TABLES and not table.temporary:
                index = before[oid].name if table.oid != oid else None
                lock = Lock(table.name, mode_named(mode), index)
                yield lock
            self.held[oid, mode] = lock

    def _built(self, before: Mapping[int, Seen], after: Mapping[int, Seen]) -> Iterator[tuple[Name, Name]]:
        """Indexes with a file that was not there: an ALTER that keeps an index's file makes it anew without building."""
        files = {each.file for each in before.values()}
        for oid, each in sorted(after.items()):
            fresh = each.kind in INDEXES and oid not in before and (each.file not in files or not each.file)
            if fresh and each.table in self.old and each.table in before:
                yield each.name, before[each.table].name

    def _silently(self, before: Mapping[int, Seen], after: Mapping[int, Seen]) -> Iterator[str]:
        """Indexes that fell with a column: the server says nothing of them."""
        gone = [each for oid, each in sorted(before.items()) if oid not in after and each.kind in INDEXES]
        for each in gone:
            if each.table in after and not _remade(each, after):
                yield f"index {each.name}"


def mode_named(mode: str) -> str:
    """`ShareRowExclusiveLock` as the documentation writes it."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", mode.removesuffix("Lock")).upper()


def _names(relations: Iterable[Seen]) -> tuple[Name, ...]:
    return tuple(dict.fromkeys(each.name for each in sorted(relations, key=lambda each: each.oid)))


def _shown(each: Seen, also: frozenset[str] = frozenset()) -> bool:
    return each.kind in TABLES | also and not each.temporary


def _remade(gone: Seen, after: Mapping[int, Seen]) -> bool:
    """Whether an index of the same name is there again: ALTER TYPE makes those of its column anew."""
    return gone.kind in INDEXES and any(each.name == gone.name and each.kind in INDEXES for each in after.values())


def _status(notices: Iterable[Diagnostic], before: Mapping[int, Seen], after: Mapping[int, Seen]) -> Status:
    """`IF NOT EXISTS` says in a notice that there was nothing to do."""
    skipped = any(each.sqlstate in EXISTS for each in notices)
    return "present" if skipped and before.keys() == after.keys() else "applied"


def _words(notices: Iterable[Diagnostic]) -> Iterator[str]:
    """What CASCADE took along, one word group each; of many the server tells the first hundred in the detail."""
    for each in notices:
        text = f"{each.message_detail or ''}\n{each.message_primary or ''}"
        for line in text.splitlines():
            if line.startswith(CASCADES) and not line.endswith(" other objects"):
                yield line.removeprefix(CASCADES)
