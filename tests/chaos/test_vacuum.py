"""What VACUUM and ANALYZE call success, and what it was."""

import time
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from pgtune.maintenance.work import Hold, Kind, Outcome
from tests.chaos.conftest import OwnSite
from tests.chaos.runs import Site, wait_for
from tests.conftest import Role

DEAD = "select pg_stat_get_dead_tuples('orders'::regclass)"


def dead(site: Site) -> None:
    """Half of the table is dead, and the statistics know it."""
    site.ask("alter table orders set (autovacuum_enabled = off)")
    site.ask("update orders set note = 'z' where id <= 2500")
    wait_for(lambda: site.ask(DEAD)[0][0] >= 2500)


def test_dead_rows_are_removed_and_counted(site: Site) -> None:
    """The ordinary case: done, with rows and sizes before and after."""
    dead(site)
    worked = site.run(site.vacuum("orders", 2500))
    assert [r.outcome for r in worked.results] == [Outcome.DONE], worked
    assert worked.results[0].rows_after == 10000
    assert site.ask(DEAD) == [(0,)]


@pytest.mark.parametrize("kind", [Kind.VACUUM, Kind.ANALYZE])
def test_a_right_that_is_missing_is_an_outcome(site: Site, server: object, role: Role, kind: Kind) -> None:
    """The server only warns, in whatever language; nothing was done."""
    name = str(conninfo_to_dict(site.conninfo)["dbname"])
    worked = site.run(site.job(kind, "orders"), conninfo=role(server, dbname=name))
    assert [r.outcome for r in worked.results] == [Outcome.NO_PERMISSION], worked
    assert "orders" in worked.results[0].detail


def test_a_right_that_is_missing_for_a_rebuild_is_the_same_outcome(site: Site, server: object, role: Role) -> None:
    """REINDEX fails where VACUUM warns."""
    name = str(conninfo_to_dict(site.conninfo)["dbname"])
    worked = site.run(site.reindex("orders_customer"), conninfo=role(server, dbname=name))
    assert [r.outcome for r in worked.results] == [Outcome.NO_PERMISSION], worked


@pytest.mark.parametrize("kind", [Kind.VACUUM, Kind.ANALYZE])
def test_a_locked_table_is_an_outcome(site: Site, kind: Kind) -> None:
    """Whoever holds the lock is named, and nobody comes to stand behind us in its queue."""
    with site.held("lock table orders in share update exclusive mode") as holder:
        pid = holder.info.backend_pid
        worked = site.run(site.job(kind, "orders"))
    assert [r.outcome for r in worked.results] == [Outcome.LOCKED], worked
    assert worked.results[0].blocked_by[0].name == str(pid)


def test_a_lock_that_vacuum_skips_is_an_outcome_too(site: Site) -> None:
    """SKIP LOCKED succeeds and says so in a notice: who holds the lock is named all the same."""
    job = site.job(Kind.VACUUM, "orders", sql=("VACUUM (SKIP_LOCKED) public.orders",))
    with site.held("lock table orders in share update exclusive mode") as holder:
        worked = site.run(job)
        assert [r.outcome for r in worked.results] == [Outcome.LOCKED]
        assert worked.results[0].blocked_by[0].name == str(holder.info.backend_pid)


def test_an_old_snapshot_makes_vacuum_useless_and_is_named(site: Site) -> None:
    """VACUUM says nothing; the outcome is that nothing was removable, and who held it back."""
    with site.held("set transaction isolation level repeatable read", "select 1 from customers limit 1") as holder:
        pid = holder.info.backend_pid
        dead(site)
        worked = site.run(site.vacuum("orders", 2500))
    assert [r.outcome for r in worked.results] == [Outcome.NOTHING_REMOVABLE], worked
    assert "0 of 2500 dead rows removable" in worked.results[0].detail
    assert str(pid) in [each.name for each in worked.results[0].blocked_by]


def test_a_prepared_transaction_is_named_too(own_site: OwnSite) -> None:
    """It has no process; its gid is what a person needs."""
    _, site = own_site({"max_prepared_transactions": "5"})
    with psycopg.connect(site.conninfo, autocommit=True) as connection:
        connection.execute("begin")
        connection.execute("insert into other values (1)")
        connection.execute("prepare transaction 'forgotten'")
    dead(site)
    worked = site.run(site.vacuum("orders", 2500), site.reindex("other_pkey"))
    assert [r.outcome for r in worked.results] == [Outcome.NOTHING_REMOVABLE, Outcome.BLOCKED], worked
    for result in worked.results:
        assert [(each.hold, each.name) for each in result.blocked_by] == [(Hold.PREPARED, "forgotten")]
    assert site.invalid() == []
    site.ask("rollback prepared 'forgotten'")


def test_a_slot_is_named_too(own_site: OwnSite, standby_of: object) -> None:
    """A standby that is away holds rows back by its slot."""
    cluster, site = own_site()
    standby = standby_of(cluster, {"hot_standby_feedback": "on", "wal_receiver_status_interval": "1s"}, slot="reports")
    wait_for(lambda: site.ask("select 1 from pg_replication_slots where xmin is not null"))
    standby.stop("immediate")
    dead(site)
    worked = site.run(site.vacuum("orders", 2500))
    assert [r.outcome for r in worked.results] == [Outcome.NOTHING_REMOVABLE], worked
    assert [(each.hold, each.name) for each in worked.results[0].blocked_by] == [(Hold.SLOT, "reports")]


def test_a_table_that_is_gone_is_no_failure(site: Site) -> None:
    """Dropped between planning and now, or its name given to another one: gone."""
    jobs = [site.vacuum("orders"), site.vacuum("customers"), site.reindex("orders_customer")]
    site.ask("drop table orders; alter table customers rename to clients; create table customers (id bigint)")
    assert site.outcomes(*jobs) == [Outcome.GONE] * 3


def test_autovacuum_against_wraparound_is_left_alone(own_site: OwnSite) -> None:
    """Neither VACUUM nor a rebuild disturbs it; both say who is there."""
    _, site = own_site({
        "autovacuum_freeze_max_age": "100000", "autovacuum_naptime": "1s", "autovacuum_vacuum_cost_delay": "100ms",
        "autovacuum_vacuum_cost_limit": "1", "autovacuum_max_workers": "1",
    })  # fmt: skip
    site.ask("alter table orders set (autovacuum_enabled = off); alter table other set (autovacuum_enabled = off)")
    site.ask("create procedure burn() language plpgsql as $$ begin for n in 1..120000 loop"
             " perform pg_current_xact_id(); commit; end loop; end $$")  # fmt: skip
    site.ask("call burn()")
    query = (
        "select pid, relid::regclass::text from pg_stat_progress_vacuum join pg_stat_activity a using (pid)"
        " where a.datname = current_database() and a.query like '%wraparound)'"
    )
    pid, table = wait_for(lambda: next(iter(site.ask(query)), None), 20)
    if table.startswith("pg_"):  # it went for a catalog first: whichever it is, it is left alone
        worked = site.run(site.vacuum(table))
    else:
        worked = site.run(site.vacuum(table), site.reindex(f"{table}_pkey"))
    assert {r.outcome for r in worked.results} == {Outcome.LOCKED}, worked
    assert "against wraparound and is never cancelled" in worked.results[0].detail
    assert worked.results[0].blocked_by[0].hold is Hold.AUTOVACUUM
    assert site.ask("select 1 from pg_stat_activity where pid = %s and query like '%%wraparound)'", pid)


def test_nothing_waits_for_a_statement_that_never_begins(site: Site, tmp_path: Path) -> None:
    """A run without jobs ends at once."""
    assert tmp_path.exists()
    began = time.monotonic()
    assert site.outcomes() == []
    assert time.monotonic() - began < 3


def test_a_cursor_that_rests_on_a_page_is_not_waited_for_without_end(site: Site) -> None:
    """VACUUM FREEZE needs the page to itself: it is given up after the patience, and the session is named."""
    job = site.vacuum("orders", sql=("VACUUM (FREEZE, SKIP_LOCKED) public.orders",))
    site.ask("alter table orders set (autovacuum_enabled = off)")  # its snapshot would leave nothing to freeze
    site.ask("update orders set note = 'new' where id < 100")
    changed = "select max(xmin::text::bigint) from orders"
    wait_for(lambda: site.ask(f"select 1 where txid_snapshot_xmin(txid_current_snapshot()) > ({changed})"), 20)
    with site.held("declare rests cursor for select * from orders", "fetch 1 from rests") as blocker:
        site.ask("create table later ()")
        worked = site.run(job, deadline=time.monotonic() + 20)
        assert [r.outcome for r in worked.results] == [Outcome.BLOCKED], worked
        assert [each.name for each in worked.results[0].blocked_by] == [str(blocker.info.backend_pid)]
