"""An index gets one key more for a query that threw away what it looked up; a fake stands for the server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

import pytest

from pgtune.indexes.facts import Facts
from pgtune.indexes.timing import Timing, Trial
from pgtune.indexes.tried import Trying
from pgtune.indexes.widened import Widening, wider
from pgtune.model.design import Index, Key, Name
from pgtune.plans.plan import Node, Plan
from pgtune.snapshot import Snapshot
from pgtune.snapshot.snapshot import Column, ColumnStats, Table

SALES = Name("public", "sales")
BY_ITEM = Index(SALES, (Key("item"),))
OTHER, MORE = Index(SALES, (Key("shop"),)), Index(SALES, (Key("place"),))
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
    there: set[str] = field(default_factory=lambda: {NARROW, OTHER.name, MORE.name})
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


def widening(plans: Plans, size: int | None = 20, budget: int | None = None, needed: Index = OTHER) -> Widening[Ran]:
    server = Server(plans, size)
    trials = {key: Trial(1.0, times[NONE]) for key, times in plans.items()}
    now = {key: server.run(key, frozenset()) for key in plans}
    server.asked.clear()
    indexes = {index.name: index for index in (BY_ITEM, OTHER, MORE)}
    timing = Timing(frozenset(indexes), trials, now, server.plan, server.run)
    trying = Trying(timing, server, indexes, {**SIZES}, budget, needed=frozenset({needed.name}))
    return Widening(trying, facts())


SIZES = {NARROW: 10, OTHER.name: 100, MORE.name: 5}
SLOW = {WIDE: 10.0, NARROW: 200.0, NONE: 100.0}
GOOD = {WIDE: 11.0, NARROW: 10.0, NONE: 500.0}


def server_of(each: Widening[Ran]) -> Server:
    assert isinstance(each.trying.copy, Server)
    return each.trying.copy


def unchanged(each: Widening[Ran]) -> bool:
    """What was built is gone again, and all is known as before."""
    trying = each.trying
    there = trying.timing.indexes == {NARROW, OTHER.name, MORE.name} == server_of(each).there
    return there and trying.left == [BY_ITEM, OTHER, MORE] and not each.found and trying.sizes == SIZES


def test_the_wider_index_takes_the_place():
    """It alone is left, the query is fast, and what the others take with it is known."""
    each = widening({"slow": SLOW, "good": GOOD})
    (one,) = each.run()
    assert (one.index, one.instead, one.room, one.query) == (BY_ITEM_AND_CUSTOMER, BY_ITEM, (), "slow")
    assert (one.before, one.after, one.then, one.others) == (100, 200, 10, pytest.approx(1 / 210))
    assert server_of(each).told == [f"build {WIDE}", f"drop {NARROW}"]
    timing, left = each.trying.timing, each.trying.left
    assert (timing.indexes, left) == ({WIDE, OTHER.name, MORE.name}, [OTHER, MORE, BY_ITEM_AND_CUSTOMER])
    assert each.trying.sizes == {WIDE: 20, OTHER.name: 100, MORE.name: 5}
    assert {key: ran.ms for key, ran in timing.now.items()} == {"slow": 10, "good": 11}


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


@pytest.mark.parametrize(("size", "taken"), [(20, True), (25, True), (26, False)])
def test_it_keeps_to_the_budget(size: int, *, taken: bool):
    """By true sizes, and what gains nothing makes room for it, as the narrower one does; nothing is run if it cannot.

    The biggest of them stays: queries that are not run need it.
    """
    each = widening({"slow": SLOW}, size, budget=125)
    assert bool(each.run()) == taken
    assert (MORE in each.trying.left) == (size != 25)
    assert taken or unchanged(each)
    assert (server_of(each).asked.count("slow") > 6) == taken  # six runs show that it is slow


LITTLE = {OTHER.name: 90.0, NONE: 100.0}


def test_what_gains_least_for_its_size_makes_room():
    """The big one gains more than the small one, which is not dropped: with what the big one takes there is room."""
    each = widening({"slow": SLOW, "little": LITTLE, "none": {MORE.name: 99.9, NONE: 100.0}}, 30, 40, BY_ITEM)
    (one,) = each.run()
    assert one.room == (OTHER,)
    assert each.trying.left == [MORE, BY_ITEM_AND_CUSTOMER]
    assert one.others == pytest.approx(10 / (200 + 90 + 99.9))


def test_nothing_makes_room_that_gains_more():
    """Than the slow query and all others do with the wider one."""
    each = widening({"slow": SLOW, "much": LITTLE | {OTHER.name: 10.0, NONE: 1000.0}}, 30, 40)
    each.trying.needed = frozenset()
    assert each.run() == []
    assert unchanged(each)


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
