"""Small tables that are done together: each has an end of its own, and whatever ends the run, the history is right."""

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from pgtune.cluster import Cluster
from pgtune.maintenance.record import Entry
from pgtune.maintenance.work import Job, Kind, Outcome, Result
from pgtune.server.maintain import local, target
from tests.chaos.runs import Site, beside, wait_for
from tests.conftest import Role

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from tests.chaos.runs import Site
from tests.chaos.test_together import analyzes
site = Site(sys.argv[1])
print([result.outcome.name for result in site.run(*analyzes(site)).results])
"""
TABLES = ("t1", "t2", "slow", "t3", "t4", "t5", "t6", "t7")  # of eight jobs one worker takes four together
DONE, INTERRUPTED = Outcome.DONE, Outcome.INTERRUPTED


def made(site: Site, seconds: float) -> None:
    """The tables; ANALYZE of the third takes so long, by the expression of its index."""
    site.slow_index(seconds)
    for name in set(TABLES) - {"slow"}:
        site.ask(f"create table {name} as select n from generate_series(1, 100) n")
        site.ask(f"alter table {name} set (autovacuum_enabled = off)")


def analyzes(site: Site) -> list[Job]:
    """A job of no predicted length worth speaking of for each."""
    return [analyze(site, name) for name in TABLES]


def analyze(site: Site, name: str) -> Job:
    """One that is small."""
    return site.job(Kind.ANALYZE, name, sql=(f"ANALYZE (SKIP_LOCKED) public.{name};",), seconds=0.002)


def analyzing(site: Site) -> list[tuple[object, ...]]:
    """The process that is at the slow one."""
    return site.ask("select pid from pg_stat_progress_analyze where relid = 'slow'::regclass")


def entries(site: Site) -> list[Entry]:
    """What the history says of the last run."""
    with target.opened(site.conninfo) as (_, found), local.opened(found.key) as history:
        return list(history.runs(1)[0].entries)


def moment(text: str) -> datetime:
    """A time of the history."""
    return datetime.fromisoformat(text)


def ends(results: Sequence[Result]) -> dict[str, Outcome]:
    """The outcome of each table."""
    return {result.job.target.name: result.outcome for result in results}


def written(site: Site) -> dict[str, Outcome | None]:
    """The same by the history, the last entry of each."""
    return {entry.name: entry.outcome for entry in entries(site)}


def sent(site: Site) -> list[str]:
    """What the session that worked was seen at: one statement each."""
    return list(dict.fromkeys(working.shown for working in site.seen))


def locks(site: Site) -> int:
    """Advisory locks that anybody still holds."""
    return int(site.ask("select count(*) from pg_locks where locktype = 'advisory'")[0][0])


def test_one_that_is_locked_or_gone_does_not_touch_the_others(site: Site) -> None:
    """Its notice is its own, and so is its row in the history."""
    made(site, 0)
    jobs = analyzes(site)
    site.ask("drop table t3")
    with site.held("lock table t2 in share update exclusive mode") as holder:
        worked = site.run(*jobs)
        blocked = next(r for r in worked.results if r.job.target.name == "t2")
        assert blocked.blocked_by[0].name == str(holder.info.backend_pid)
    expected = dict.fromkeys(TABLES, DONE) | {"t2": Outcome.LOCKED, "t3": Outcome.GONE}
    assert ends(worked.results) == expected
    assert written(site) == expected
    assert all(entry.ended is not None and entry.ended >= entry.began for entry in entries(site))
    wait_for(lambda: locks(site) == 0)


def test_they_stand_in_one_statement_and_each_has_its_own_time(site: Site) -> None:
    """The slow one took long, the others did not, and none began before the one before it had ended."""
    made(site, 1)
    assert ends(site.run(*analyzes(site)).results) == dict.fromkeys(TABLES, DONE)
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
        wait_for(lambda: analyzing(site))
        site.ask("drop table t3")

    with beside(drop) as errors:
        worked = site.run(*analyzes(site))
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
    jobs = analyzes(site)
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
    worked = site.run(*analyzes(site), conninfo=conninfo)
    assert ends(worked.results) == dict.fromkeys(TABLES, DONE) | {"t3": Outcome.NO_PERMISSION}


def test_a_backend_that_is_terminated_among_them_is_replaced(site: Site) -> None:
    """What it was at and what came after is done by the next session."""
    made(site, 1)
    with beside(lambda: site.ask("select pg_terminate_backend(%s)", *wait_for(lambda: analyzing(site))[0])) as errors:
        worked = site.run(*analyzes(site))
    assert not errors
    assert ends(worked.results) == dict.fromkeys(TABLES, DONE)
    told = [entry for entry in entries(site) if entry.name in {"slow", "t3"}]
    assert [entry.outcome for entry in told] == [Outcome.FAILED, Outcome.FAILED, DONE, DONE]
    assert "before it began" in told[1].detail
    wait_for(lambda: locks(site) == 0)


def test_an_interruption_ends_what_runs_and_the_rest_is_not_begun(site: Site) -> None:
    """What was done before is done, and is written down as that."""
    made(site, 8)
    runner = subprocess.Popen([sys.executable, "-c", PROGRAM, site.conninfo], cwd=ROOT, stdout=subprocess.PIPE,
                              text=True)  # fmt: skip
    wait_for(lambda: analyzing(site))
    runner.send_signal(signal.SIGINT)
    told, _ = runner.communicate(timeout=20)
    assert told.strip() == str(["DONE"] * 2 + ["INTERRUPTED"] * 6)
    assert written(site) == {"t1": DONE, "t2": DONE, "slow": INTERRUPTED, "t3": INTERRUPTED}
    wait_for(lambda: locks(site) == 0)


def test_a_killed_runner_leaves_no_end_that_it_did_not_see(site: Site) -> None:
    """The rows that were begun together stay without an end, the others were never begun, and no lock stays."""
    made(site, 8)
    runner = subprocess.Popen([sys.executable, "-c", PROGRAM, site.conninfo], cwd=ROOT, stdout=subprocess.PIPE)
    wait_for(lambda: analyzing(site))
    runner.send_signal(signal.SIGKILL)
    runner.communicate()
    wait_for(lambda: not analyzing(site))
    assert written(site) == dict.fromkeys(["t1", "t2", "slow", "t3"])
    wait_for(lambda: locks(site) == 0)


def test_the_deadline_ends_what_runs_and_puts_the_rest_off(site: Site) -> None:
    """Every table has its end in the result and in the history."""
    made(site, 30)
    worked = site.run(*analyzes(site), deadline=time.monotonic() + 4)
    assert ends(worked.results) == dict.fromkeys(TABLES, Outcome.DEFERRED) | {
        "t1": DONE, "t2": DONE, "slow": Outcome.CANCELLED_DEADLINE,
    }  # fmt: skip
    assert written(site) == ends(worked.results)
