"""The scheduler as it is in earnest: real processes, a real server, its lock and its history.

The job of these daemons is a callable of the test's own, so that what is tested is when it is called, by whom, and what
becomes of it when the daemon is told to stop.
"""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pgtune.maintenance.record import scope
from pgtune.maintenance.work import Kind
from pgtune.server.leadership import Leadership
from pgtune.server.maintain import local, target
from pgtune.server.maintain.session import Session
from tests.conftest import OwnServer, Role, StandbyOf, execute

# Runs daemons whose job notes in a table that it was called, and then works on the server as long as it is told to.
DRIVER = """
import signal, sys
from pathlib import Path
import psycopg
from pgtune.maintenance.record import scope
from pgtune.server.maintain import local, target
from pgtune.server.maintain.session import Session
from pgtune.usecases import schedule, schedule_run

def stop(number, frame):
    raise KeyboardInterrupt

signal.signal(signal.SIGTERM, stop)
conninfo, file, seconds, sign = sys.argv[1:5]
policies = schedule.read(Path(file), "UTC")

def run(policy):
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("insert into called values (%s, %s, pg_backend_pid())", [policy.name, sign])
        try:
            connection.execute("select pg_sleep(%s)", [float(seconds)])
        except KeyboardInterrupt:
            connection.execute("insert into called values ('cleaned up', %s)", [sign])
            raise
    with Session(conninfo) as session:
        key = target.read(session).key
    with local.opened(key) as book:
        book.open_run("test", scope(policy.tasks, policy.databases, policy.schemas, policy.tables))
        book.close_run(0, "")
    return 0

code = schedule_run.serve(policies, conninfo, run, Path(sign), lambda text: print(text, file=sys.stderr, flush=True))
sys.exit(code)
"""
NOW_AND_THEN = """
[nightly]
tasks = ["vacuum"]
cron = "{minute} {hour} * * *"
timezone = "UTC"
catch_up = "12h"
"""
EVERY_MINUTE = """
[minutely]
tasks = ["analyze"]
cron = "* * * * *"
"""
SLOWEST = 40.0  # seconds that a daemon gets to show something on a busy machine


class Daemon:
    """A scheduler in a process of its own."""

    def __init__(self, conninfo: str, file: Path, sign: Path, seconds: float = 0) -> None:
        self.sign = sign
        self.log = sign.with_suffix(".log")
        words = [sys.executable, "-c", DRIVER, conninfo, str(file), str(seconds), str(sign)]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(words, stderr=log, env={**os.environ, "PYTHONPATH": str(Path.cwd())})

    def said(self, text: str) -> bool:
        return text in self.log.read_text()

    def wait_for(self, text: str) -> None:
        until(lambda: self.said(text), f"{text!r} in {self.log.read_text()}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(SLOWEST)


Start = Callable[..., Daemon]


@pytest.fixture
def start(tmp_path: Path, home: Path) -> Iterator[Start]:  # noqa: ARG001  (the history lies in a home of the test's own)
    """start(conninfo, text, seconds=0): a daemon, which is gone after the test."""
    made: list[Daemon] = []

    def begin(conninfo: str, text: str, seconds: float = 0) -> Daemon:
        number = len(made)
        file = tmp_path / f"schedule-{number}.toml"
        file.write_text(text)
        made.append(Daemon(conninfo, file, tmp_path / f"sign-{number}", seconds))
        return made[-1]

    yield begin
    for daemon in made:
        if daemon.process.poll() is None:
            daemon.process.kill()
            daemon.process.wait()


def until(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + SLOWEST
    while not holds():
        assert time.monotonic() < end, f"it did not come: {what}"
        time.sleep(0.1)


def an_hour_ago() -> str:
    """A schedule whose daily time was an hour ago."""
    then = datetime.now(UTC) - timedelta(hours=1)
    return NOW_AND_THEN.format(minute=then.minute, hour=then.hour)


def calls(conninfo: str) -> list[tuple[str, str]]:
    with psycopg.connect(conninfo) as connection:
        return connection.execute("select policy, daemon from called order by at").fetchall()


def called_table(conninfo: str) -> None:
    execute(
        conninfo, "create table called (policy text, daemon text, pid int, at timestamptz default clock_timestamp())"
    )


def ran_yesterday(conninfo: str, home: Path) -> None:
    """Write a run of the nightly policy into the history, as of 25 hours ago."""
    with Session(conninfo) as session:
        key = target.read(session).key
    with local.opened(key) as book:
        book.open_run("test", scope([Kind.VACUUM], None, None, None))
        book.close_run(0, "")
    database = sqlite3.connect(home / local.FILE)
    with database:
        database.execute("update run set began = ?", [(datetime.now(UTC) - timedelta(hours=25)).isoformat()])
    database.close()


# Who leads ----------------------------------------------------------------------------------------------------------


def test_one_leads_and_the_other_takes_over(database: str) -> None:
    """Of two schedulers one leads; when it goes, the other does at its next look."""
    with Leadership(database) as first, Leadership(database) as second:
        assert first.standing() == ""
        assert second.standing().startswith("another scheduler leads (process ")
        assert first.standing() == ""
        first.close()
        until(lambda: second.standing() == "", "the second takes over")
        assert first.standing().startswith("another scheduler leads")


def test_one_leads_whatever_the_database(database: str) -> None:
    """The lead is the server's, although a lock of PostgreSQL belongs to one database."""
    with Leadership(database) as first, Leadership(make_conninfo(database, dbname="postgres")) as second:
        assert first.standing() == ""
        assert second.standing().startswith("another scheduler leads")
        assert first.standing() == ""


def test_a_lost_session_is_a_lost_lead_until_the_next_look(database: str) -> None:
    """After pg_terminate_backend the reason is told, and the lead taken again."""
    with Leadership(database) as leadership:
        assert leadership.standing() == ""
        execute(
            database,
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name = 'pgtune schedule' and datname = current_database()",
        )
        until(lambda: leadership.standing() != "", "the loss is noticed")
        until(lambda: leadership.standing() == "", "the lead is taken again")


def test_a_role_with_harsh_defaults_leads(database: str, server, role: Role) -> None:
    """Timeouts that a role has by default do not end the session that waits for months."""
    dbname = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    conninfo = role(server, dbname=str(dbname))
    name = psycopg.conninfo.conninfo_to_dict(conninfo)["user"]
    for setting in ("idle_session_timeout = '300ms'", "statement_timeout = '1s'", "lock_timeout = '1ms'"):
        execute(database, f"alter role {name} set {setting}")
    with Leadership(conninfo) as leadership:
        assert leadership.standing() == ""
        time.sleep(1)
        assert leadership.standing() == ""


def test_a_standby_is_not_led(own_server: OwnServer, standby_of: StandbyOf) -> None:
    """A standby grants advisory locks too; maintenance is the primary's."""
    primary = own_server(18)
    standby = standby_of(primary)
    with Leadership(standby.conninfo()) as leadership:
        assert leadership.standing() == "this server is a standby"
    with Leadership(primary.conninfo()) as leadership:
        assert leadership.standing() == ""


def test_the_lead_moves_with_a_failover(own_server: OwnServer, standby_of: StandbyOf) -> None:
    """The primary dies, the standby is promoted: the scheduler finds the new primary and leads there."""
    primary = own_server(18)
    standby = standby_of(primary)
    hosts, ports = f"{primary.socket},{standby.socket}", f"{primary.port},{standby.port}"
    both = make_conninfo(primary.conninfo(), host=hosts, port=ports, target_session_attrs="read-write")
    with Leadership(both) as leadership:
        assert leadership.standing() == "", "a session that only reads must not hide the primary from libpq"
        primary.kill()
        assert leadership.standing() != ""
        execute(standby.conninfo(), "select pg_promote()")
        until(lambda: leadership.standing() == "", "the lead is taken on the new primary")
        with Leadership(standby.conninfo()) as other:
            assert other.standing().startswith("another scheduler leads")


def test_no_server_is_a_reason_and_no_error(own_server: OwnServer) -> None:
    """A server that is down is looked at again later; when it is up, the scheduler leads."""
    server = own_server(18)
    with Leadership(server.conninfo()) as leadership:
        assert leadership.standing() == ""
        server.stop()
        assert leadership.standing() != ""
        assert leadership.standing() != ""
        server.start()
        assert leadership.standing() == ""


# The daemon ---------------------------------------------------------------------------------------------------------


def test_what_was_missed_while_the_daemon_was_down_is_done_once(
    own_server: OwnServer, start: Start, home: Path
) -> None:
    """A run an hour ago was missed: it is made up for at once, and not again by the next daemon."""
    conninfo = own_server(18).conninfo()
    called_table(conninfo)
    ran_yesterday(conninfo, home)
    daemon = start(conninfo, an_hour_ago())
    daemon.wait_for("nightly: ended with exit code 0")
    assert daemon.said("nightly: catching up on the run of")
    assert daemon.stop() == 0
    again = start(conninfo, an_hour_ago())
    again.wait_for("leading")
    time.sleep(3)
    assert again.stop() == 0
    assert [policy for policy, _ in calls(conninfo)] == ["nightly"]


def test_sigterm_reaches_the_run_which_cleans_up(own_server: OwnServer, start: Start, home: Path) -> None:
    """SIGTERM in the middle of a job: the job cleans up, the daemon ends with exit code 0, its session is gone."""
    conninfo = own_server(18).conninfo()
    called_table(conninfo)
    ran_yesterday(conninfo, home)
    daemon = start(conninfo, an_hour_ago(), seconds=600)
    until(lambda: len(calls(conninfo)) == 1, "the job begins")
    assert daemon.stop() == 0
    assert [policy for policy, _ in calls(conninfo)] == ["nightly", "cleaned up"]
    assert daemon.said("stopped")
    with psycopg.connect(conninfo) as connection:
        left = "select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"
        until(lambda: connection.execute(left).fetchone() == (0,), "its sessions are gone")


def test_two_daemons_do_a_minutes_run_once_and_the_survivor_goes_on(own_server: OwnServer, start: Start) -> None:
    """Two daemons, a policy of every minute: each tick is done once; after kill -9 of the leader the other does it."""
    conninfo = own_server(18).conninfo()
    called_table(conninfo)
    leader = start(conninfo, EVERY_MINUTE)
    leader.wait_for("leading")
    other = start(conninfo, EVERY_MINUTE)
    other.wait_for("standing by: another scheduler leads")
    end = time.monotonic() + 60 + SLOWEST
    while not calls(conninfo):
        assert time.monotonic() < end, leader.log.read_text()
        time.sleep(0.5)
    time.sleep(3)
    assert calls(conninfo) == [("minutely", str(leader.sign))]
    leader.process.kill()
    leader.process.wait()
    other.wait_for("leading")
    assert other.stop() == 0


def test_the_sign_of_life_says_what_the_daemon_is_at(own_server: OwnServer, start: Start) -> None:
    """The health check reads it; without a server the daemon lives on and says why it does nothing."""
    server = own_server(18)
    server.stop()
    daemon = start(server.conninfo(), EVERY_MINUTE)
    until(daemon.sign.exists, "the sign of life")
    words = [sys.executable, "-m", "pgtune", "schedule", "health", "--heartbeat", str(daemon.sign)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout.startswith("standing by: ")
    server.start()
    daemon.wait_for("leading")
    assert daemon.stop() == 0
    old = datetime.now(UTC) - timedelta(minutes=5)
    daemon.sign.write_text(f'{{"at": "{old.isoformat()}", "standing": "", "running": null}}')
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert "the last sign of life" in done.stderr
