"""Why a table that the workload reads gets no index: silence would look like an oversight."""

from collections.abc import Iterator

from pgtune.indexes import foreign
from pgtune.indexes.advice import NotWorthIt
from pgtune.indexes.facts import Facts, TableFacts
from pgtune.indexes.items import Planned
from pgtune.indexes.pool import bits
from pgtune.indexes.selection import Selection
from pgtune.model.design import Name


def advise(facts: Facts, planned: Planned, selection: Selection, chosen: int) -> tuple[NotWorthIt, ...]:
    """One reason a table, in the order in which the workload names them; then foreign keys that cost nothing yet."""
    served = {selection.pool.candidates[number].index.table for number in bits(chosen)}
    asked = dict.fromkeys(access.table for item in planned.items for access in item.accesses)
    found = [
        NotWorthIt(name, _why(name, table, selection))
        for name in asked
        if name not in served and (table := facts.table(name)) is not None
    ]
    return (*found, *_impossible(selection), *_foreign(facts, served))


def _impossible(selection: Selection) -> Iterator[NotWorthIt]:
    """Candidates that could not be planned: what nobody tried is not called useless."""
    for number in bits(selection.pool.impossible):
        candidate = selection.pool.candidates[number]
        why = f"{candidate.index.ddl()} might help, but it could not be built where plans are made"
        needs = f": {', '.join(candidate.needs)} is not there." if candidate.needs else "."
        yield NotWorthIt(candidate.index.table, why + needs)


def _why(name: Name, table: TableFacts, selection: Selection) -> str:
    if table.tiny:
        pages = f"{table.pages} page{'' if table.pages == 1 else 's'}"
        return f"It is tiny ({pages}): reading it whole costs as little as an index would."
    numbers = [n for n, each in enumerate(selection.pool.candidates) if each.index.table == name]
    if not numbers:
        return "No condition, join or order on it could use an index that is not there already."
    used = 0
    for item in selection.items:
        for known in selection.costs.known[item.number]:
            used |= known.used
    helpful = [n for n in numbers if used >> n & 1]
    if not helpful:
        return f"The planner used none of {len(numbers)} candidates: its conditions leave too many rows, or indexes do."
    if any(selection.tax_of(n) > _most(n, selection) for n in helpful):
        return "It is written so much that an index would cost more than it saves."
    return "What an index would save is too little, or its storage is better spent elsewhere."


def _most(number: int, selection: Selection) -> float:
    """The most that the candidate can save: what plans that use it save."""
    saved = 0.0
    for item in selection.items:
        costs = [each.cost for each in selection.costs.known[item.number] if each.used >> number & 1]
        saved += item.weight * max(selection.costs.base(item) - min(costs, default=selection.costs.base(item)), 0.0)
    return saved


def _foreign(facts: Facts, served: set[Name]) -> Iterator[NotWorthIt]:
    for table, key in foreign.unindexed(facts):
        if table.name not in served:
            why = f"Foreign key {key.name} has no index, but nothing is known to delete rows of {key.target}."
            yield NotWorthIt(table.name, why)
