"""Advice on indexes: the workload is planned, candidates are chosen, drops are checked, and all of it is explained."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pgtune.indexes import bound, declined, drops, foreign, items, merges, skipscan, statistics, writes
from pgtune.indexes.advice import Bound, IndexAdvice, Limits, Progress, SizeOf
from pgtune.indexes.costs import Costs, Planner
from pgtune.indexes.facts import Facts
from pgtune.indexes.items import Planned, Tell
from pgtune.indexes.joined import Joined
from pgtune.indexes.pool import Pool
from pgtune.indexes.propose import Proposer
from pgtune.indexes.results import Results
from pgtune.indexes.selection import Prepare, Selection
from pgtune.indexes.trusted import Trust
from pgtune.model.design import Index
from pgtune.model.each import Each
from pgtune.snapshot.snapshot import Snapshot
from pgtune.workload.catalog import Tables
from pgtune.workload.statement import Workload


def quiet(_progress: Progress) -> None:
    """Say nothing."""


def as_needed(_indexes: Sequence[Index]) -> Collection[Index]:
    """Build what-if indexes when they are first asked for."""
    return ()


@dataclass(frozen=True, slots=True)
class World:
    """The planner met from here: `plan` and `size_of` are the twin's, `prepare` builds what-if indexes together.

    `each` is `map`, or what asks for several queries at once where `plan` can answer them. `major` is the planner's
    version where it is not the target's.
    """

    plan: Planner
    size_of: SizeOf
    prepare: Prepare = as_needed
    major: int | None = None
    each: Each = map


def advise(  # noqa: PLR0913  (the snapshot, the workload, the planner, and how to go about it)
    snapshot: Snapshot,
    workload: Workload,
    plan: Planner,
    size_of: SizeOf,
    limits: Limits | None = None,
    tell: Tell = quiet,
    *,
    prepare: Prepare = as_needed,
    planner_major: int | None = None,
    each: Each = map,
) -> IndexAdvice:
    """Which indexes to create and to drop for this workload.

    `plan` is asked for a query under a design and raises NotPlannable where it cannot; `size_of` answers bytes.
    `prepare` is told of all candidates before they are asked for, and says which of them cannot be built;
    `planner_major` is the planner's version where it is not the target's; `each` asks for what does not depend on one
    another.
    """
    return _advise(snapshot, workload, World(plan, size_of, prepare, planner_major, each), limits or Limits(), tell)


def _advise(snapshot: Snapshot, workload: Workload, world: World, limits: Limits, tell: Tell) -> IndexAdvice:
    facts = Facts(snapshot)
    planned, taxes = _planned(facts, workload, world, tell)
    pool = Pool(planned.items, world.size_of, limits.budget_bytes, limits.only, limits.barred)
    costs = Costs(world.plan, pool, too_clever=skipscan.too_clever(snapshot.major, world.major), before=planned.calls)
    for item, plan in zip(planned.items, planned.plans, strict=True):
        costs.start(item, plan)
    selection = Selection(
        costs, pool, planned.items, Proposer(facts, limits.max_columns), limits,
        lambda number: taxes.tax(pool.candidates[number].index, pool.sizes[number]), tell, world.prepare,
        world.each,
    )  # fmt: skip
    trust = Trust(selection, facts, limits.worst)
    chosen = selection.within_guard(_chosen(selection, trust))
    results = Results(facts, planned, costs, pool, taxes, selection.model(), chosen, trust.risks(chosen))
    bounds = selection.bound(chosen)
    queries = results.queries(bounds)
    recommendations = results.recommendations(queries)
    tell(Progress("looking for indexes to drop"))
    checker = drops.Checker(facts, costs, planned, chosen)
    dropped = drops.advise(checker, [each.index for each in recommendations])
    return IndexAdvice(
        recommendations,
        dropped,
        merges.advise(checker, {each.index for each in dropped}, world.size_of),
        statistics.advise(facts, planned, recommendations),
        declined.advise(facts, planned, selection, chosen),
        queries,
        tuple(planned.unplanned),
        _bound(sum(item.weight * bounds[item.number] for item in planned.items), selection),
        len(pool.candidates),
        costs.calls,
        selection.finished,
    )


def _chosen(selection: Selection, trust: Trust) -> int:
    """The set that is best, then trusted, then with one index for two where that brings no new risk."""
    trusted = trust.better(selection.run())
    joined = Joined(selection.costs, selection.items, selection.limits.over).instead(trusted)
    return joined if len(trust.risky(joined)) <= len(trust.risky(trusted)) else trusted


def _bound(unlimited: float, selection: Selection) -> Bound:
    """The unlimited bound, and the one under the budget where it was asked for and can be had."""
    limits = selection.limits
    if not limits.exact or limits.budget_bytes is None:
        return Bound(unlimited)
    selection.tell(Progress("proving a bound"))
    taxes = selection.model().taxes
    found = bound.Program(selection.costs, selection.items, taxes, limits.budget_bytes, limits.over).run()
    return Bound(unlimited) if found is None else Bound(unlimited, *found)


def _planned(facts: Facts, workload: Workload, world: World, tell: Tell) -> tuple[Planned, writes.Writes]:
    """The workload planned, with the lookups that its deletes cause."""
    clever = skipscan.too_clever(facts.snapshot.major, world.major)
    planned = items.read(facts, workload.statements, world.plan, tell, too_clever=clever)
    taxes = _writes(facts, planned)
    lookups = foreign.lookups(facts, taxes.tables)
    if lookups:
        more = items.read(facts, lookups, world.plan, quiet, too_clever=clever)
        planned.extend(more)
    return planned, taxes


def _writes(facts: Facts, planned: Planned) -> writes.Writes:
    tables = Tables.of(facts.snapshot)
    first = {item.statement: plan for item, plan in reversed(list(zip(planned.items, planned.plans, strict=True)))}
    plans = [first[number] for number in range(len(planned.statements))]
    catalogs = [tables.under(statement.search_path) for statement in planned.statements]
    return writes.gather(facts, planned.statements, plans, catalogs)
