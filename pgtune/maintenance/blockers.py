"""Who stands in the way of a job now: locks on its table, and old snapshots that make it wait or make it useless.

What waits for what is in src/backend/commands/indexcmds.c (ReindexRelationConcurrently) and in the table of conflicting
locks (documentation, 13.3.1): a rebuild waits before it builds for every transaction that wrote to the table, before
it is valid for every older snapshot in the database, and before it drops the old index for every transaction that even
read the table. VACUUM waits only for locks from SHARE UPDATE EXCLUSIVE on, but removes nothing that a snapshot may see.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pgtune.maintenance.masking import masked
from pgtune.maintenance.policy import Policy
from pgtune.maintenance.rows import AtWork, Horizon, Lock
from pgtune.maintenance.work import Blocker, Hold, Kind

STRENGTH = (
    "AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock", "ShareLock",
    "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock",
)  # fmt: skip
WRITER, CONFLICTING = STRENGTH.index("RowExclusiveLock"), STRENGTH.index("ShareUpdateExclusiveLock")


@dataclass(frozen=True, slots=True)
class Obstacles:
    """All that may stand in the way in one database: locks by relation, old snapshots, sessions that maintain."""

    locks: Mapping[int, Sequence[Lock]]
    horizons: Sequence[Horizon]
    at_work: Sequence[AtWork]
    policy: Policy

    def of(self, kind: Kind, *oids: int) -> tuple[Blocker, ...]:
        """Who stands in the way of this kind of work on these relations (a table and an index of it)."""
        held = (lock for oid in oids for lock in self.locks.get(oid, ()))
        return (*_lockers(kind, _strongest(held)), *self._snapshots(kind))

    def holder(self, *oids: int) -> int | None:
        """The session that holds a lock on one of these relations as a build or a VACUUM does, None if nobody does."""
        locks = (lock for oid in oids for lock in self.locks.get(oid, ()))
        return next((lock.pid for lock in locks if lock.pid is not None and _strength(lock) >= CONFLICTING), None)

    def old(self) -> tuple[Blocker, ...]:
        """Everyone whose snapshot is old enough to be named, whatever the work."""
        return tuple(_blocker(each, "dead rows younger than its snapshot stay") for each in self._old())

    def _snapshots(self, kind: Kind) -> Iterator[Blocker]:
        for each in self._old():
            if kind is Kind.VACUUM:
                yield _blocker(each, "VACUUM removes no row that died after its snapshot")
            elif kind in {Kind.REINDEX, Kind.LEFTOVERS} and each.hold == Hold.SESSION:
                yield _blocker(each, "the rebuild waits for its end")

    def _old(self) -> Iterator[Horizon]:
        """A session counts when its transaction has lasted; what has no age (slots, standbys) while it holds any."""
        for each in self.horizons:
            old = each.xids is None or each.xids > 0 if each.age is None else each.age >= self.policy.old_transaction
            if old:
                yield each


def obstacles(
    locks: Iterable[Lock], horizons: Sequence[Horizon], at_work: Sequence[AtWork], policy: Policy
) -> Obstacles:
    """Locks sorted by relation."""
    by_relation: dict[int, list[Lock]] = defaultdict(list)
    for lock in locks:
        by_relation[lock.oid].append(lock)
    return Obstacles(by_relation, horizons, at_work, policy)


def _strongest(locks: Iterable[Lock]) -> list[Lock]:
    """The strongest lock of each holder."""
    best: dict[tuple[int | None, str | None], Lock] = {}
    for lock in locks:
        holder = lock.pid, lock.gid
        if holder not in best or _strength(lock) > _strength(best[holder]):
            best[holder] = lock
    return list(best.values())


def _strength(lock: Lock) -> int:
    return STRENGTH.index(lock.mode) if lock.mode in STRENGTH else -1


def _lockers(kind: Kind, locks: Iterable[Lock]) -> Iterator[Blocker]:
    for lock in locks:
        effect = _effect(kind, _strength(lock))
        if effect is not None:
            hold = Hold.PREPARED if lock.pid is None else Hold.SESSION
            hold = Hold.AUTOVACUUM if lock.backend == "autovacuum worker" else hold
            name = str(lock.pid) if lock.pid is not None else lock.gid or "unnamed"
            yield Blocker(hold, name, effect, lock.role, lock.application, lock.age, None, masked(lock.query))


def _effect(kind: Kind, strength: int) -> str | None:
    if strength >= CONFLICTING:
        return "holds a lock on the table that this work waits for"
    if kind not in {Kind.REINDEX, Kind.LEFTOVERS} or strength < 0:
        return None
    if strength >= WRITER:
        return "has written to the table: the build waits for the end of its transaction"
    return "has read the table: the old index is dropped only after its transaction"


def _blocker(each: Horizon, effect: str) -> Blocker:
    hold = Hold(each.hold)
    return Blocker(hold, each.name, effect, each.role, each.application, each.age, each.xids, masked(each.query))
