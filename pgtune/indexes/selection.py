"""Which candidates to create: plans are collected, the best set of what they use is searched, the planner checks it.

Every query is planned a few times with very different sets on offer; each plan tells what a set is worth. Among these
plans the search finds the best set without asking anybody; only where the answer rests on a cost that is not known for
that very set is the planner asked again, and what it says is one plan more to search among.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from pgtune.indexes.access import Access
from pgtune.indexes.advice import Limits, Progress
from pgtune.indexes.candidate import Candidate
from pgtune.indexes.chosen import Model, State
from pgtune.indexes.costs import Costs, Known
from pgtune.indexes.frugal import frugal
from pgtune.indexes.pool import Item, Pool, bits
from pgtune.indexes.propose import Proposer
from pgtune.indexes.search import Losses, best_set, by_gain
from pgtune.model.design import Index
from pgtune.model.each import Each

PEELS = 2  # how often the best plan's indexes are taken away to see the next best plan
WORTH_ASKING = 0.05  # a plan that saves less than this of its query is not looked behind
ROUNDS = 6
CHECKED = 1e-4  # of the workload: costs that are not known better than this are asked for
THRIFT = 0.004  # of the workload: what may be given up for fewer indexes
LEAST_HELP = 0.1  # of a statement's cost: an index that helps none so much had better be worth LEAST_SHARE
LEAST_SHARE = 0.001  # of the workload's cost

Prepare = Callable[[Sequence[Index]], Collection[Index]]
"""Builds what-if indexes together, and says which of them cannot be built."""


@dataclass(slots=True)
class Selection:
    """One search. `tax_of` tells the write tax of a candidate by its number, `prepare` builds what-if indexes.

    `each` asks for several queries at once if it can: what is asked of one never depends on another.
    """

    costs: Costs
    pool: Pool
    items: Sequence[Item]
    proposer: Proposer
    limits: Limits
    tax_of: Callable[[int], float]
    tell: Callable[[Progress], None]
    prepare: Prepare
    each: Each = map
    finished: bool = True
    natural: dict[int, int] = field(default_factory=dict)
    offered: dict[int, int] = field(default_factory=dict)
    _undominated: dict[int, tuple[int, list[tuple[int, float]]]] = field(default_factory=dict)

    def run(self) -> int:
        """The chosen set."""
        self._propose()
        for done, _collected in enumerate(self.each(self._collect, self.items), 1):
            self.tell(Progress("planning with candidates", done, len(self.items)))
        chosen = self._choose()
        if self.limits.budget_bytes is None:  # a budget says what storage is worth; without one, not to waste it
            chosen = frugal(self.model(), chosen, THRIFT)
        return self._thrifty(chosen)

    def _propose(self) -> None:
        """All candidates of all queries, built together: that is cheaper than one by one.

        Where it is given what to choose among, nobody else need have thought of that.
        """
        for item in self.items:
            self.natural[item.number] = self._mask(item, self.proposer.natural)
            self.offered[item.number] = self.natural[item.number]
            if self.natural[item.number]:
                self.offered[item.number] |= self._mask(item, self.proposer.variants)
        given = self.pool.mask(Candidate(index, "lookup") for index in sorted(self.limits.only or ()))
        for item in self.items:
            self.natural[item.number] |= given & item.relevant
            self.offered[item.number] |= given & item.relevant
        self.tell(Progress("building candidates", 0, len(self.pool.candidates)))
        self.pool.refuse(self.pool.given(self.prepare([each.index for each in self.pool.candidates])))

    def _mask(self, item: Item, propose: Callable[[Access], Iterator[Candidate]]) -> int:
        return self.pool.mask(each for access in item.accesses for each in propose(access))

    def _late(self) -> bool:
        if self.limits.over():
            self.finished = False
        return not self.finished

    def _collect(self, item: Item) -> None:
        """Plans of the query: with its first candidates, with their variants, and without what the best ones use."""
        natural, offered = self.natural[item.number], self.offered[item.number]
        if not natural or self._late():
            return
        self.costs.ask(item, natural)
        best = self.costs.ask(item, offered)
        self._peel(item, offered, best.used)
        self._by_table(item, offered, best.used)

    def _peel(self, item: Item, offered: int, used: int) -> None:
        """The next best plans: each time without what the last one used."""
        for _turn in range(PEELS):
            if not used or self._late():
                return
            offered &= ~used
            found = self.costs.ask(item, offered)
            if found.cost > self.costs.base(item) * (1 - WORTH_ASKING):
                return
            used = found.used

    def _by_table(self, item: Item, offered: int, used: int) -> None:
        """What the candidates of one table alone bring, for each table of which the best plan uses one."""
        tables = dict.fromkeys(self.pool.candidates[number].index.table for number in bits(used))
        if len(tables) < 2:
            return
        for table in tables:
            alone = sum(1 << n for n in bits(offered) if self.pool.candidates[n].index.table == table)
            self.costs.ask(item, alone)

    def _choose(self) -> int:
        """Search and check in turn, at last once more with care."""
        chosen = 0
        for turn in range(ROUNDS):
            chosen = best_set(self.model(), (chosen,), careful=False)
            self.tell(Progress("choosing", turn + 1, ROUNDS, self.total(chosen)))
            if self._late() or not self._check(chosen):
                break
        self._challenge(chosen)
        for _turn in range(2):
            careful = best_set(self.model(), (chosen,), careful=not self.limits.over())
            if careful == chosen or self._late():
                break
            chosen = careful
            if not self._check(chosen):
                break
        return chosen

    def _challenge(self, chosen: int) -> None:
        """Plan without each chosen index in turn: a plan uses what is there, also where it could nearly do without."""
        limit = CHECKED * self.total(chosen)

        def without(item: Item) -> None:
            for number in bits(self.costs.used(item, chosen)):
                less = chosen & ~(1 << number)
                if item.weight * self.costs.open(item, less) > limit and not self._late():
                    self.costs.ask(item, less)

        for _asked in self.each(without, self.items):
            pass

    def model(self) -> Model:
        """What is known so far, for the search."""
        plans = [self._plans(item) for item in self.items]
        taxes = [self.tax_of(number) for number in range(len(self.pool.candidates))]
        weights = [item.weight for item in self.items]
        return Model(
            plans, weights, self.pool.sizes, taxes, self.limits.budget_bytes, self.limits.max_indexes, self.limits.over
        )

    def _plans(self, item: Item) -> list[tuple[int, float]]:
        """The query's plans that are worth something, worked out anew if more are known by now."""
        known = self.costs.known[item.number]
        count, plans = self._undominated.get(item.number, (0, []))
        if count != len(known):
            plans = [(each.used, each.cost) for each in undominated(known)]
            self._undominated[item.number] = len(known), plans
        return plans

    def total(self, chosen: int) -> float:
        """The workload's cost with this set, write tax included, by what is known."""
        costs = sum(item.weight * self.costs.upper(item, chosen) for item in self.items)
        return costs + sum(self.tax_of(number) for number in bits(chosen))

    def _check(self, chosen: int) -> bool:
        """Ask for every cost that is not known under this set; True if there is news."""
        limit, before = CHECKED * self.total(chosen), self.total(chosen)
        unknown = [item for item in self.items if item.weight * self.costs.open(item, chosen) > limit]
        self.ask(unknown, chosen)
        return self.total(chosen) < before - limit

    def ask(self, items: Sequence[Item], chosen: int) -> None:
        """Ask for what these queries cost with a set, as far as that is not known."""
        for _cost in self.each(lambda item: self.costs.exact(item, chosen), items):
            pass

    def _thrifty(self, chosen: int) -> int:
        """Without indexes that nobody would miss: those that help no statement noticeably, and the least useful."""
        model = self.model()
        left, least = THRIFT * model.total(chosen), LEAST_SHARE * model.total(0)
        state = State(model, chosen)
        losses = Losses(state, by_gain, chosen)
        while (number := losses.least()) is not None:
            loss = losses.forgone(number)
            if loss > left and (loss > least or self._helps(model, state.chosen, number)):
                break
            left -= max(loss, 0.0) if loss <= left else 0.0
            losses.take(number)
        return state.chosen

    @staticmethod
    def _helps(model: Model, chosen: int, number: int) -> bool:
        """True if the index saves some query a tenth of its cost."""
        less = chosen & ~(1 << number)
        return any(
            model.cost(query, chosen) < model.cost(query, less) * (1 - LEAST_HELP) for query in model.queries((number,))
        )

    def within_guard(self, chosen: int) -> int:
        """The set without what makes a query dearer than allowed: planners round, and may choose a dearer plan."""
        for item in self.items:
            limit = self.limits.worst * self.costs.base(item)
            while self.costs.exact(item, chosen) > limit and (used := self.costs.used(item, chosen)):
                chosen &= ~used
        return chosen

    def bound(self, chosen: int) -> dict[int, float]:
        """Each query's cost if every candidate were there, by item; asked again where the chosen set did better."""
        found = {}
        for item in self.items:
            known = min(each.cost for each in self.costs.known[item.number])
            found[item.number] = min(known, self.costs.upper(item, chosen))
        return found


def undominated(known: Sequence[Known]) -> list[Known]:
    """Without plans that use all of a cheaper one's indexes and more."""
    kept: list[Known] = []
    for each in known:
        if not any(not other.used & ~each.used for other in kept):
            kept.append(each)
    return kept
