"""Somebody is in the way of a concurrent rebuild: named, waited for by the patience, and nothing is left behind."""

import time

import pytest

from pgtune.maintenance.work import Kind, Outcome
from tests.chaos.runs import PATIENCE, Site, beside, by_kind, wait_for

BLOCKERS = {
    "a writer": ["update orders set note = 'y' where id = 1"],
    "an idle reader": ["select 1 from orders limit 1"],
    "an old snapshot elsewhere": ["set transaction isolation level repeatable read", "select 1 from customers limit 1"],
}
DROPPING = "select 1 from pg_stat_activity where query like 'DROP INDEX CONC%' and state = 'active'"


def test_a_rebuild_that_nobody_hinders_is_done(site: Site) -> None:
    """The index has another file, its size is known before and after, nothing invalid is left."""
    before = site.file("orders_customer")
    worked = site.run(site.reindex("orders_customer"))
    assert [r.outcome for r in worked.results] == [Outcome.DONE], worked
    assert site.file("orders_customer") != before
    assert worked.results[0].bytes_after
    assert site.invalid() == []


@pytest.mark.parametrize("who", BLOCKERS)
def test_who_is_there_before_is_named_and_nothing_is_begun(site: Site, who: str) -> None:
    """A transaction that stays open stops the rebuild before it makes anything; its process is named."""
    before = site.file("orders_customer")
    with site.held(*BLOCKERS[who]) as blocker:
        worked = site.run(site.reindex("orders_customer"))
        assert [r.outcome for r in worked.results] == [Outcome.BLOCKED]
        assert worked.results[0].blocked_by[0].name == str(blocker.info.backend_pid)
        assert worked.results[0].blocked_by[0].age
        assert site.invalid() == []
    assert site.file("orders_customer") == before


def test_who_leaves_in_time_does_not_stop_it(site: Site) -> None:
    """A transaction that ends between two attempts costs an attempt, not the work."""
    with site.held(*BLOCKERS["a writer"]) as blocker:

        def leave() -> None:
            time.sleep(2 * PATIENCE)
            blocker.rollback()

        with beside(leave):
            assert site.outcomes(site.reindex("orders_customer")) == [Outcome.DONE]
    assert site.invalid() == []


def test_a_writer_who_comes_during_the_build_is_waited_for_no_longer_than_it_took(site: Site) -> None:
    """The build is given up, its index dropped once the writer has left, and the next attempt does it."""
    index = site.slow_index()
    before = site.file(index)
    with site.held() as late:

        def come_and_go() -> None:
            wait_for(site.building)
            late.execute("lock table slow in row exclusive mode")
            wait_for(lambda: site.ask(DROPPING))
            time.sleep(1.5 * PATIENCE)
            late.rollback()

        with beside(come_and_go) as errors:
            worked = site.run(site.reindex(index))
    assert not errors
    assert by_kind(worked.results) == {Kind.REINDEX: Outcome.DONE, Kind.LEFTOVERS: Outcome.DONE}, worked
    assert site.file(index) != before
    assert site.invalid() == []


def test_a_reader_who_comes_during_the_build_cannot_undo_the_swap(site: Site) -> None:
    """The new index is in place: it counts as rebuilt, is not built again, and the old one goes with the reader."""
    index = site.slow_index()
    before = site.ask(f"select '{index}'::regclass::oid")
    with site.held() as late:

        def come_and_go() -> None:
            wait_for(site.building)
            late.execute("lock table slow in access share mode")
            wait_for(lambda: site.ask(DROPPING))
            time.sleep(1.5 * PATIENCE)
            late.rollback()

        with beside(come_and_go) as errors:
            worked = site.run(site.reindex(index))
    assert not errors
    assert by_kind(worked.results)[Kind.REINDEX] is Outcome.DONE_WITH_DEBRIS, worked
    assert len([r for r in worked.results if r.job.kind is Kind.REINDEX]) == 1
    assert site.ask(f"select '{index}'::regclass::oid") != before
    assert site.invalid() == []


def test_debris_that_somebody_protects_to_the_end_is_named(site: Site) -> None:
    """What cannot be dropped is an outcome of its own, and the index before it says what happened to it."""
    index = site.slow_index(0.4)
    with site.held() as late:

        def come() -> None:
            wait_for(site.building)
            late.execute("lock table slow in row exclusive mode")

        with beside(come):
            worked = site.run(site.reindex(index), deadline=time.monotonic() + 2.5)
        found = by_kind(worked.results)
        assert found[Kind.LEFTOVERS] is Outcome.DEBRIS_LEFT, worked
        assert [r.job.target.name for r in worked.results if r.job.kind is Kind.LEFTOVERS] == site.invalid()
    leftover = site.invalid()[0]
    assert site.outcomes(site.job(Kind.LEFTOVERS, leftover)) == [Outcome.DONE]
    assert site.invalid() == []


@pytest.mark.parametrize(
    "statement", ["reindex index orders_customer", "truncate orders", "drop index orders_customer"]
)
def test_an_index_that_is_locked_is_not_waited_for_to_be_looked_at(site: Site, statement: str) -> None:
    """Even its size takes a lock; the run names who holds it and goes on to the index beside it."""
    jobs = [site.reindex("orders_customer"), site.reindex("customers_pkey")]
    with site.held(statement) as blocker:
        began = time.monotonic()
        worked = site.run(*jobs)
        assert time.monotonic() - began < 20
        found = {result.job.target.name: result for result in worked.results}
        assert found["orders_customer"].outcome is Outcome.LOCKED
        assert found["orders_customer"].blocked_by[0].name == str(blocker.info.backend_pid)
    assert site.invalid() == []


def test_queries_of_others_are_told_and_kept_without_their_values(site: Site) -> None:
    """The history outlives whoever asked: a value in it may be a password."""
    with site.held("select 'geheim', * from orders limit 1"):
        (result,) = site.run(site.reindex("orders_customer")).results
    assert result.blocked_by[0].query == "select ?, * from orders limit 1"
