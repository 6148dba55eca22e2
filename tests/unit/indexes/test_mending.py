"""What is given up leaves room for other indexes, which are measured before they are kept; a fake is the server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

import pytest

from pgtune.indexes.facts import Facts
from pgtune.indexes.mending import Mending
from pgtune.indexes.timing import Timing, Trial
from pgtune.indexes.tried import Trying
from pgtune.model.design import Index, Key, Name
from pgtune.model.errors import Refused
from pgtune.plans.plan import Plan
from pgtune.snapshot import Snapshot

TABLE = Name("public", "t")
X, Y, Z = (Index(TABLE, (Key(column),)) for column in "xyz")
NAMES = {"x": X.name, "y": Y.name, "z": Z.name}


@dataclass(frozen=True)
class Ran:
    ms: float
    indexes: frozenset[str]


@dataclass
class Server:
    """`plans` of each query, the planner's choice first: the index it uses, and what it really takes."""

    plans: Mapping[str, Sequence[tuple[str, float]]]
    there: set[str] = field(default_factory=lambda: {X.name, Y.name})
    told: list[str] = field(default_factory=list)
    refusing: str = ""

    def plan(self, key: str, without: frozenset[str]) -> tuple[str, float]:
        names = self.there - without
        return next((used, ms) for used, ms in self.plans[key] if not used or NAMES[used] in names)

    def run(self, key: str, without: frozenset[str], most: float = inf) -> Ran:
        used, ms = self.plan(key, without)
        if used and NAMES[used] == self.refusing:
            raise Refused("it takes too long")
        return Ran(min(ms, most + 1), frozenset({NAMES[used]} if used else ()))

    def analyzed(self, _key: str) -> Plan | None:
        return None

    def build(self, index: Index) -> int | None:
        self.told.append(f"build {index.keys[0].column}")
        self.there.add(index.name)
        return 10

    def drop(self, index: Index) -> None:
        self.told.append(f"drop {index.keys[0].column}")
        self.there.remove(index.name)


@dataclass
class Site:
    """What is there, and what is advised in place of what is given up."""

    plans: Mapping[str, Sequence[tuple[str, float]]]
    proposed: Sequence[Index] = (Z,)
    budget: int | None = 20
    most: int | None = None
    barred: list[frozenset[Index]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = Server(self.plans)
        own = frozenset({X.name, Y.name})
        trials = {key: Trial(1.0, self.server.run(key, own).ms) for key in self.plans}
        now = {key: self.server.run(key, frozenset()) for key in self.plans}
        self.timing = Timing(own, trials, now, self.server.plan, self.server.run)
        self.trying = Trying(
            self.timing, self.server, {X.name: X, Y.name: Y}, {X.name: 10, Y.name: 10}, self.budget, self.most
        )

    def mending(self) -> Mending[Ran]:
        def further(barred: frozenset[Index]) -> Sequence[Index]:
            self.barred.append(barred)
            return self.proposed

        return Mending(self.trying, Facts(Snapshot(180000, "18", "2026-11-30", "app")), further)

    @property
    def times(self) -> Mapping[str, float]:
        return {key: ran.ms for key, ran in self.timing.now.items()}


GOOD = [("y", 10.0), ("", 1000.0)]  # what makes the workload gain, whatever becomes of x
BAD = [("x", 200.0), ("", 100.0)]
FAIR = [("x", 50.0), ("z", 60.0), ("", 150.0)]


def test_the_room_is_filled():
    """Without x a query takes longer than with it, and less with what is advised then."""
    site = Site({"good": GOOD, "bad": BAD, "fair": FAIR})
    mending = site.mending()
    mending.run()
    assert site.barred == [frozenset({X})]
    assert site.server.told == ["build z"]
    assert [each.index for each in mending.filled] == [Z]
    assert mending.filled[0].gain == pytest.approx(90 / 260)
    assert site.trying.left == [Y, Z]
    assert site.trying.size == 20
    assert site.times == {"good": 10, "bad": 100, "fair": 60}


@pytest.mark.parametrize("fair", [
    [("x", 50.0), ("", 150.0)],
    [("x", 50.0), ("z", 170.0), ("", 150.0)],
    [("x", 50.0), ("z", 160.0), ("", 150.0)],
])  # fmt: skip
def test_nothing_is_kept_that_is_no_good(fair: Sequence[tuple[str, float]]):
    """No plan uses it, the query is slower with it than without any, or all take longer."""
    site = Site({"good": GOOD, "bad": BAD, "fair": fair})
    mending = site.mending()
    mending.run()
    assert site.server.told == ["build z", "drop z"]
    assert not mending.filled
    assert site.trying.left == [Y]
    assert site.times == {"good": 10, "bad": 100, "fair": 150}


@pytest.mark.parametrize("limits", [{"budget": 19}, {"most": 1}])
def test_it_keeps_to_the_limits(limits: Mapping[str, int]):
    """Of bytes and of indexes."""
    site = Site({"good": GOOD, "bad": BAD, "fair": FAIR}, **limits)
    site.mending().run()
    assert site.server.told == ["build z", "drop z"]
    assert site.trying.left == [Y]


def test_what_is_there_is_not_built_again():
    """What was given up neither, should it be proposed."""
    site = Site({"good": GOOD, "bad": BAD, "fair": FAIR}, proposed=(Y, X))
    site.mending().run()
    assert site.server.told == []


def test_where_nothing_is_given_up_nothing_is_asked():
    site = Site({"good": GOOD, "fair": FAIR})
    site.mending().run()
    assert site.barred == []


RICH = [("x", 10.0), ("z", 20.0), ("", 410.0)]  # what it gains with x is more than a quarter of all


def test_a_query_is_freed_if_what_is_lost_is_made_up_for():
    """x is worth too much for it, and next to nothing where z stands in for it."""
    site = Site({"good": [*GOOD[:1], ("", 800.0)], "bad": BAD, "rich": RICH})
    mending = site.mending()
    mending.run()
    assert [(each.indexes, each.kept) for each in mending.slowed] == [((X.name,), False)]
    assert [each.index for each in mending.filled] == [Z]
    assert site.times == {"good": 10, "bad": 100, "rich": 20}


def test_nothing_is_tried_where_far_too_much_is_lost():
    """More than could be made up for: nothing is asked, nothing built."""
    site = Site({"good": [*GOOD[:1], ("", 200.0)], "bad": BAD, "rich": RICH})
    mending = site.mending()
    mending.run()
    assert [each.kept for each in mending.slowed] == [True]
    assert site.barred == site.server.told == []


@pytest.mark.parametrize("refusing", ["", Z.name])
def test_else_all_is_as_before(refusing: str):
    """The query stays slow and is told of; so it is if time is up while z is tried."""
    site = Site({"good": [*GOOD[:1], ("", 800.0)], "bad": BAD, "rich": [("x", 10.0), ("z", 390.0), ("", 410.0)]})
    mending = site.mending()
    site.server.refusing = refusing
    if refusing:
        with pytest.raises(Refused):
            mending.run()
    else:
        mending.run()
    assert site.server.told == ["build z", "drop z"]
    assert site.timing.indexes == {X.name, Y.name}
    assert site.trying.left == [X, Y]
    assert [each.kept for each in mending.slowed] == [True]
    assert not mending.filled
    assert site.trying.gone == frozenset()
    assert site.times == {"good": 10, "bad": 200, "rich": 10}
