"""What a statement did, from what was there before it and what was seen after it."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from pgtune.model.design import Name
from pgtune.model.trace import Effect, Lock, Status
from pgtune.twin.tracing_watch import Notice, Seen, Sight

TABLES = frozenset("rpmfv")
HEAPS = frozenset("rm")
INDEXES = frozenset("iI")
EXISTS = frozenset({"42P07", "42701", "42710", "42P06", "42723", "42P04"})  # duplicate table, column, object, ...
CASCADES = "drop cascades to "
# The modes that each mode conflicts with, by the table of conflicts in the documentation of explicit locking.
WEAKEST_FIRST = (
    "ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
)  # fmt: skip
CONFLICTS = {
    "ACCESS SHARE": frozenset(WEAKEST_FIRST[7:]),
    "ROW SHARE": frozenset(WEAKEST_FIRST[6:]),
    "ROW EXCLUSIVE": frozenset(WEAKEST_FIRST[4:]),
    "SHARE UPDATE EXCLUSIVE": frozenset(WEAKEST_FIRST[3:]),
    "SHARE": frozenset((*WEAKEST_FIRST[2:4], *WEAKEST_FIRST[5:])),
    "SHARE ROW EXCLUSIVE": frozenset(WEAKEST_FIRST[2:]),
    "EXCLUSIVE": frozenset(WEAKEST_FIRST[1:]),
    "ACCESS EXCLUSIVE": frozenset(WEAKEST_FIRST),
}


@dataclass
class Ledger:
    """What a session knows of the relations: `known` now, `old` those that were there before the script.

    `held`: the locks of the open transaction on old tables.
    """

    known: dict[int, Seen]
    old: frozenset[int] = frozenset()
    held: tuple[Lock, ...] = ()

    def taken(
        self, sight: Sight, everything: Mapping[int, Seen] | None, why: str = "", *, outright: bool = False
    ) -> Effect:
        """The effect of the statement after which this was seen.

        `everything`: all relations, if it may have dropped some; `outright`: it names the indexes that it drops.
        """
        before, after = self.known, dict(everything) if everything is not None else self._after(sight)
        touched = after.keys() if everything is not None else {each.oid for each in sight.relations}
        change = Change(before, after, self.old, touched)
        locks = _strongest(change.locks(sight), self.held)
        cascaded = (*_words(sight.notices), *(() if outright else change.silent()))
        effect = Effect(
            _status(sight.notices, before, after), why, locks, change.rewritten(), change.scanned(sight),
            tuple(change.built()), change.created(), change.dropped(), cascaded, after_ddl=self.held,
        )  # fmt: skip
        called = {before[oid].name: after[oid].name for oid in touched if oid in before}
        held = (replace(each, table=called.get(each.table, each.table)) for each in (*self.held, *locks))
        self.known, self.held = after, tuple(held)
        return effect

    def _after(self, sight: Sight) -> dict[int, Seen]:
        changed = {each.oid: each for each in sight.relations}
        return changed if sight.whole else {**self.known, **changed} if changed else self.known

    def named(self, oid: int) -> Name | None:
        """The old table of this number, or that of the index of this number."""
        table = _table(oid, self.known)
        return table.name if table is not None and table.oid in self.old else None


@dataclass(frozen=True, slots=True)
class Change:
    """The relations before and after a statement, by number; `old` are those of before the script.

    `touched`: those among which are all that differ.

    Tables are called as they were when the statement began.
    """

    before: Mapping[int, Seen]
    after: Mapping[int, Seen]
    old: Collection[int]
    touched: Collection[int]

    def rewritten(self) -> tuple[Name, ...]:
        """Old tables with a new file."""
        found = (self.before[oid] for oid in self.touched if oid in self.old and oid in self.before)
        return _names(each for each in found if each.kind in HEAPS and self.after[each.oid].file != each.file
                      and not each.hidden)  # fmt: skip

    def scanned(self, sight: Sight) -> tuple[Name, ...]:
        """Old tables whose rows, or one of whose indexes, were read."""
        found = (_table(oid, self.before) for oid in sight.scans)
        return _names(each for each in found if each is not None and each.oid in self.old and not each.hidden)

    def locks(self, sight: Sight) -> Iterator[Lock]:
        """All locks on old tables, with those that were there before."""
        for oid, mode in sorted(sight.locks):
            table = _table(oid, self.before)
            if table is not None and table.oid in self.old and table.kind in TABLES and not table.hidden:
                yield Lock(table.name, mode_named(mode), self.before[oid].name if table.oid != oid else None)

    def built(self) -> Iterator[tuple[Name, Name]]:
        """New indexes of old tables with a file that was not there: ALTER TYPE makes some anew that keep theirs."""
        files = {each.file for each in self._gone()}
        for each in self._come():
            fresh = each.kind in INDEXES and (each.file not in files or not each.file)
            if fresh and each.table in self.old and each.table in self.before:
                yield each.name, self.before[each.table].name

    def created(self) -> tuple[Name, ...]:
        """New tables and views."""
        return _names(each for each in self._come() if each.kind in TABLES and not each.hidden)

    def dropped(self) -> tuple[Name, ...]:
        """What is gone: tables, views, and indexes whose tables are still there and that were not made anew."""
        return _names(each for each in self._gone() if each.kind in TABLES | INDEXES and not each.hidden
                      and not self._remade(each) and (not each.table or each.table in self.after))  # fmt: skip

    def silent(self) -> Iterator[str]:
        """Indexes that fell with a column: the server says nothing of them."""
        for each in self._gone():
            if each.kind in INDEXES and each.table in self.after and not self._remade(each):
                yield f"index {each.name}"

    def _come(self) -> Iterator[Seen]:
        return (self.after[oid] for oid in sorted(self.after.keys() - self.before.keys()))

    def _gone(self) -> Iterator[Seen]:
        return (self.before[oid] for oid in sorted(self.before.keys() - self.after.keys()))

    def _remade(self, gone: Seen) -> bool:
        """Whether an index of the same name is there again."""
        return any(each.name == gone.name and each.kind in INDEXES for each in self._come())


def _table(oid: int, known: Mapping[int, Seen]) -> Seen | None:
    """The table that a number is of: its own, or an index's."""
    seen = known.get(oid)
    return known.get(seen.table) if seen is not None and seen.table else seen


def mode_named(mode: str) -> str:
    """`ShareRowExclusiveLock` as the documentation writes it."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", mode.removesuffix("Lock")).upper()


def _strongest(locks: Iterable[Lock], held: Iterable[Lock]) -> tuple[Lock, ...]:
    """Locks that block somebody whom no other lock on the same table blocks, the strongest first.

    A lock on an index says nothing where the same table is locked as strongly.
    """
    found: list[Lock] = []
    kept = list(held)
    for lock in sorted(set(locks), key=lambda each: (-len(CONFLICTS[each.mode]), each.index is not None, str(each))):
        if not any(_implies(each, lock) for each in kept):
            kept.append(lock)
            found.append(lock)
    return tuple(found)


def _implies(one: Lock, other: Lock) -> bool:
    same = one.table == other.table and one.index in {None, other.index}
    return same and CONFLICTS[one.mode] >= CONFLICTS[other.mode]


def _names(relations: Iterable[Seen]) -> tuple[Name, ...]:
    return tuple(dict.fromkeys(each.name for each in sorted(relations, key=lambda each: each.oid)))


def _status(notices: Iterable[Notice], before: Mapping[int, Seen], after: Mapping[int, Seen]) -> Status:
    """`IF NOT EXISTS` says in a notice that there was nothing to do."""
    skipped = any(each.sqlstate in EXISTS for each in notices)
    return "present" if skipped and before.keys() == after.keys() else "applied"


def _words(notices: Iterable[Notice]) -> Iterator[str]:
    """What CASCADE took along, one word group each; of many the server tells the first hundred in the detail."""
    for each in notices:
        for line in f"{each.primary}\n{each.detail}".splitlines():
            if line.startswith(CASCADES) and not line.endswith(" other objects"):
                yield line.removeprefix(CASCADES)
