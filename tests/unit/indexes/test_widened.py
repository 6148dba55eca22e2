"""An index gets one key more for a query that threw away what it looked up; a fake stands for the server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

import pytest

from pgtune.indexes.facts import Facts
from pgtune.indexes.timing import Timing, Trial
from pgtune.indexes.widened import Widening, wider
from pgtune.model.design import Index, Key, Name
from pgtune.plans.plan import Node, Plan
from pgtune.snapshot import Snapshot
from pgtune.snapshot.snapshot import Column, ColumnStats, Table

SALES = Name("public", "sales")
BY_ITEM = Index(SALES, (Key("item"),))
BY_ITEM_AND_CUSTOMER = Index(SALES, (Key("item"), Key("customer")))
CUSTOMER = "(sales.customer = returns.customer)"


def facts() -> Facts:
    distinct = {"item": 9_000.0, "customer": 50_000.0, "shop": 6.0, "place": 100.0}
    columns = tuple(
        Column(
            number,
            name,
            "point" if name == "place" else "integer",
            stats=(ColumnStats(inherited=False, null_frac=0.0, avg_width=4, n_distinct=count),),
        )
        for number, (name, count) in enumerate(distinct.items(), 1)
    )
    sales = Table(SALES, "r", columns, pages=20_000, rows=700_000)
    return Facts(Snapshot(180000, "18", "2026-10-22", "app", tables=(sales,)))


def lookup(
    condition: str, index: Index = BY_ITEM, *, removed: float = 102, kept: float = 0.1, loops: int = 15_000,
    kind: str = "Index Scan",
) -> Node:  # fmt: skip
    detail = {"Actual Rows": kept, "Actual Loops": loops, "Rows Removed by Filter": removed}
    name = None if kind == "Bitmap Heap Scan" else index.name
    below = (Node("Bitmap Index Scan", 0, 1, 100, 0, index=index.name),) if name is None else ()
    filtered = {"Filter": condition}
    return Node(kind, 0, 2, 1, 8, SALES, "sales", name, filtered, detail, below)


def plan(*lookups: Node) -> Plan:
    outer = Node("Seq Scan", 0, 100, 500, 8, Name("public", "returns"), "returns")
    return Plan(Node("Nested Loop", 0, 900, 1, 8, children=(outer, *lookups)))


def found(*lookups: Node, own: Sequence[Index] = (BY_ITEM,)) -> list[tuple[Index, Index]]:
    return wider(plan(*lookups), {index.name: index for index in own}, facts())


def test_the_column_that_the_filter_compares_becomes_a_key():
    assert found(lookup(CUSTOMER)) == [(BY_ITEM, BY_ITEM_AND_CUSTOMER)]
    assert found(lookup("(sales.customer = 7)")) == [(BY_ITEM, BY_ITEM_AND_CUSTOMER)]


def test_it_may_be_looked_up_by_a_bitmap():
    assert found(lookup(CUSTOMER, kind="Bitmap Heap Scan")) == [(BY_ITEM, BY_ITEM_AND_CUSTOMER)]


def test_of_several_columns_it_is_that_with_most_different_values():
    assert found(lookup(f"((sales.shop = 3) AND {CUSTOMER})")) == [(BY_ITEM, BY_ITEM_AND_CUSTOMER)]


@pytest.mark.parametrize("condition", [
    "(sales.customer > returns.customer)", f"({CUSTOMER} OR (sales.shop = 3))", "(NOT (sales.customer = 7))",
    "(returns.customer = 7)", "(sales.item = 7)", "(sales.place = returns.place)",
])  # fmt: skip
def test_nothing_else_becomes_one(condition: str):
    """No range, nothing below an OR or a NOT, of no other table, no key it has, and what no B-tree can hold."""
    assert found(lookup(condition)) == []


def test_only_where_more_is_thrown_away_than_kept():
    assert found(lookup(CUSTOMER, removed=10, kept=10)) == []


def test_only_new_b_trees():
    hashed = Index(SALES, (Key("item"),), "hash")
    assert found(lookup(CUSTOMER), own=()) == []
    assert found(lookup(CUSTOMER, hashed), own=[hashed]) == []


def test_what_fetched_most_for_nothing_is_the_first():
    """All lookups count, also those of one index in several places."""
    by_shop = Index(SALES, (Key("shop"),))
    few, many = lookup(CUSTOMER, by_shop, loops=10_000), lookup(CUSTOMER, loops=6_000)
    assert [narrow for narrow, _wide in found(few, many, own=[BY_ITEM, by_shop])] == [by_shop, BY_ITEM]
    assert [narrow for narrow, _wide in found(few, many, many, own=[BY_ITEM, by_shop])] == [BY_ITEM, by_shop]


def test_the_rest_of_the_index_stays():
    """A column that becomes a key need not be carried along any more."""
    narrow = Index(SALES, (Key("item"),), include=("customer", "place"), where="shop = 3")
    ((_narrow, wide),) = found(lookup(CUSTOMER, narrow), own=[narrow])
    assert wide == Index(SALES, (Key("item"), Key("customer")), include=("place",), where="shop = 3")


@dataclass(frozen=True)
class Ran:
    ms: float
    indexes: frozenset[str]


NARROW, WIDE = BY_ITEM.name, BY_ITEM_AND_CUSTOMER.name
NONE = ""
Plans = Mapping[str, Mapping[str, float]]


@dataclass
class Server:
    """By query its milliseconds with each index, the planner's choice first. `size` None: nothing can be built."""

    plans: Plans
    size: int | None = 20
    there: set[str] = field(default_factory=lambda: {NARROW})
    told: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def plan(self, key: str, without: frozenset[str]) -> str:
        return next(name for name in self.plans[key] if not name or name in self.there - without)

    def run(self, key: str, without: frozenset[str], most: float = inf) -> Ran:
        self.asked.append(key)
        used = self.plan(key, without)
        return Ran(min(self.plans[key][used], most + 1), frozenset({used} - {NONE}))

    def analyzed(self, _key: str) -> Plan | None:
        return plan(lookup(CUSTOMER))

    def build(self, index: Index) -> int | None:
        self.told.append(f"build {index.name}")
        self.there |= {index.name} if self.size else set()
        return self.size

    def drop(self, index: Index) -> None:
        self.told.append(f"drop {index.name}")
        self.there.remove(index.name)


def widening(plans: Plans, size: int | None = 20, budget: int | None = None) -> Widening[Ran]:
    server = Server(plans, size)
    trials = {key: Trial(1.0, times[NONE]) for key, times in plans.items()}
    now = {key: server.run(key, frozenset()) for key in plans}
    server.asked.clear()
    timing = Timing(frozenset({NARROW}), trials, now, server.plan, server.run)
    return Widening(timing, facts(), server, {NARROW: BY_ITEM}, {NARROW: 10, "other": 100}, budget)


SLOW = {WIDE: 10.0, NARROW: 200.0, NONE: 100.0}
GOOD = {WIDE: 11.0, NARROW: 10.0, NONE: 500.0}


def server_of(each: Widening[Ran]) -> Server:
    assert isinstance(each.copy, Server)
    return each.copy


def unchanged(each: Widening[Ran]) -> bool:
    """What was built is gone again, and all is known as before."""
    kept = each.timing.indexes == {NARROW} == server_of(each).there and each.indexes == {NARROW: BY_ITEM}
    return kept and not each.found and each.sizes == {NARROW: 10, "other": 100}


def test_the_wider_index_takes_the_place():
    """It alone is left, the query is fast, and what the others take with it is known."""
    each = widening({"slow": SLOW, "good": GOOD})
    (one,) = each.run()
    assert (one.index, one.instead, one.query) == (BY_ITEM_AND_CUSTOMER, BY_ITEM, "slow")
    assert (one.before, one.after, one.then, one.others) == (100, 200, 10, pytest.approx(1 / 210))
    assert server_of(each).told == [f"build {WIDE}", f"drop {NARROW}"]
    assert (each.timing.indexes, each.indexes) == ({WIDE}, {WIDE: BY_ITEM_AND_CUSTOMER})
    assert each.sizes == {WIDE: 20, "other": 100}
    assert {key: ran.ms for key, ran in each.timing.now.items()} == {"slow": 10, "good": 11}


def test_one_index_may_help_several():
    """The second is not slow any more when its turn comes, so nothing is built for it."""
    each = widening({"slow": SLOW, "too": SLOW})
    assert len(each.run()) == 1
    assert server_of(each).told == [f"build {WIDE}", f"drop {NARROW}"]


@pytest.mark.parametrize("plans", [
    {"slow": SLOW | {WIDE: 150.0}},
    {"slow": SLOW, "spoiled": {WIDE: 150.0, NARROW: 50.0, NONE: 100.0}},
    {"slow": SLOW, "longer": {WIDE: 400.0, NARROW: 10.0, NONE: 500.0}},
])  # fmt: skip
def test_it_is_not_taken_where_that_is_no_good(plans: Plans):
    """The query stays slow, another gets slower than without any, or all together take longer."""
    each = widening(plans)
    assert each.run() == []
    assert server_of(each).told == [f"build {WIDE}", f"drop {WIDE}"]
    assert unchanged(each)


@pytest.mark.parametrize(("size", "taken"), [(20, True), (21, False)])
def test_it_keeps_to_the_budget(size: int, *, taken: bool):
    """By true sizes, and that of the narrower one is free for it; where it does not, nothing is run with it."""
    each = widening({"slow": SLOW}, size, budget=120)
    assert bool(each.run()) == taken
    assert taken or unchanged(each)
    assert (server_of(each).asked.count("slow") > 6) == taken  # six runs show that it is slow


def test_what_cannot_be_built_is_not_taken():
    each = widening({"slow": SLOW}, None)
    assert each.run() == []
    assert server_of(each).told == [f"build {WIDE}"]
    assert unchanged(each)


def test_nothing_is_built_for_queries_that_are_not_slow():
    each = widening({"good": GOOD})
    assert each.run() == []
    assert server_of(each).told == []


def test_nothing_is_built_where_no_plan_is_known(monkeypatch: pytest.MonkeyPatch):
    """As of a query that was cut off."""
    monkeypatch.setattr(Server, "analyzed", lambda _self, _key: None)
    each = widening({"slow": SLOW})
    assert each.run() == []
    assert server_of(each).told == []
