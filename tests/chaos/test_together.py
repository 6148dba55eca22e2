"""Small tables or indexes that are done together: each has its own end, and the history is right in any case."""

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from pgtune.cluster import Cluster
from pgtune.maintenance.patience import Limits
from pgtune.maintenance.record import Entry
from pgtune.maintenance.work import Job, Kind, Outcome, Result
from pgtune.server.maintain import local, target
from tests.chaos.runs import Site, beside, wait_for
from tests.conftest import Role

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from tests.chaos.runs import Site
from tests.chaos.test_together import Kind, small
site = Site(sys.argv[1])
print([result.outcome.name for result in site.run(*small(site, Kind(sys.argv[2]))).results])
"""
TABLES = ("t1", "t2", "slow", "t3", "t4", "t5", "t6", "t7")  # of eight jobs one worker takes four together
DONE, INTERRUPTED = Outcome.DONE, Outcome.INTERRUPTED


def made(site: Site, seconds: float) -> None:
    """The tables, each with an index; the third takes so long, by the expression of its index."""
    site.slow_index(seconds)
    for name in set(TABLES) - {"slow"}:
        site.ask(f"create table {name} as select n from generate_series(1, 100) n")
        site.ask(f"create index {name}_idx on {name} (n); alter table {name} set (autovacuum_enabled = off)")


def small(site: Site, kind: Kind = Kind.ANALYZE) -> list[Job]:
    """A job of no predicted length worth speaking of for each table or its index."""
    if kind is Kind.REINDEX:
        return [site.reindex(f"{name}_idx", seconds=0.002) for name in TABLES]
    return [analyze(site, name) for name in TABLES]


def analyze(site: Site, name: str) -> Job:
    """One that is small."""
    return site.job(Kind.ANALYZE, name, sql=(f"ANALYZE (SKIP_LOCKED) public.{name};",), seconds=0.002)


def at_it(site: Site) -> list[tuple[object, ...]]:
    """The process that is at the slow one."""
    return site.ask("select pid from pg_stat_progress_analyze where relid = 'slow'::regclass union all"
                    " select pid from pg_stat_progress_create_index where relid = 'slow'::regclass")  # fmt: skip


def entries(site: Site) -> list[Entry]:
    """What the history says of the last run."""
    with target.opened(site.conninfo) as (_, found), local.opened(found.key) as history:
        return list(history.runs(1)[0].entries)


def moment(text: str) -> datetime:
    """A time of the history."""
    return datetime.fromisoformat(text)


def ends(results: Sequence[Result]) -> dict[str, Outcome]:
    """The outcome of each table, or its index."""
    return {result.job.table.name: result.outcome for result in results}


def written(site: Site) -> dict[str, Outcome | None]:
    """The same by the history, the last entry of each."""
    return {entry.name.removesuffix("_idx"): entry.outcome for entry in entries(site)}


def sent(site: Site) -> list[str]:
    """What the session that worked was seen at: one statement each."""
    return list(dict.fromkeys(working.shown for working in site.seen))


def locks(site: Site) -> int:
    """Advisory locks that anybody still holds."""
    return int(site.ask("select count(*) from pg_locks where locktype = 'advisory'")[0][0])


@pytest.mark.parametrize("kind", [Kind.ANALYZE, Kind.REINDEX])
def test_one_that_is_locked_or_gone_does_not_touch_the_others(site: Site, kind: Kind) -> None:
    """Its notice is its own, and so is its row in the history."""
    made(site, 0)
    jobs = small(site, kind)
    site.ask("drop table t3")
    with site.held("lock table t2 in share update exclusive mode") as holder:
        worked = site.run(*jobs)
        blocked = next(r for r in worked.results if r.job.table.name == "t2")
        assert blocked.blocked_by[0].name == str(holder.info.backend_pid)
    expected = dict.fromkeys(TABLES, DONE) | {"t2": Outcome.LOCKED, "t3": Outcome.GONE}
    assert ends(worked.results) == expected
    assert written(site) == expected
    assert all(entry.ended is not None and entry.ended >= entry.began for entry in entries(site))
    wait_for(lambda: locks(site) == 0)


def test_they_stand_in_one_statement_and_each_has_its_own_time(site: Site) -> None:
    """The slow one took long, the others did not, and none began before the one before it had ended."""
    made(site, 1)
    assert ends(site.run(*small(site)).results) == dict.fromkeys(TABLES, DONE)
    assert "public.t1 and 3 more" in sent(site)
    assert "public.slow" not in sent(site)
    found = [(moment(entry.began), moment(entry.ended or "")) for entry in entries(site)][:4]
    first, second, slow, last = (ended - began for began, ended in found)
    assert slow > timedelta(seconds=1) > max(first, second, last)
    assert all(ended <= began + timedelta(milliseconds=1) for (_, ended), (began, _) in pairwise(found))


def test_one_that_is_dropped_while_another_is_done_is_gone(site: Site) -> None:
    """The server warns of it when its turn comes, and goes on."""
    made(site, 2)

    def drop() -> None:
        wait_for(lambda: at_it(site))
        site.ask("drop table t3")

    with beside(drop) as errors:
        worked = site.run(*small(site))
    assert not errors
    assert ends(worked.results) == dict.fromkeys(TABLES, DONE) | {"t3": Outcome.GONE}


def test_an_error_at_one_of_them_is_its_own(site: Site) -> None:
    """The statement fails as a whole; those that it did not reach are done alone, and one of them fails again."""
    made(site, 0)
    site.ask("create function broken(int) returns int language plpgsql immutable as"
             " $$ begin raise division_by_zero; end $$; create table bad (n int) with (autovacuum_enabled = off);"
             " create index on bad (broken(n))")  # fmt: skip
    site.ask("update pg_index set indisready = false where indrelid = 'bad'::regclass")
    site.ask("insert into bad values (1)")
    site.ask("update pg_index set indisready = true where indrelid = 'bad'::regclass")
    jobs = small(site)
    jobs[1] = analyze(site, "bad")
    expected = dict.fromkeys(TABLES, DONE) | {"bad": Outcome.FAILED}
    del expected["t2"]
    assert ends(site.run(*jobs).results) == expected
    assert written(site) == expected
    assert next(entry for entry in entries(site) if entry.name == "bad").detail.startswith("division_by_zero")


def test_a_missing_right_on_one_of_them_is_its_own(site: Site, server: Cluster, role: Role) -> None:
    """The server warns and goes on; it is asked again about that table alone."""
    made(site, 0)
    conninfo = role(server, dbname=str(conninfo_to_dict(site.conninfo)["dbname"]))
    for table in set(TABLES) - {"t3"}:
        site.ask(f"alter table {table} owner to {conninfo_to_dict(conninfo)['user']}")
    worked = site.run(*small(site), conninfo=conninfo)
    assert ends(worked.results) == dict.fromkeys(TABLES, DONE) | {"t3": Outcome.NO_PERMISSION}


@pytest.mark.parametrize("kind", [Kind.ANALYZE, Kind.REINDEX])
def test_a_backend_that_is_terminated_among_them_is_replaced(site: Site, kind: Kind) -> None:
    """What it was at and what came after is done by the next session."""
    made(site, 1)
    with beside(lambda: site.ask("select pg_terminate_backend(%s)", *wait_for(lambda: at_it(site))[0])) as errors:
        worked = site.run(*small(site, kind))
    assert not errors
    assert ends(worked.results) == dict.fromkeys(TABLES, DONE)
    told = [entry for entry in entries(site) if entry.name.removesuffix("_idx") in {"slow", "t3"}]
    assert [entry.outcome for entry in told] == [Outcome.FAILED, Outcome.FAILED, DONE, DONE]
    assert "before it began" in told[1].detail
    wait_for(lambda: locks(site) == 0)


@pytest.mark.parametrize("kind", [Kind.ANALYZE, Kind.REINDEX])
def test_an_interruption_ends_what_runs_and_the_rest_is_not_begun(site: Site, kind: Kind) -> None:
    """What was done before is done, and is written down as that."""
    made(site, 8)
    runner = subprocess.Popen([sys.executable, "-c", PROGRAM, site.conninfo, kind], cwd=ROOT, stdout=subprocess.PIPE,
                              text=True)  # fmt: skip
    wait_for(lambda: at_it(site))
    runner.send_signal(signal.SIGINT)
    told, _ = runner.communicate(timeout=20)
    assert told.strip() == str(["DONE"] * 2 + ["INTERRUPTED"] * 6)
    assert written(site) == {"t1": DONE, "t2": DONE, "slow": INTERRUPTED, "t3": INTERRUPTED}
    wait_for(lambda: locks(site) == 0)


@pytest.mark.parametrize("kind", [Kind.ANALYZE, Kind.REINDEX])
def test_a_killed_runner_leaves_no_end_that_it_did_not_see(site: Site, kind: Kind) -> None:
    """The rows that were begun together stay without an end, the others were never begun, and no lock stays."""
    made(site, 8)
    runner = subprocess.Popen([sys.executable, "-c", PROGRAM, site.conninfo, kind], cwd=ROOT, stdout=subprocess.PIPE)
    wait_for(lambda: at_it(site))
    runner.send_signal(signal.SIGKILL)
    runner.communicate()
    wait_for(lambda: not at_it(site))
    assert written(site) == dict.fromkeys(["t1", "t2", "slow", "t3"])
    wait_for(lambda: locks(site) == 0)


@pytest.mark.parametrize("kind", [Kind.ANALYZE, Kind.REINDEX])
def test_the_deadline_ends_what_runs_and_puts_the_rest_off(site: Site, kind: Kind) -> None:
    """Every table has its end in the result and in the history."""
    made(site, 30)
    worked = site.run(*small(site, kind), deadline=time.monotonic() + 4)
    assert ends(worked.results) == dict.fromkeys(TABLES, Outcome.DEFERRED) | {
        "t1": DONE, "t2": DONE, "slow": Outcome.CANCELLED_DEADLINE,
    }  # fmt: skip
    assert written(site) == ends(worked.results)
    assert site.invalid() == []


def test_a_rebuild_that_fails_among_them_is_cleaned_up_after(site: Site) -> None:
    """Rows that a unique index forbids, and an index whose table has two of them: what was left is dropped at once."""
    made(site, 0)
    site.ask("insert into t2 values (1); update pg_index set indisunique = true where indrelid = 't2'::regclass")
    site.ask("create index t2_more on t2 (n)")
    jobs = small(site, Kind.REINDEX)
    jobs[2] = site.reindex("t2_more", seconds=0.002)
    files = [site.file(job.target.name) for job in jobs]
    worked = site.run(*jobs)
    outcomes = [result.outcome for result in worked.results]
    assert outcomes == [DONE, Outcome.DUPLICATE_KEY, *[DONE] * 6], worked
    assert [entry.outcome for entry in entries(site)] == outcomes
    again = [site.file(job.target.name) for job in jobs]
    assert [new != old for new, old in zip(again, files, strict=True)] == [outcome is DONE for outcome in outcomes]
    assert site.invalid() == []
    assert locks(site) == 0


def test_a_connection_that_is_lost_while_somebody_is_waited_for_undoes_nothing(site: Site) -> None:
    """What was rebuilt before is done once, and is written down as that."""
    made(site, 0)
    waiting = "select pid from pg_stat_activity where application_name = 'pgtune maintain' and query like %s"

    def hinder() -> None:
        with site.held("lock table t2 in access share mode"):
            pid = wait_for(lambda: site.ask(waiting, "%with holder as%"))[0][0]
            site.ask("select pg_terminate_backend(%s)", pid)

    with beside(hinder) as errors:
        wait_for(lambda: site.ask("select 1 from pg_locks where relation = 't2'::regclass"))
        worked = site.run(*small(site, Kind.REINDEX), limits=Limits(patience=5))
    assert not errors
    assert ends(worked.results) == dict.fromkeys(TABLES, DONE)
    told = [(entry.name, entry.outcome) for entry in entries(site) if entry.name in {"t1_idx", "t2_idx"}]
    assert told == [("t1_idx", DONE), ("t2_idx", Outcome.FAILED), ("t2_idx", DONE)]
    assert site.invalid() == []


def test_debris_that_cannot_be_dropped_is_not_that_of_the_next(site: Site) -> None:
    """Whoever reads the table comes while the first of two is rebuilt, and stays: each piece is one job of its own."""
    made(site, 2)
    site.ask("create index slow_more on slow (id)")
    jobs = [site.reindex(name, seconds=0.002) for name in ("t1_idx", "slow_idx", "slow_more", "t2_idx")]
    jobs += [site.reindex(f"t{n}_idx", seconds=0.002) for n in range(3, 7)]

    building = "select 1 from pg_stat_progress_create_index where relid = 'slow'::regclass and phase like 'building%'"

    def read() -> None:
        wait_for(lambda: site.ask(building))
        with site.held("set transaction isolation level repeatable read", "select from slow"):
            wait_for(lambda: len(site.invalid()) == 2)
            time.sleep(3)

    with beside(read) as errors:
        worked = site.run(*jobs)
    assert not errors
    assert site.invalid() == []
    removals = [result for result in worked.results if result.job.kind is Kind.LEFTOVERS]
    assert len({result.job.target.oid for result in removals}) == len(removals)
    assert {r.outcome for r in worked.results if r.job.table.name != "slow"} == {DONE}, worked


def test_a_disk_that_is_full_is_not_tried_again_by_the_next(site: Site) -> None:
    """The sort of one runs out of space: those after it do not begin."""
    made(site, 0)
    site.ask("create table big as select n::text || repeat('x', 40) as t from generate_series(1, 60000) n")
    site.ask("create index big_t on big (t)")
    jobs = small(site, Kind.REINDEX)
    jobs[1] = site.reindex("big_t", seconds=0.002)
    tight = {"temp_file_limit": "1MB", "maintenance_work_mem": "1MB", "max_parallel_maintenance_workers": "0"}
    worked = site.run(*jobs, settings=tight)
    assert [r.outcome for r in worked.results] == [DONE, Outcome.FAILED, *[Outcome.NO_ROOM] * 6], worked
    assert site.invalid() == []
