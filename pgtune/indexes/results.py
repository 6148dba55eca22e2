"""The chosen set as recommendations: in the order to create them, each with whom it serves and why."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pgtune.indexes import why
from pgtune.indexes.advice import IndexRecommendation, QueryCost, Served
from pgtune.indexes.chosen import Model
from pgtune.indexes.costs import Costs
from pgtune.indexes.facts import Facts
from pgtune.indexes.items import Planned, by_statement
from pgtune.indexes.order import in_order
from pgtune.indexes.pool import Pool, bits
from pgtune.indexes.writes import Writes
from pgtune.model.design import Index
from pgtune.snapshot.building import creation


@dataclass(slots=True)
class Results:
    """Reads the answer off the collected plans. `risks`: how many times dearer a query may become, by its number."""

    facts: Facts
    planned: Planned
    costs: Costs
    pool: Pool
    writes: Writes
    model: Model
    chosen: int
    risks: Mapping[int, float]

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
        serves: dict[Index, list[int]] = {}
        for place, query in enumerate(queries):
            for index in query.indexes:
                serves.setdefault(index, []).append(place)
        return tuple(
            self._recommendation(number, gain, {place: queries[place] for place in serves.get(self._index(number), ())})
            for number, gain in in_order(self.model, self.chosen)
        )

    def _index(self, number: int) -> Index:
        return self.pool.candidates[number].index

    def _recommendation(self, number: int, gain: float, queries: Mapping[int, QueryCost]) -> IndexRecommendation:
        """`queries` are those that use it, by their place in the workload."""
        candidate = self.pool.candidates[number]
        served = tuple(
            Served(each.text, each.fingerprint, each.origin, each.weight, each.cost_before, each.cost_after)
            for each in queries.values()
        )
        table = self.facts.table(candidate.index.table)
        doubts = why.doubts(candidate, table, self.facts, generic=self._generic(queries))
        doubts += why.risk([(queries[place].text, times) for place, times in self._at_risk(queries)])
        return IndexRecommendation(
            candidate.index,
            sum(each.weight * each.cost_before for each in served),
            sum(each.weight * each.cost_after for each in served),
            gain, self.pool.sizes[number], self.model.taxes[number], served,
            why.sentence(candidate, written=self.writes.of(candidate.index.table).known),
            why.confidence(doubts), creation(candidate.index, self.facts.snapshot.tables), doubts, candidate.needs,
        )  # fmt: skip

    def _at_risk(self, statements: Iterable[int]) -> Iterator[tuple[int, float]]:
        """Those of the statements that may become dearer than allowed, and how many times."""
        for number in statements:
            times = [self.risks[item.number] for item in self.planned.items_of(number) if item.number in self.risks]
            if times:
                yield number, max(times)

    def _generic(self, statements: Iterable[int]) -> bool:
        """True if each of these statements has parameters and was planned without a value for them."""
        items = [item for number in statements for item in self.planned.items_of(number)]
        return bool(items) and all(
            self.planned.statements[item.statement].parameters and item.query.bindings is None for item in items
        )
