"""The chosen set as recommendations: in the order to create them, each with whom it serves and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from pgtune.indexes import why
from pgtune.indexes.advice import IndexRecommendation, QueryCost, Served
from pgtune.indexes.costs import Costs
from pgtune.indexes.facts import Facts
from pgtune.indexes.items import Planned, by_statement
from pgtune.indexes.pool import Pool, bits
from pgtune.indexes.search import Model, State
from pgtune.indexes.writes import Writes
from pgtune.snapshot.building import creation


@dataclass(slots=True)
class Results:
    """Reads the answer off the collected plans."""

    facts: Facts
    planned: Planned
    costs: Costs
    pool: Pool
    writes: Writes
    model: Model
    chosen: int

    def queries(self, bounds: dict[int, float]) -> tuple[QueryCost, ...]:
        """Every statement with its cost as it is, with the advice, and at best."""
        before = by_statement(self.planned, self.costs.base)
        after = by_statement(self.planned, lambda item: self.costs.upper(item, self.chosen))
        bound = by_statement(self.planned, lambda item: bounds[item.number])
        return tuple(
            QueryCost(
                statement.text, statement.fingerprint, statement.origin, statement.weight,
                before[n], after[n], bound[n],
                tuple(self.pool.candidates[number].index for number in bits(self._used(n))),
            )
            for n, statement in enumerate(self.planned.statements)
        )  # fmt: skip

    def _used(self, statement: int) -> int:
        used = 0
        for item in self.planned.items_of(statement):
            used |= self.costs.used(item, self.chosen)
        return used

    def recommendations(self, queries: Sequence[QueryCost]) -> tuple[IndexRecommendation, ...]:
        """In the order of creation."""
        state, found = State(self.model), []
        while bundle := self._next(state):
            for number in bits(bundle & ~state.chosen):
                larger = state.chosen | 1 << number
                gain = state.gain(larger)
                state.become(larger)
                found.append(self._recommendation(number, gain, queries))
        return tuple(found)

    def _next(self, state: State) -> int:
        """What to create next: most gain a byte, alone or together with what its plans also use."""
        rest = self.chosen & ~state.chosen
        sets = [1 << number for number in bits(rest)]
        sets += [bundle for bundle in self.model.bundles if bundle & rest and not bundle & ~self.chosen]
        scored = [
            (state.gain(state.chosen | each) / max(self.pool.size(each & rest), 1), -(each & rest).bit_count(), -each)
            for each in dict.fromkeys(sets)
        ]
        return -max(scored)[2] if scored else 0

    def _recommendation(self, number: int, gain: float, queries: Sequence[QueryCost]) -> IndexRecommendation:
        candidate = self.pool.candidates[number]
        served = tuple(
            Served(each.text, each.fingerprint, each.origin, each.weight, each.cost_before, each.cost_after)
            for each in queries
            if candidate.index in each.indexes
        )
        table = self.facts.table(candidate.index.table)
        doubts = why.doubts(candidate, table, self.facts, generic=self._generic(candidate.index.name, queries))
        return IndexRecommendation(
            candidate.index,
            sum(each.weight * each.cost_before for each in served),
            sum(each.weight * each.cost_after for each in served),
            gain, self.pool.sizes[number], self.model.taxes[number], served,
            why.sentence(candidate, written=self.writes.of(candidate.index.table).known),
            why.confidence(doubts), creation(candidate.index, self.facts.snapshot.tables), doubts, candidate.needs,
        )  # fmt: skip

    def _generic(self, name: str, queries: Sequence[QueryCost]) -> bool:
        """True if every statement that it serves has parameters and was planned without a value for them."""
        served = [n for n, each in enumerate(queries) if any(index.name == name for index in each.indexes)]
        items = [item for n in served for item in self.planned.items_of(n)]
        return bool(items) and all(
            self.planned.statements[item.statement].parameters and item.query.bindings is None for item in items
        )
