"""Indexes to drop: invalid, duplicate, redundant and unused ones, each on evidence and planned without.

A drop that lacks a piece of evidence is advice to watch, without a statement to run: counters that are young or of
unknown age, standbys whose counters were not read, and every index that is more than a way to find rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pgtune.indexes import skipscan
from pgtune.indexes.advice import Confidence, Drop, DropKind
from pgtune.indexes.costs import Costs
from pgtune.indexes.facts import PAGE_BYTES, Facts, TableFacts
from pgtune.indexes.items import Planned
from pgtune.indexes.pool import Item
from pgtune.indexes.redundancy import covered_by_new, duplicate, prefix, unquoted
from pgtune.model.design import Design, Index, Name
from pgtune.model.errors import NotPlannable
from pgtune.snapshot.snapshot import StoredIndex, Table

EVIDENCE_DAYS = 31  # an index may be for what runs once a month
DEARER = 1.01  # of the whole workload, and
DEARER_QUERY = 1.1  # of one query: more is no drop


@dataclass(slots=True)
class Checker:
    """Plans the workload without an index, where a plan uses it. `total` is what it costs under the advice."""

    facts: Facts
    costs: Costs
    planned: Planned
    chosen: int
    total: float = 0.0
    _users: dict[str, list[Item]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for item in self.planned.items:
            self.total += item.weight * self.costs.upper(item, self.chosen)
            for name in self.costs.best(item, self.chosen).others:
                self._users.setdefault(name, []).append(item)

    def uses(self, index: StoredIndex) -> tuple[Item, ...]:
        """The queries whose plans, under the advice, use the existing index."""
        return tuple(self._users.get(index.name.name, ()))

    def harmless(self, *dropped: StoredIndex, created: Sequence[Index] = ()) -> bool:
        """True if no query becomes noticeably dearer without the indexes, and with the ones created for them."""
        items = dict.fromkeys(item.number for index in dropped for item in self.uses(index))
        names = frozenset(index.name for index in dropped)
        rise = 0.0
        for item in (self.planned.items[number] for number in items):
            before = self.costs.upper(item, self.chosen)
            after = self._without(item, names, frozenset(created))
            if after is None or after > before * DEARER_QUERY:
                return False
            rise += item.weight * (after - before)
        return rise <= (DEARER - 1) * self.total

    def _without(self, item: Item, names: frozenset[Name], created: frozenset[Index]) -> float | None:
        """The query's cost without these; None if it cannot be told."""
        indexes = self.costs.pool.indexes(self.chosen & item.relevant) | created
        try:
            plan = self.costs.planned(item, Design(indexes, item.hidden | names))
        except NotPlannable:
            return None
        clever = self.costs.too_clever and (skipscan.stored(plan, self.facts) or skipscan.candidates(plan, indexes))
        return None if clever else plan.cost


def advise(checker: Checker, recommended: Sequence[Index]) -> tuple[Drop, ...]:
    """Every index that is not needed, the biggest first.

    Redundant ones come first, each planned without all those before it; what stands in for one of them is needed.
    """
    gone: dict[Name, StoredIndex] = {}
    found: list[Drop] = []
    needed: set[Name] = set()
    for judge in (_redundant, _unused):
        for table in checker.facts.tables:
            for index in sorted(table.table.indexes, key=_dearest):
                if index.parent is not None or index.name in needed or any(each.index == index.name for each in found):
                    continue  # a partition's index goes with the partitioned index that it is a part of
                drop = judge(Case(checker, table, index, gone, recommended))
                if drop is not None:
                    found.append(drop)
                    gone |= {index.name: index} if drop.ddl else {}
                    needed |= {drop.covered_by} if drop.covered_by else set()
    return tuple(sorted(found, key=lambda drop: (drop.ddl is None, -drop.size_bytes)))


@dataclass(frozen=True, slots=True)
class Case:
    """An index to be judged; `gone` are those that are dropped already."""

    checker: Checker
    table: TableFacts
    index: StoredIndex
    gone: Mapping[Name, StoredIndex]
    recommended: Sequence[Index]

    @property
    def harmless(self) -> bool:
        """True if nothing misses it, the dropped ones being gone."""
        return self.checker.harmless(self.index, *(each for each in self.gone.values()))


def _dearest(index: StoredIndex) -> tuple[bool, int]:
    """Those that only find rows first, the big ones before the small: of two duplicates the plain one goes."""
    return protected(index), -index.pages


def protected(index: StoredIndex) -> bool:
    """True if the index is more than a way to find rows."""
    return index.unique or index.primary or index.constraint is not None or index.replica_identity


def _redundant(case: Case) -> Drop | None:
    table, index = case.table, case.index
    if not index.valid:
        return _invalid(table, index)
    others = [each for each in table.table.indexes if each.valid and each.name not in case.gone and each is not index]
    longer = next((each for each in others if prefix(index, each) and _stays(index, each)), None)
    if longer is not None:
        return _covered(case, longer.name, "prefix")
    same = next((each for each in others if duplicate(index, each) and _stays(index, each)), None)
    if same is not None:
        return _covered(case, same.name, "duplicate")
    fitting = (each for each in case.recommended if each.table == table.table.name and covered_by_new(index, each))
    new = next(fitting, None)
    return None if new is None or protected(index) else _covered(case, Name(new.table.schema, new.name), "prefix")


def _stays(index: StoredIndex, other: StoredIndex) -> bool:
    """True if the other one is the one to keep: it guards something, or this one does not."""
    return protected(other) or not protected(index)


def _invalid(table: TableFacts, index: StoredIndex) -> Drop:
    why = (
        "It is invalid: a concurrent build that failed, or one that still runs. Writes keep it up and no query uses it."
    )
    if protected(index) or table.table.kind == "p":
        return _drop(table, index, "invalid", f"{why} It guards more than reads, so decide by hand.")
    return _drop(table, index, "invalid", f"{why} Drop it unless a build is under way.", sure="high")


def _covered(case: Case, by: Name, kind: DropKind) -> Drop | None:
    table, index = case.table, case.index
    says = "holds the same" if kind == "duplicate" else "begins with the same keys and serves the same searches"
    why = f"{by} {says}."
    if protected(index):
        return _drop(table, index, kind, f"{why} But it is {_guards(index)}, so watch it.", by)
    if not case.harmless:
        return None
    return _drop(table, index, kind, f"{why} No query of the workload costs more without it.", by, "high")


def _unused(case: Case) -> Drop | None:
    table, index, facts = case.table, case.index, case.checker.facts
    if index.scans != 0 or index.primary or case.checker.uses(index) or not case.harmless:
        return None
    doubts = tuple(_doubts(facts, table.table, index))
    why = "No scan of it is counted"
    if doubts:
        return _drop(table, index, "unused", f"{why}, but {', and '.join(doubts)}: watch it.")
    days = _days_counted(facts) or 0
    return _drop(table, index, "unused", f"{why} in {days} days, and no plan of the workload uses it.", None, "medium")


def _doubts(facts: Facts, table: Table, index: StoredIndex) -> Iterator[str]:
    snapshot, days = facts.snapshot, _days_counted(facts)
    if protected(index):
        yield f"it is {_guards(index)}"
    if days is None:
        yield "nobody knows since when it is counted"
    elif days < EVIDENCE_DAYS:
        yield "it has been counted for less than a day" if days < 1 else f"it has been counted for {days} days only"
    if snapshot.standbys:
        yield f"the counters of {snapshot.standbys} standby{'s' if snapshot.standbys > 1 else ''} were not read"
    if snapshot.in_recovery:
        yield "this is a standby and the primary's counters were not read"
    names = [unquoted(key) for key in index.keys]
    if any(set(key.columns) == set(names[: len(key.columns)]) for key in table.foreign_keys):
        yield "deletes from the referenced table will look for it"


def _guards(index: StoredIndex) -> str:
    if index.replica_identity:
        return "the table's replica identity"
    if index.constraint is not None:
        return f"the index of the constraint {index.constraint}"
    return "unique"


def _drop(
    table: TableFacts,
    index: StoredIndex,
    kind: DropKind,
    why: str,
    by: Name | None = None,
    sure: Confidence | None = None,
) -> Drop:
    """A drop if it is sure, else advice to watch. A partitioned index cannot be dropped concurrently."""
    ddl = f"DROP INDEX {'' if table.table.kind == 'p' else 'CONCURRENTLY '}{index.name.sql}" if sure else None
    return Drop(
        index.name, table.table.name, kind, why, index.pages * PAGE_BYTES, index.definition, ddl, by, sure or "low"
    )


def _days_counted(facts: Facts) -> int | None:
    """Days between the reset of the counters and the snapshot; None if unknown."""
    begin, end = _day(facts.snapshot.stats_reset), _day(facts.snapshot.taken)
    return end - begin if begin is not None and end is not None else None


def _day(text: str | None) -> int | None:
    """The number of the day that an ISO 8601 time names, counted as astronomers do (Julian day)."""
    try:
        year, month, day = (int(part) for part in (text or "")[:10].split("-"))
    except ValueError:
        return None
    shift = (14 - month) // 12
    years, months = year + 4800 - shift, month + 12 * shift - 3
    return day + (153 * months + 2) // 5 + 365 * years + years // 4 - years // 100 + years // 400
