"""What is known of each query's cost under sets of candidates, and the planner for what is not.

If a query's plan with the set A available uses U, then its plan under every S with U <= S <= A is the same: the planner
could have had it under A and found nothing better, and S lacks nothing of it. So every plan says something about many
sets, and between the cheapest known plan that fits into S and the dearest known set around S lies the truth.
"""

from bisect import insort
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from operator import attrgetter

from pgtune.indexes import skipscan
from pgtune.indexes.pool import Item, Pool, bits
from pgtune.model.design import Design, Query
from pgtune.model.errors import NotPlannable
from pgtune.plans.plan import Plan

SAME = 1e-6  # costs nearer than this are one
STRANGE = 1e-3  # a plan that uses no candidate and yet is so much cheaper: something else than use changed it

Planner = Callable[[Query, Design], Plan]


@dataclass(frozen=True, slots=True)
class Known:
    """A plan: with `available` it uses `used` and costs `cost`. `others` are the existing indexes that it uses."""

    available: int
    used: int
    cost: float
    others: frozenset[str] = frozenset()
    plan: Plan | None = field(default=None, compare=False, repr=False)


@dataclass(slots=True)
class Costs:
    """Asks the planner as seldom as possible. What is known is kept by query, so that several may be asked at once.

    `too_clever`: the planner skips over leading keys of an index and the target's does not. `before`: how often the
    planner was asked until now.
    """

    plan: Planner
    pool: Pool
    too_clever: bool = False
    before: int = 0
    known: dict[int, list[Known]] = field(default_factory=dict)
    _asked: dict[tuple[int, int], float] = field(default_factory=dict)
    _calls: Counter[int] = field(default_factory=Counter)

    @property
    def calls(self) -> int:
        """How often the planner was asked."""
        return self.before + self._calls.total()

    def start(self, item: Item, plan: Plan) -> None:
        """Take the query's plan without any candidate."""
        self.known[item.number] = [Known(0, 0, plan.cost, plan.indexes, plan)]
        self._asked[item.number, 0] = plan.cost

    def base(self, item: Item) -> float:
        """The cost without any candidate."""
        return self._asked[item.number, 0]

    def upper(self, item: Item, mask: int) -> float:
        """The cost is at most this."""
        mask &= item.relevant
        asked = self._asked.get((item.number, mask))
        if asked is not None:
            return asked
        return next(each.cost for each in self.known[item.number] if not each.used & ~mask)

    def lower(self, item: Item, mask: int) -> float:
        """The cost is at least this."""
        mask &= item.relevant
        return max((each.cost for each in self.known[item.number] if not mask & ~each.available), default=0.0)

    def open(self, item: Item, mask: int) -> float:
        """How far apart the bounds are; 0: the cost is known."""
        mask &= item.relevant
        if (item.number, mask) in self._asked:
            return 0.0
        gap = self.upper(item, mask) - self.lower(item, mask)
        return gap if gap > SAME * self.base(item) else 0.0

    def exact(self, item: Item, mask: int) -> float:
        """The cost, planned if need be."""
        mask &= item.relevant
        return self.ask(item, mask).cost if self.open(item, mask) else self.upper(item, mask)

    def ask(self, item: Item, mask: int) -> Known:
        """Plan the query with these candidates. One that cannot be planned with them stays as it is without."""
        mask &= item.relevant
        if (item.number, mask) in self._asked:
            return self.best(item, mask)
        offered = mask
        while True:
            try:
                plan = self.planned(item, Design(self.pool.indexes(offered), item.hidden))
            except NotPlannable:
                refused = self._refused(item, offered)
                if not refused:
                    return self._note(item, replace(self.best(item, 0), available=mask))
                self.pool.refuse(refused)
                offered &= ~refused
                continue
            skipped = skipscan.candidates(plan, self.pool.indexes(offered)) if self.too_clever else ()
            if not skipped:
                break
            offered &= ~self.pool.named(index.name for index in skipped)
        used = self.pool.named(plan.indexes) & offered
        if not used and plan.cost < self.base(item) * (1 - STRANGE):
            used = mask
        return self._note(item, Known(mask, used, plan.cost, self.pool.others(plan.indexes), plan))

    def planned(self, item: Item, design: Design) -> Plan:
        """The plan of the query under a design, whatever is known.

        Raises:
            NotPlannable: as the planner says.
        """
        self._calls[item.number] += 1
        return self.plan(item.query, design)

    def _refused(self, item: Item, mask: int) -> int:
        """Those that cannot be built here (an operator class or an immutable function is missing), tried one by one."""
        found = 0
        for number in bits(mask):
            try:
                self.planned(item, Design(self.pool.indexes(1 << number), item.hidden))
            except NotPlannable:
                found |= 1 << number
        return found

    def _note(self, item: Item, known: Known) -> Known:
        insort(self.known[item.number], known, key=attrgetter("cost"))
        self._asked[item.number, known.available] = known.cost
        return known

    def best(self, item: Item, mask: int) -> Known:
        """The cheapest known plan that this set allows."""
        mask &= item.relevant
        return next(each for each in self.known[item.number] if not each.used & ~mask)

    def used(self, item: Item, mask: int) -> int:
        """What the query uses of this set, by what is known."""
        return self.best(item, mask).used
