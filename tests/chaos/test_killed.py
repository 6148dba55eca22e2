"""However a run dies, the server is clean after the next one: killed, terminated, restarted, stopped at once."""

import contextlib
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pgtune.maintenance.record import Recorded
from pgtune.maintenance.work import Kind, Outcome
from pgtune.server.maintain import local, target
from tests.chaos.conftest import OwnSite
from tests.chaos.runs import Site, beside, by_kind, wait_for
from tests.conftest import Role, execute

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from tests.chaos.runs import Site
site = Site(sys.argv[1])
site.run(site.reindex(sys.argv[2]))
"""


def past(site: Site) -> tuple[Recorded, ...]:
    """The runs that the history knows, the newest first."""
    with target.opened(site.conninfo) as (_, found), local.opened(found.key) as history:
        return history.runs(9)


def leftovers(site: Site) -> list[Outcome]:
    """What becomes of the leftovers that are there."""
    return site.outcomes(*[site.job(Kind.LEFTOVERS, name) for name in site.invalid()])


def test_a_killed_runner_takes_its_backend_along(site: Site) -> None:
    """After kill -9 the build ends within two seconds, the history shows a begun statement, the next run cleans."""
    index = site.slow_index(6)
    runner = subprocess.Popen([sys.executable, "-c", PROGRAM, site.conninfo, index], cwd=ROOT)
    wait_for(site.building)
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    wait_for(lambda: not site.ask("select 1 from pg_stat_activity where query like 'REINDEX%'"), 3)
    entry = past(site)[0].entries[0]
    assert (entry.name, entry.ended, entry.outcome) == (index, None, None)
    assert site.invalid() == [f"{index}_ccnew"]
    assert leftovers(site) == [Outcome.DONE]
    assert site.invalid() == []


def test_nothing_is_dropped_under_a_living_builder(site: Site) -> None:
    """What another session is building looks like a leftover and is none; the session goes on and ends well."""
    index = site.slow_index()

    def other() -> None:
        site.ask(f"reindex index concurrently {index}")

    with beside(other) as errors:
        wait_for(site.building)
        worked = site.run(site.job(Kind.LEFTOVERS, f"{index}_ccnew"), deadline=time.monotonic() + 0.3)
        assert worked.results[0].outcome in {Outcome.LOCKED, Outcome.DEFERRED}, worked
    assert not errors
    assert site.invalid() == []


def test_a_terminated_backend_is_replaced_and_the_work_done(site: Site) -> None:
    """The session comes back, removes what the lost one left, and does it."""
    index = site.slow_index()
    before = site.file(index)

    def terminate() -> None:
        pid = wait_for(site.building)
        site.ask("select pg_terminate_backend(%s)", pid)

    with beside(terminate) as errors:
        worked = site.run(site.reindex(index))
    assert not errors
    assert by_kind(worked.results)[Kind.REINDEX] is Outcome.DONE, worked
    assert site.file(index) != before
    assert site.invalid() == []


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_is_restarted_meanwhile_is_come_back_to(own_site: OwnSite, mode: str) -> None:
    """Stopped in the middle of a build and started again: the run waits, cleans up and finishes."""
    cluster, site = own_site()
    index = site.slow_index()

    def restart() -> None:
        wait_for(site.building)
        cluster.stop(mode)
        cluster.start()

    with beside(restart) as errors:
        worked = site.run(site.reindex(index), site.vacuum("orders"), workers=2)
    assert not errors
    assert by_kind(worked.results) == {Kind.REINDEX: Outcome.DONE, Kind.VACUUM: Outcome.DONE}, worked
    assert site.invalid() == []


def test_timeouts_of_the_role_do_not_reach_the_work(site: Site, server: object, role: Role) -> None:
    """A role with every timeout there is rebuilds an index that takes longer, and nothing invalid is left."""
    index = site.slow_index(1.5)
    name = psycopg.conninfo.conninfo_to_dict(site.conninfo)["dbname"]
    conninfo = role(server, dbname=str(name))
    user = psycopg.conninfo.conninfo_to_dict(conninfo)["user"]
    site.ask(f"alter table slow owner to {user}; grant execute on function slow_nap to {user}")
    timeouts = {"statement_timeout": "1s", "lock_timeout": "100ms", "idle_session_timeout": "300ms"}
    if site.ask("show server_version_num")[0][0] >= "170000":
        timeouts["transaction_timeout"] = "1s"
    for parameter, value in (timeouts | {"default_transaction_read_only": "on"}).items():
        site.ask(f"alter role {user} set {parameter} = '{value}'")
    worked = site.run(site.reindex(index), conninfo=conninfo)
    assert [r.outcome for r in worked.results] == [Outcome.DONE], worked
    assert site.invalid() == []


def test_two_runs_at_once_are_one(site: Site) -> None:
    """The second one says who is at work, and does nothing; nothing waits for a lock."""
    index = site.slow_index(4)
    with beside(lambda: Site(site.conninfo).run(site.reindex(index))) as errors:
        wait_for(site.building)
        with pytest.raises(target.MustNotRunHere, match=r"another run .* \(process \d+\)"):
            site.run(site.reindex("orders_customer"))
    assert not errors


def test_a_run_that_has_just_ended_is_in_nobodys_way(site: Site) -> None:
    """Its session may hold the lock for a moment longer than it lives."""
    job = site.reindex("orders_customer")
    with psycopg.connect(site.conninfo, autocommit=True) as other:
        other.execute("select pg_advisory_lock(1885828205, 0)")
        leaving = threading.Timer(0.3, other.close)
        leaving.start()
        assert site.outcomes(job) == [Outcome.DONE]
        leaving.join()


def test_an_object_in_the_hands_of_another_pgtune_is_left_to_it(site: Site) -> None:
    """The lock of one object is tried, never waited for."""
    job = site.reindex("orders_customer")
    with psycopg.connect(site.conninfo, autocommit=True) as other:
        other.execute("select pg_advisory_lock(1885828206, (%s::bigint - 2147483648)::int)", (job.target.oid,))
        assert site.outcomes(job) == [Outcome.LOCKED]


def test_an_interrupted_run_cleans_up_and_says_so(site: Site) -> None:
    """Ctrl-C in the middle of a build: cancelled, cleaned, the rest not begun."""
    index = site.slow_index(6)
    code = PROGRAM.replace("site.run(", "print(site.outcomes(").replace("[2]))", "[2]), site.vacuum('orders')))")
    runner = subprocess.Popen(
        [sys.executable, "-c", code, site.conninfo, index], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    wait_for(site.building)
    runner.send_signal(signal.SIGINT)
    told, _ = runner.communicate(timeout=20)
    assert told.count("INTERRUPTED") == 2, told
    assert site.invalid() == []


def test_a_failover_ends_the_run(own_site: OwnSite, standby_of: object) -> None:
    """The session comes back to another server of the same cluster: nothing more is done there, and it is said."""
    cluster, site = own_site({"wal_level": "replica"})
    index = site.slow_index(4)
    standby = standby_of(cluster)
    wait_for(lambda: site.ask("select 1 from pg_stat_replication where replay_lsn = pg_current_wal_lsn()"))
    both = make_conninfo(
        cluster.conninfo(), host=f"{cluster.socket},{standby.socket}", port="5432,5432",
        target_session_attrs="read-write", connect_timeout="2",
    )  # fmt: skip

    def fail_over() -> None:
        wait_for(site.building)
        cluster.stop("immediate")
        execute(standby.conninfo(), "select pg_promote()")

    with beside(fail_over) as errors:
        worked = site.run(site.reindex(index), site.vacuum("orders"), conninfo=both)
    assert not errors
    assert "failover" in worked.ended_early, worked
    assert [r.outcome for r in worked.results] == [Outcome.FAILED, Outcome.DEFERRED]


def test_a_standby_is_refused(own_site: OwnSite, standby_of: object) -> None:
    """Nothing is tried there."""
    cluster, _ = own_site()
    standby = standby_of(cluster)
    with pytest.raises(target.MustNotRunHere, match="is a standby"), contextlib.ExitStack() as stack:
        stack.enter_context(target.opened(standby.conninfo()))


def test_a_backend_behind_a_dead_network_is_ended_and_the_work_done(site: Site, tmp_path: Path) -> None:
    """The client sees its connection end, the server does not: what it left idle is ended, not waited for."""
    words = conninfo_to_dict(site.conninfo)
    index, kept = site.slow_index(2), []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / f".s.PGSQL.{words['port']}"))
        listener.listen()
        serve = threading.Thread(target=forwarded, args=(listener, f"{words['host']}/.s.PGSQL.{words['port']}", kept))
        serve.daemon = True
        serve.start()

        def cut() -> None:
            wait_for(site.building)
            for client in kept[::2]:
                client.shutdown(socket.SHUT_RDWR)

        with beside(cut) as errors:
            worked = site.run(site.reindex(index), conninfo=make_conninfo(site.conninfo, host=str(tmp_path)))
        assert not errors
    for end in kept:
        end.close()
    assert [r.outcome for r in worked.results] == [Outcome.DONE], worked
    assert site.invalid() == []


def forwarded(listener: socket.socket, server: str, ends: list[socket.socket]) -> None:
    """Hand every byte on; the server's side stays open when the client's ends."""

    def pump(source: socket.socket, drain: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                drain.sendall(data)

    with contextlib.suppress(OSError):
        while True:
            client, upstream = listener.accept()[0], socket.socket(socket.AF_UNIX)
            upstream.connect(server)
            ends.extend((client, upstream))
            for pair in ((client, upstream), (upstream, client)):
                threading.Thread(target=pump, args=pair, daemon=True).start()
