"""`pgtune maintain run`, `history` and `init` on every version: what a user sees, and what is on the server then."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pgtune.cluster import Cluster
from tests.chaos.runs import Site, wait_for
from tests.conftest import Role

BLOAT = """
alter table orders set (autovacuum_enabled = off);
create index orders_note on orders (id, note);
insert into orders select n, 1, 0, repeat('y', 100) from generate_series(10001, 60000) n;
vacuum analyze orders;
delete from orders where id > 10500;
"""


@pytest.fixture
def site(database: str, home: Path) -> Site:
    """A database with a bloated index and dead rows in it, and a history of its own."""
    assert home.is_dir()
    return Site(database)


def pgtune(*words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """The command, as a user calls it."""
    command = [sys.executable, "-m", "pgtune", "maintain", *words]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=os.environ | (env or {}), check=False
    )


def answer(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What `--output json` said."""
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def worn(site: Site) -> None:
    """Wear the tables, and wait until the statistics know."""
    for statement in BLOAT.strip().split("\n"):
        site.ask(statement)
    wait_for(lambda: site.ask("select pg_stat_get_dead_tuples('orders'::regclass)")[0][0] > 40000)


def test_a_worn_table_is_vacuumed_and_its_index_rebuilt(site: Site) -> None:
    """One command: dead rows gone, the index small again, a history that says so, and nothing to do afterwards."""
    worn(site)
    before = site.ask("select pg_relation_size('orders_note')")[0][0]
    done = pgtune("run", site.conninfo, "--output", "json")
    told = answer(done)
    assert done.returncode == 0, done.stderr
    assert told["schema"] == "pgtune.maintain.run/1"
    assert {(r["job"]["kind"], r["job"]["target"]["name"], r["outcome"]) for r in told["results"]} >= {
        ("vacuum", "orders", "done"), ("reindex", "orders_note", "done"),
    }  # fmt: skip
    assert site.ask("select pg_relation_size('orders_note')")[0][0] < before / 2
    assert site.invalid() == []
    analyzed = "select pg_stat_get_last_analyze_time('customers'::regclass)"
    wait_for(
        lambda: site.ask(analyzed)[0][0]
    )  # on 14 what a session did is told to the statistics' process, and comes late
    again = pgtune("run", site.conninfo, "--output", "json")
    assert (again.returncode, answer(again)["results"]) == (0, []), again.stdout
    past = pgtune("history", site.conninfo, "--run", str(told["number"]))
    assert "vacuum public.orders" in past.stdout
    assert "done in" in past.stdout


def test_the_dry_run_prints_what_is_sent(site: Site, server: Cluster) -> None:
    """Statement for statement, small tables in one, and those of -j 2 in whatever order the two sent them."""
    for number in range(20):
        site.ask(f"create table t{number} (n int) with (autovacuum_enabled = off)")
        site.ask(f"insert into t{number} select generate_series(1, 1000)")
    database = conninfo_to_dict(site.conninfo)["dbname"]
    site.ask(f"alter database {database} set log_statement = 'all'")
    words = ("run", site.conninfo, "--task", "vacuum,analyze", "--tables", "public.t%", "-j", "2")
    printed = [line for line in pgtune(*words, "--dry-run").stdout.splitlines() if line.startswith("VACUUM")]
    assert 2 < len(printed) < 20
    before = server.log.stat().st_size
    done = pgtune(*words, "--output", "json")
    assert [result["outcome"] for result in answer(done)["results"]] == ["done"] * 20, done.stderr
    sent = re.findall(r"statement: (VACUUM .*)", server.log_since(before))
    assert sorted(sent) == sorted(printed)


def test_the_history_in_the_cluster_has_a_row_before_and_after(site: Site) -> None:
    """`init` makes it, twice does no harm, and a run writes there and nowhere else."""
    assert pgtune("init", site.conninfo).returncode == 0
    assert pgtune("init", site.conninfo).returncode == 0
    worn(site)
    done = pgtune("run", site.conninfo, "--task", "vacuum", "--tables", "orders")
    assert done.returncode == 0, done.stderr
    rows = site.ask("select kind, name, outcome, ended >= began, sql from pgtune.maintenance_step")
    assert [row[:4] for row in rows] == [("vacuum", "orders", "done", True)]
    assert rows[0][4].startswith("VACUUM (")
    assert site.ask("select exit_code, ended is not null, scope from pgtune.maintenance_run") == [
        (0, True, "vacuum; tables orders")
    ]
    assert not list(Path(os.environ["PGTUNE_HOME"]).glob("maintenance*"))


@pytest.mark.parametrize("version", [18], indirect=True)
def test_a_history_that_somebody_else_owns_is_not_written(site: Site, server: Cluster, role: Role) -> None:
    """Its owner could hang triggers on it that run with our rights."""
    name = str(conninfo_to_dict(site.conninfo)["dbname"])
    stranger = role(server, dbname=name)
    user = conninfo_to_dict(stranger)["user"]
    site.ask(f"create schema pgtune authorization {user}")
    with psycopg.connect(stranger, autocommit=True) as connection:
        connection.execute("create table pgtune.maintenance_run (id int)")
        connection.execute("create table pgtune.maintenance_step (id int)")
    for words in (["run"], ["init"]):
        done = pgtune(*words, site.conninfo)
        assert done.returncode == 3
        assert f"belongs to {user}" in done.stderr


@pytest.mark.parametrize("version", [15, 18], indirect=True)
def test_a_role_that_may_only_read_is_told_what_is_missing(site: Site, server: Cluster, role: Role) -> None:
    """Nothing is done, exit code 1, and the grant is named."""
    worn(site)
    conninfo = role(server, dbname=str(conninfo_to_dict(site.conninfo)["dbname"]))
    done = pgtune("run", conninfo)
    assert done.returncode == 1, done.stderr
    assert "GRANT" in done.stdout


@pytest.mark.parametrize("version", [18], indirect=True)
def test_a_failure_is_told_to_a_command_a_webhook_and_a_file(site: Site, tmp_path: Path) -> None:
    """Each gets the run's JSON, or its figures; the exit code stays that of the run."""
    worn(site)
    heard: list[dict[str, Any]] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_words: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Hook) as hooks, site.held("lock table orders in share update exclusive mode"):
        thread = Thread(target=hooks.serve_forever, daemon=True)
        thread.start()
        done = pgtune(
            "run", site.conninfo, "--task", "vacuum", "--tables", "orders", "--lock-timeout", "100ms",
            "--metrics", str(tmp_path / "pgtune.prom"), "--on-failure", f"tee {tmp_path / 'told.json'}",
            "--webhook", f"http://127.0.0.1:{hooks.server_port}/",
        )  # fmt: skip
        hooks.shutdown()
    assert done.returncode == 1, done.stderr
    assert heard[0]["results"][0]["outcome"] == "locked"
    assert json.loads((tmp_path / "told.json").read_text())["exit_code"] == 1
    metrics = (tmp_path / "pgtune.prom").read_text()
    assert 'task="vacuum",outcome="locked"} 1' in metrics
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_runs_that_were_cut_off_are_resumed(site: Site) -> None:
    """What any of them had done is left out, what was begun is done, and the debris is gone; other runs in between do
    not count."""
    index = site.slow_index(3)
    site.ask("create table first (id int primary key)")
    asked = ["run", site.conninfo, "--task", "reindex,leftovers", "--all", "--tables", "first, slow"]
    for more in ([], ["--resume"]):
        runner = subprocess.Popen(
            [sys.executable, "-m", "pgtune", "maintain", *asked, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        wait_for(site.building)
        runner.send_signal(signal.SIGKILL)
        runner.communicate()
        wait_for(lambda: not site.building())
        assert site.invalid() == [f"{index}_ccnew"]
        assert pgtune("run", site.conninfo, "--task", "analyze").returncode == 0
    done = pgtune(*asked, "--resume", "--output", "json")
    assert done.returncode == 0, done.stderr + done.stdout
    kinds = [(r["job"]["kind"], r["job"]["target"]["name"]) for r in answer(done)["results"]]
    assert ("leftovers", f"{index}_ccnew") in kinds
    assert ("reindex", index) in kinds
    assert ("reindex", "first_pkey") not in kinds
    assert "left out, as the runs that this one resumes did them: 1" in answer(done)["notes"]
    assert site.invalid() == []


@pytest.mark.parametrize("version", [18], indirect=True)
def test_ctrl_c_ends_with_130_and_a_clean_server(site: Site) -> None:
    """SIGINT in the middle of a build: cleaned up, written down, told."""
    site.slow_index(6)
    command = [sys.executable, "-m", "pgtune", "maintain", "run", site.conninfo, "--task", "reindex", "--all"]
    runner = subprocess.Popen(
        [*command, "--tables", "slow", "--output", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_for(site.building)
    runner.send_signal(signal.SIGINT)
    out, err = runner.communicate(timeout=30)
    assert runner.returncode == 130, err
    assert [r["outcome"] for r in json.loads(out)["results"]] == ["interrupted"]
    assert site.invalid() == []
    assert "exit code 130" in pgtune("history", site.conninfo).stdout


@pytest.mark.parametrize("version", [18], indirect=True)
def test_outside_the_window_nothing_is_done(site: Site) -> None:
    """Exit code 5, and when it opens."""
    now = datetime.now(UTC)
    opens, closes = ((now + timedelta(hours=hours)).strftime("%H:%M") for hours in (2, 3))
    done = pgtune("run", site.conninfo, "--window", f"{opens}-{closes}", "--timezone", "UTC")
    assert done.returncode == 5, done.stdout
    assert f"it opens {now + timedelta(hours=2):%Y-%m-%d} {opens}" in done.stderr


@pytest.mark.parametrize("version", [18], indirect=True)
def test_names_of_databases_are_only_names(site: Site, server: Cluster) -> None:
    """A database whose name is hostile is connected to, worked on and recorded."""
    name = "odd 'name' \"and\" \\ =%s"
    with psycopg.connect(server.conninfo(), autocommit=True) as connection:
        connection.execute(psycopg.sql.SQL("create database {}").format(psycopg.sql.Identifier(name)))
    odd = Site(make_conninfo(site.conninfo, dbname=name))
    try:
        odd.ask("create table worn (id int); insert into worn select generate_series(1, 5000)")
        done = pgtune("run", site.conninfo, "--databases", "odd%", "--task", "analyze,vacuum", "--output", "json")
        assert {(r["job"]["database"], r["outcome"]) for r in answer(done)["results"]} == {(name, "done")}, done.stderr
    finally:
        with psycopg.connect(server.conninfo(), autocommit=True) as connection:
            connection.execute(psycopg.sql.SQL("drop database {} with (force)").format(psycopg.sql.Identifier(name)))


@pytest.mark.parametrize("version", [18], indirect=True)
@pytest.mark.parametrize("kept", ["in the cluster", "in a file"])
def test_what_was_put_off_too_often_is_a_finding_while_it_is_still_put_off(site: Site, kept: str) -> None:
    """No window was ever long enough: exit code 1. When it needs nothing any more, the past is no finding."""
    index = site.slow_index(9)
    if kept == "in the cluster":
        assert pgtune("init", site.conninfo).returncode == 0
    asked = ("run", site.conninfo, "--task", "reindex", "--most-deferrals", "1", "--output", "json")
    for code in (0, 1):
        done = pgtune(*asked, "--all", "--tables", "slow", "--deadline", "300ms")
        assert done.returncode == code, (done.stderr, done.stdout)
    assert index in answer(done)["notes"][-1]
    assert pgtune(*asked, "--tables", "slow").returncode == 0
    assert site.invalid() == []


@pytest.mark.parametrize("version", [18], indirect=True)
def test_the_lock_of_a_run_outlives_its_session(site: Site) -> None:
    """A run whose lock was lost with its session takes it again: a second one still finds it at work."""
    site.slow_index(9)
    command = [sys.executable, "-m", "pgtune", "maintain", "run", site.conninfo, "--task", "reindex", "--all"]
    runner = subprocess.Popen([*command, "--tables", "slow"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for(site.building)
    site.ask("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and classid = 1885828205")
    time.sleep(2.5)
    done = pgtune("run", site.conninfo)
    assert (done.returncode, "another run" in done.stderr) == (5, True), done.stderr
    runner.send_signal(signal.SIGINT)
    runner.communicate(timeout=30)
    assert site.invalid() == []


@pytest.mark.parametrize("version", [18], indirect=True)
def test_a_history_that_somebody_locks_ends_the_run(site: Site) -> None:
    """Nothing is begun that cannot be written down, and nothing waits for it without end."""
    assert pgtune("init", site.conninfo).returncode == 0
    before = site.file("orders_customer")
    with site.held("lock table pgtune.maintenance_step"):
        done = pgtune("run", site.conninfo, "--task", "reindex", "--all", "--tables", "orders")
    assert (done.returncode, "lock timeout" in done.stderr) == (3, True), done.stderr
    assert site.file("orders_customer") == before
