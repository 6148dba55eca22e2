"""Which partition schemes pay: each is planned for every statement that touches its table."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from pgtune.guide import Guide
from pgtune.model.design import Design, Name, Query, Scheme
from pgtune.model.errors import NotPlannable
from pgtune.model.units import human_bytes
from pgtune.partitions import candidates, migration, obstacles, schemes, upkeep, words
from pgtune.partitions.advice import Declined, Effect, Limits, PartitionAdvice, Partitioning
from pgtune.partitions.candidates import Candidate, ShapeOf, Use
from pgtune.partitions.scale import Period
from pgtune.partitions.spread import spread
from pgtune.plans.plan import Plan
from pgtune.snapshot.snapshot import Snapshot, StoredIndex, Table
from pgtune.workload.statement import Statement

Planner = Callable[[Query, Design], Plan]

PAGE = 8192
# What planning one more partition costs, in the planner's units: 0.14 ms (14 ms for 100 of them, measured in a fresh
# session), a unit taken as 0.01 ms, which is about a page that has to be copied from the system's cache.
PLANNING = 14.0
SAME = 0.01  # schemes closer than this to each other are equal, and the one with fewer partitions is taken


@dataclass(slots=True)
class Proposer:
    """One round of proposals; `base` is the design that holds besides, as the indexes advised already."""

    snapshot: Snapshot
    plan: Planner
    shape_of: ShapeOf
    guide: Guide
    limits: Limits = field(default_factory=Limits)
    base: Design = field(default_factory=Design)
    calls: int = 0

    def advise(self, statements: Sequence[Statement]) -> PartitionAdvice:
        """Proposals for every table that is big enough, and why the others of them stay whole."""
        found: list[Partitioning] = []
        declined: list[Declined] = []
        for use in candidates.uses(self.snapshot, statements, self.shape_of).values():
            if not _eligible(use.table) or size(use.table) < self.limits.least_bytes:
                continue
            if self.limits.over():
                declined.append(Declined(use.table.name, "the time was up before it was looked at"))
                continue
            answer = self._table(use)
            (found if isinstance(answer, Partitioning) else declined).append(answer)  # type: ignore[arg-type]
        found.sort(key=lambda each: (each.cost_after - each.cost_before, each.table))
        return PartitionAdvice(tuple(found), tuple(declined), self.calls)

    def _table(self, use: Use) -> Partitioning | Declined:
        """The best scheme for a table, or the reason why there is none."""
        tried: list[Partitioning] = []
        reasons: list[str] = []
        before = self._before(use)
        unknown = sum(each.weight for each, _ in use.statements if each not in before)
        if unknown > sum(each.weight for each in before):
            return Declined(use.table.name, "most of the statements on it could not be planned")
        for candidate in candidates.candidates(use, self.guide):
            blocked = obstacles.against(self.snapshot, use.table, candidate.column.name)
            if blocked is not None:
                reasons.append(blocked)
                continue
            for period, scheme in self._schemes(use.table, candidate):
                answer = self._weighed(use, candidate, period, scheme, before)
                if isinstance(answer, str):
                    reasons.append(answer)
                else:
                    tried.append(answer)
        if tried:
            return self._finished(use, min(tried, key=_rank(tried)))
        why = "; ".join(dict.fromkeys(reasons)) or "no column of it that the workload asks for would split it usefully"
        return Declined(use.table.name, f"{human_bytes(size(use.table))}, but {why}")

    def _schemes(self, table: Table, candidate: Candidate) -> Iterator[tuple[Period | None, Scheme]]:
        name, column = table.name, candidate.column.name
        if candidate.strategy == "range" and (rows := spread(candidate.stats, candidate.scale)):
            found = list(schemes.ranges(name, column, candidate.scale, rows, size(table), self.limits))
            kept = candidate.asked.retention.seconds if candidate.asked.retention else None
            # dropped by whole partitions, rows live up to one period longer: half of their time at most
            fitting = [each for each in found if not kept or each[0].length <= kept / 2]
            yield from fitting or found
        elif candidate.strategy == "list" and (listed := schemes.lists(name, column, candidate.stats)):
            yield None, listed
        elif candidate.strategy == "hash":
            yield from ((None, each) for each in schemes.hashes(name, column, size(table), self.limits))

    def _weighed(self, use: Use, candidate: Candidate, period: Period | None, scheme: Scheme,
                 before: dict[Statement, float]) -> Partitioning | str:  # fmt: skip
        """The scheme with what it does to every statement, or why it does not pay."""
        taken = migration.in_the_way(self.snapshot, scheme)
        if taken is not None:
            return f"{taken} has a name that its migration needs: rename it, or drop it if a migration left it there"
        effects: list[Effect] = []
        for statement, shape in use.statements:
            if statement not in before:
                continue
            retention = candidates.retention_key(use.table.name, shape)
            dropped = scheme.strategy == "range" and retention is not None and retention[0] == scheme.key[0]
            try:
                effect = self._effect(statement, scheme, before[statement], dropped=dropped)
            except NotPlannable as error:
                return f"a statement could not run on the partitioned table: {error}"
            effects.append(effect)
        won = sum(each.saved for each in effects if each.saved > 0)
        lost = -sum(each.saved for each in effects if each.saved < 0)
        cost = sum(each.weight * each.cost_before for each in effects)
        by = f"{scheme.strategy} by {scheme.key[0]}"
        if won - lost < self.limits.gain * cost:
            return f"{by} saves {words.percent(max(0.0, won - lost), cost)} of the cost of the statements on it"
        if lost > self.limits.loss * won:
            return f"{by} takes from the statements without {scheme.key[0]} too much of what it gives to the others"
        return Partitioning(
            scheme, str(period or ""), size(use.table), cost, cost - won + lost, tuple(effects),
            words.why(use, candidate, period, scheme, effects),
            words.consequences(self.snapshot, use, scheme, len(use.statements) - len(effects)),
            upkeep.upkeep(scheme, period, candidate), "", upkeep.partman(scheme, period, candidate),
        )  # fmt: skip

    def _finished(self, use: Use, chosen: Partitioning) -> Partitioning:
        """The chosen one with its script, in which the table has the advised indexes, too."""
        advised = sorted(index for index in self.base.indexes if index.table == use.table.name)
        stored = (StoredIndex(Name(index.table.schema, index.name), index.method, index.ddl(), ()) for index in advised)
        table = replace(use.table, indexes=(*use.table.indexes, *stored))
        return replace(chosen, script=migration.script(self.snapshot, table, chosen.scheme))

    def _before(self, use: Use) -> dict[Statement, float]:
        """What each statement costs on the table as it is; one that cannot be planned has no part in this."""
        costs: dict[Statement, float] = {}
        for statement, _ in use.statements:
            try:
                costs[statement] = self._cost(statement, self.base)[0]
            except NotPlannable:
                continue
        return costs

    def _effect(self, statement: Statement, scheme: Scheme, before: float, *, dropped: bool) -> Effect:
        if dropped:
            cost, scanned = 0.0, 1
        else:
            design = Design(self.base.indexes, self.base.dropped, self.base.schemes | {scheme}, self.base.settings)
            cost, scanned = self._cost(statement, design, frozenset(part.name for part in scheme.partitions))
        return Effect(
            statement.text, statement.fingerprint, statement.origin, statement.weight, before, cost, scanned, dropped
        )

    def _cost(self, statement: Statement, design: Design, parts: frozenset[str] = frozenset()) -> tuple[float, int]:
        """The mean cost over the statement's bindings, and the most partitions that one of its plans reads."""
        total, most = 0.0, 0
        for query, share in statement.queries():
            plan = self.plan(query, design)
            self.calls += 1
            scanned = {node.relation.name for node in plan.root.walk() if node.relation} & parts
            total += share * (plan.cost + PLANNING * len(scanned))
            most = max(most, len(scanned))
        return total, most


def size(table: Table) -> int:
    """The table's bytes, the long values that it keeps apart included."""
    return (table.pages + table.toast_pages) * PAGE


def _eligible(table: Table) -> bool:
    return table.kind == "r" and not table.parents and table.partition_key is None


def _rank(tried: Sequence[Partitioning]) -> Callable[[Partitioning], tuple[int, int, float, Name]]:
    best = min(each.cost_after for each in tried)

    def rank(each: Partitioning) -> tuple[int, int, float, Name]:
        near = each.cost_after <= best * (1 + SAME) + 1
        return (not near, len(each.scheme.partitions), each.cost_after, each.table)

    return rank
