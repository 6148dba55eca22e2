"""What a run allows itself: time, disk, lag, load; and servers that it does not reach itself."""

import time
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from pgtune.maintenance.patience import Limits
from pgtune.maintenance.work import Kind, Needs, Outcome
from pgtune.model.errors import MustNotRunHere
from pgtune.server.maintain import target
from tests.chaos.conftest import OwnSite
from tests.chaos.pooler import pooler
from tests.chaos.runs import PATIENCE, Site, beside, wait_for
from tests.conftest import execute


def test_the_deadline_cancels_what_runs_and_leaves_nothing(site: Site) -> None:
    """The index that overruns is given up and cleaned up after, the next one is not begun."""
    index = site.slow_index(5)
    began = time.monotonic()
    worked = site.run(site.reindex(index), site.vacuum("orders"), deadline=time.monotonic() + 0.8)
    assert [r.outcome for r in worked.results] == [Outcome.CANCELLED_DEADLINE, Outcome.DEFERRED], worked
    assert time.monotonic() - began < 3.5
    assert site.invalid() == []


def test_what_does_not_fit_is_not_begun(site: Site) -> None:
    """An object that took longer than there is time is left for another night, a shorter one is done."""
    long = site.reindex("orders_customer", seconds=99.0, predicted_from="history")
    worked = site.run(long, site.vacuum("orders", seconds=0.1), deadline=time.monotonic() + 20)
    assert [r.outcome for r in worked.results] == [Outcome.DEFERRED, Outcome.DONE], worked
    assert "by its history" in worked.results[0].detail


def test_a_synchronous_standby_that_is_away_holds_nothing_up(own_site: OwnSite) -> None:
    """Every commit that waits for it would wait for ever."""
    cluster, site = own_site()
    site.ask("alter system set synchronous_standby_names = 'away'")
    site.ask("select pg_reload_conf()")
    wait_for(lambda: site.ask("show synchronous_standby_names") == [("away",)])
    jobs = [site.vacuum("orders"), site.job(Kind.ANALYZE, "other"), site.reindex("orders_customer")]
    assert site.outcomes(*jobs, deadline=time.monotonic() + 20) == [Outcome.DONE] * 3
    assert (cluster.running, site.invalid()) == (True, [])


def test_a_rebuild_that_finds_no_room_is_not_begun(site: Site) -> None:
    """A second copy, its WAL and its sort have to fit."""
    job = site.reindex("orders_customer", needs=Needs(disk=400, wal=400, sort=400))
    assert site.outcomes(job, free=lambda _tablespace: 1000) == [Outcome.NO_ROOM]
    assert site.outcomes(job, free=lambda _tablespace: 2000) == [Outcome.DONE]


def test_the_log_and_the_sorts_need_room_beside_the_data_wherever_the_index_lies(site: Site) -> None:
    """A large disk for indexes is of no use where the one of the data directory is full."""
    job = site.reindex("orders_customer", needs=Needs(disk=400, wal=400, sort=400), tablespace="large")
    assert site.outcomes(job, free={"large": 9000, None: 700}.get) == [Outcome.NO_ROOM]
    assert site.outcomes(job, free={"large": 9000, None: 1000}.get) == [Outcome.DONE]


def test_two_rebuilds_that_do_not_fit_beside_each_other_follow_each_other(site: Site) -> None:
    """Each sees the same free space; only together they would fill the disk."""
    slow, needs = site.slow_index(1), Needs(disk=400, wal=400, sort=400)
    jobs = [site.reindex(slow, needs=needs), site.reindex("orders_customer", needs=needs)]
    first, second = site.run(*jobs, workers=2, free=lambda _tablespace: 2000).results
    assert [first.outcome, second.outcome] == [Outcome.DONE] * 2
    assert (first.job.target.name, first.ended or "") == (slow, min(first.ended or "", second.began or ""))


def test_a_closed_gate_is_waited_for_and_then_ends_the_run(site: Site) -> None:
    """More sessions at work than allowed: nothing begins; when they are gone, it does."""
    limits = Limits(patience=PATIENCE, max_active=0, wait=0.3)
    with beside(lambda: site.ask("select pg_sleep(1.5)")):
        wait_for(
            lambda: site.ask("select 1 from pg_stat_activity where query like '%pg_sleep(1.5)' and state = 'active'")
        )
        worked = site.run(site.vacuum("orders"), site.vacuum("customers"), limits=limits)
        assert [r.outcome for r in worked.results] == [Outcome.DEFERRED] * 2
        assert "sessions are at work" in worked.ended_early
        patient = Limits(patience=PATIENCE, max_active=0, wait=20)
        assert site.outcomes(site.vacuum("orders"), limits=patient) == [Outcome.DONE]


def test_a_standby_that_falls_behind_stops_a_build(own_site: OwnSite, standby_of: object) -> None:
    """Cancelled for the lag in the middle, cleaned up after; nothing begins while it lasts."""
    cluster, site = own_site({"wal_level": "replica"})
    index = site.slow_index(20)
    standby = standby_of(cluster)
    wait_for(lambda: site.ask("select 1 from pg_stat_replication where state = 'streaming'"))

    def fall_behind() -> None:
        wait_for(site.building)
        execute(standby.conninfo(), "select pg_wal_replay_pause()")
        site.ask("create table much as select repeat('x', 500) from generate_series(1, 9000) n")

    limits = Limits(patience=PATIENCE, max_lag=1 << 20, wait=0.5)
    with beside(fall_behind) as errors:
        worked = site.run(site.reindex(index), site.vacuum("orders"), limits=limits)
    assert not errors
    assert [r.outcome for r in worked.results] == [Outcome.CANCELLED_LAG, Outcome.DEFERRED], worked
    assert "a standby is" in worked.ended_early
    assert site.invalid() == []


def test_a_standby_that_is_away_lags_by_what_its_slot_holds_back(own_site: OwnSite) -> None:
    """No walsender tells of it, and each rebuild makes it worse; a slot that holds nothing back is in nobody's way."""
    _, site = own_site({"wal_level": "replica"})
    limits = Limits(patience=PATIENCE, max_lag=1 << 20, wait=0.5)
    site.ask("select pg_create_physical_replication_slot('unused')")
    site.ask("checkpoint")  # the WAL that a new slot holds back begins there
    site.ask("select pg_create_physical_replication_slot('away', true)")
    assert site.outcomes(site.vacuum("orders"), limits=limits) == [Outcome.DONE]
    site.ask("create table much as select repeat('x', 500) from generate_series(1, 9000) n")
    worked = site.run(site.vacuum("orders"), limits=limits)
    assert [r.outcome for r in worked.results] == [Outcome.DEFERRED], worked
    assert "behind by its slot away, which nobody reads" in worked.ended_early
    site.ask("select pg_drop_replication_slot('away')")
    assert site.outcomes(site.vacuum("orders"), limits=limits) == [Outcome.DONE]


def test_a_transaction_pooler_is_recognised(site: Site, tmp_path: Path) -> None:
    """No lock and no setting would hold there: refused, with the remedy."""
    with pooler(tmp_path, site.conninfo) as port:
        behind = make_conninfo(site.conninfo, host=str(tmp_path), port=port)
        with pytest.raises(MustNotRunHere, match="a transaction pooler stands between"), target.opened(behind):
            pass


def test_a_throttled_vacuum_sets_its_cost_delay(site: Site) -> None:
    """What the run wants set is set in the session that works."""
    job = site.vacuum("orders", sql=("create table public.told as select current_setting('vacuum_cost_delay') as d",))
    site.run(job, settings={"vacuum_cost_delay": "2ms"})
    assert site.ask("select d from told") == [("2ms",)]
