"""Two queries planned at once: the same plans, the same advice, and nothing of it left behind."""

import os
import signal
import threading
from collections.abc import Iterable
from dataclasses import replace

import psycopg
import pytest

from pgtune.cluster import find
from pgtune.indexes.advice import Limits
from pgtune.indexes.advise import advise
from pgtune.model.design import Design, Index, Key, Name, Query
from pgtune.model.errors import NotPlannable
from pgtune.twin import raised, second, two_at_once
from tests.db.indexes.conftest import workload
from tests.db.indexes.test_same_answer import TEXTS

ORDERS = Name("public", "orders")
BY_CUSTOMER = Index(ORDERS, (Key("customer_id"),))
BY_STATUS = Index(ORDERS, (Key("status"), Key("created_at")))
IMPOSSIBLE = Index(ORDERS, (Key("note", opclass="no_such_ops"),))
ASKED = Query("select * from orders where customer_id = 7 and status = 'paid'", None)


@pytest.fixture(autouse=True)
def processors(monkeypatch) -> None:
    """A machine with two processors, where a second database pays from the start."""
    monkeypatch.setattr(second, "ENOUGH", 0.0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1}, raising=False)


def _databases(twin) -> list[str]:
    rows = twin.parts.schemes.superuser.execute("select datname from pg_database order by 1").fetchall()
    return [name for (name,) in rows]


def _planning() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name.startswith(second.THREAD)]


@pytest.mark.parametrize("major", [14, 15, 16, 17, 18])
def test_the_copy_plans_as_the_first_does(snapshot, major) -> None:
    """Whatever is shown in one of them, the other has its own designs, with the same costs to the last digit."""
    designs = [Design(frozenset(each)) for each in ((), (BY_CUSTOMER,), (BY_STATUS,), (BY_CUSTOMER, BY_STATUS))]
    with raised(snapshot, binaries=find(major)) as twin:
        twin.prepare(BY_CUSTOMER, BY_STATUS)
        copy = second.copied(twin)
        try:
            for one, other in zip(designs, reversed(designs), strict=True):
                first, there = twin.plan(ASKED, one), copy.plan(ASKED, other)
                assert there == twin.plan(ASKED, other)
                assert first == copy.plan(ASKED, one)
            assert len({copy.plan(ASKED, each).cost for each in designs}) == 3  # one index adds nothing to the other
            settings = replace(designs[1], settings=(("enable_bitmapscan", "off"), ("enable_indexscan", "off")))
            assert copy.plan(ASKED, settings) == twin.plan(ASKED, settings) != twin.plan(ASKED, designs[1])
        finally:
            copy.close()
        assert _databases(twin) == ["postgres", "template0", "template1", "twin"]


def test_the_same_advice(snapshot, twin) -> None:
    """By one thread or by two, who really plan at the same time: not a digit differs, the number of calls neither."""
    both = threading.Barrier(2, timeout=60)
    asked = workload(*TEXTS)
    alone = advise(snapshot, asked, twin.plan, twin.size_of, Limits(12 << 20), prepare=lambda each: twin.prepare(*each))
    with two_at_once(twin) as side:
        assert [*side.each(lambda _: both.wait() >= 0, [1, 2])] == [True, True]
        together = advise(
            snapshot, asked, side.plan, twin.size_of, Limits(12 << 20), prepare=side.prepare, each=side.each
        )
        assert "second" in _databases(twin)
    assert together == alone
    assert "second" not in _databases(twin)


def test_one_processor_plans_alone(twin, monkeypatch) -> None:
    """No copy is made where nobody could plan on it at the same time."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0}, raising=False)
    with two_at_once(twin) as side:
        assert [*side.each(lambda each: (each, threading.current_thread()), [3, 1])] == [
            (3, threading.main_thread()), (1, threading.main_thread()),
        ]  # fmt: skip
        assert "second" not in _databases(twin)


def test_little_to_plan_is_planned_alone(twin, monkeypatch) -> None:
    """A copy is only made after so much planning that it pays."""
    monkeypatch.setattr(second, "ENOUGH", 3600.0)
    with two_at_once(twin) as side:
        plans = [*side.each(lambda query: side.plan(query, Design()), [ASKED] * 3)]
        assert plans == [twin.plan(ASKED)] * 3
        assert "second" not in _databases(twin)


def test_what_is_to_be_expected_counts(twin, monkeypatch) -> None:
    """A copy is made before so much was planned, where the things that are left will take as much."""
    spent, copied = [], second.copied

    def noted(of):
        spent.append(side.spent)
        return copied(of)

    monkeypatch.setattr(second, "ENOUGH", 1.0)
    monkeypatch.setattr(second, "SEEN", 0.0)
    monkeypatch.setattr(second, "copied", noted)
    plan = twin.plan(ASKED)
    with two_at_once(twin) as side:
        answers = side.each(lambda query: side.plan(query, Design()), [ASKED] * 5_000)
        assert next(answers) == next(answers) == plan
        answers.close()
    assert len(spent) == 1
    assert 0 < spent[0] < second.ENOUGH


def test_an_error_ends_both(twin) -> None:
    """What is raised in one thread is raised here, and no thread goes on planning."""

    def work(number: int) -> int:
        if number == 3:
            raise KeyboardInterrupt
        return len(side.plan(ASKED, Design()).indexes)

    with pytest.raises(KeyboardInterrupt), two_at_once(twin) as side:
        [*side.each(work, range(100))]
    assert _planning() == []
    assert "second" not in _databases(twin)


def test_an_error_between_two_answers_ends_both(twin) -> None:
    """Who takes the answers may fail as well: no thread is left."""

    def take(answers: Iterable[object]) -> None:
        for _answer in answers:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), two_at_once(twin) as side:
        take(side.each(lambda query: side.plan(query, Design()), [ASKED] * 1000))
    assert _planning() == []
    assert "second" not in _databases(twin)


def test_what_the_copy_lacks_the_first_plans(twin) -> None:
    """An index that was made later, one that cannot be made, a dropped index: the first is asked, and says the same."""
    later = Index(ORDERS, (Key("total"), Key("status")))
    copy = second.copied(twin)
    try:
        assert copy.plan(ASKED, Design(frozenset({later}))) is None
        assert copy.plan(ASKED, Design(dropped=frozenset({Name("public", "orders_pkey")}))) is None
        assert copy.plan(Query("select no_such_column from orders", None), Design()) is None
        assert copy.plan(ASKED, Design()) == twin.plan(ASKED)
    finally:
        copy.close()
    assert twin.prepare(BY_CUSTOMER, IMPOSSIBLE) == [IMPOSSIBLE]


def test_the_server_falls(snapshot) -> None:
    """A backend is killed, and the server falls: the twin stands up again, and the copy is no more."""
    with raised(snapshot) as twin, two_at_once(twin) as side:
        before = [*side.each(lambda query: side.plan(query, Design()), [ASKED] * 4)]
        os.kill(twin.parts.schemes.superuser.info.backend_pid, signal.SIGKILL)
        with pytest.raises(NotPlannable):
            twin.plan(ASKED, Design(frozenset({BY_CUSTOMER})))
        assert side.second is not None
        assert side.second.plan(ASKED, Design(frozenset())) is None
        assert [*side.each(lambda query: side.plan(query, Design()), [ASKED] * 4)] == before
        assert _databases(twin) == ["postgres", "template0", "template1", "twin"]


def test_no_such_copy(twin, monkeypatch) -> None:
    """Where the copy cannot be made everything is planned on the first."""

    def fails(_twin) -> None:
        raise psycopg.OperationalError("no room")

    monkeypatch.setattr(second, "copied", fails)
    with two_at_once(twin) as side:
        assert [*side.each(lambda query: side.plan(query, Design()), [ASKED] * 2)] == [twin.plan(ASKED)] * 2
