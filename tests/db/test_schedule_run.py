"""`pgtune schedule run` as a user starts it: it maintains a real server, and dies without leaving anything behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from pgtune.cluster import Cluster
from pgtune.maintenance.record import scope
from pgtune.maintenance.work import Kind
from pgtune.server.maintain import history
from tests.conftest import OwnServer, execute

SLOWEST = 60.0  # seconds
POLICY = """
[nightly]
tasks = ["{task}"]
cron = "{minute} {hour} * * *"
timezone = "UTC"
catch_up = "12h"
"""
# An index whose rebuild takes 100 rows * 0.3 s, and which is invalid, so that a run rebuilds it.
SLOW_INDEX = """
create table slow (id int);
insert into slow select generate_series(1, 100);
create function snail(int) returns int immutable language plpgsql as 'begin return $1; end';
create index slow_snail on slow (public.snail(id));
create or replace function snail(int) returns int immutable language plpgsql
    as 'begin perform pg_catalog.pg_sleep(0.3); return $1; end';
update pg_index set indisvalid = false where indexrelid = 'slow_snail'::regclass;
"""
DEAD_ROWS = """
create table worn (id int) with (autovacuum_enabled = off);
insert into worn select generate_series(1, 20000);
delete from worn where id % 2 = 0;
analyze worn;
"""
INVALID = (
    "select count(*) from pg_index i join pg_class c on c.oid = indexrelid where not indisvalid and relname ~ '_cc'"
)

Daemon = subprocess.Popen[bytes]
Start = Callable[[Cluster, str], tuple[Daemon, Path]]


def one(conninfo: str, query: str) -> object:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
        return row[0] if row else None


def until(holds: Callable[[], object], log: Path) -> None:
    end = time.monotonic() + SLOWEST
    while not holds():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.1)


def missed(conninfo: str, kind: Kind) -> str:
    """A policy of an hour ago, of which the history in the cluster says that it last ran yesterday."""
    history.create(conninfo)
    book = history.opened(conninfo)
    assert book is not None
    book.open_run("test", scope([kind], None, None, None))
    book.close_run(0, "")
    book.session.close()
    execute(
        conninfo, "update pgtune.maintenance_run set began = began - interval '25 h', ended = ended - interval '25 h'"
    )
    then = datetime.now(UTC) - timedelta(hours=1)
    return POLICY.format(task=kind.value, minute=then.minute, hour=then.hour)


@pytest.fixture
def start(tmp_path: Path, home: Path) -> Iterator[Start]:
    """start(server, schedule): `pgtune schedule run` and its log; killed after the test if it still runs."""
    made: list[Daemon] = []

    def begin(server: Cluster, schedule: str) -> tuple[Daemon, Path]:
        file, log = tmp_path / "schedule.toml", tmp_path / f"log-{len(made)}"
        file.write_text(schedule)
        words = [sys.executable, "-m", "pgtune", "schedule", "run", "--schedule", str(file), server.conninfo()]
        with log.open("wb") as stream:
            process = subprocess.Popen(
                words, stdout=stream, stderr=subprocess.STDOUT, env={**os.environ, "PGTUNE_HOME": str(home)}
            )
        made.append(process)
        return process, log

    yield begin
    for process in made:
        if process.poll() is None:
            process.kill()
            process.wait()


def last_run(conninfo: str) -> tuple[object, ...] | None:
    with psycopg.connect(conninfo) as connection:
        query = "select exit_code, ended is not null from pgtune.maintenance_run order by id desc limit 1"
        return connection.execute(query).fetchone()


def test_a_missed_vacuum_is_made_up_for(own_server: OwnServer, start: Start) -> None:
    """The daemon starts, finds in the history that last night's run is missing, does it, and records it."""
    server = own_server(18)
    execute(server.conninfo(), DEAD_ROWS)
    process, log = start(server, missed(server.conninfo(), Kind.VACUUM))
    until(lambda: "nightly: ended with exit code 0" in log.read_text(), log)
    process.send_signal(signal.SIGTERM)
    assert process.wait(SLOWEST) == 0
    assert last_run(server.conninfo()) == (0, True)
    assert one(server.conninfo(), "select count(*) from pgtune.maintenance_step where name = 'worn'") == 1
    assert one(server.conninfo(), "select pg_stat_get_vacuum_count('worn'::regclass)") == 1


def test_sigterm_in_the_middle_of_a_rebuild_leaves_nothing_behind(own_server: OwnServer, start: Start) -> None:
    """SIGTERM while REINDEX CONCURRENTLY builds: it is cancelled, its half-built index dropped, and told as such."""
    server = own_server(18)
    execute(server.conninfo(), SLOW_INDEX)
    process, log = start(server, missed(server.conninfo(), Kind.REINDEX))
    until(lambda: one(server.conninfo(), "select count(*) from pg_stat_progress_create_index"), log)
    assert one(server.conninfo(), INVALID) == 1
    process.send_signal(signal.SIGTERM)
    assert process.wait(SLOWEST) == 0, log.read_text()
    assert one(server.conninfo(), INVALID) == 0
    assert last_run(server.conninfo()) == (130, True)
    assert "stopped" in log.read_text()
    # Once the index can be built, the next daemon makes up for the interrupted run.
    execute(server.conninfo(), "create or replace function snail(int) returns int immutable language sql return $1")
    process, log = start(server, (log.parent / "schedule.toml").read_text())
    until(lambda: "nightly: ended with exit code 0" in log.read_text(), log)
    assert one(server.conninfo(), "select indisvalid from pg_index where indexrelid = 'slow_snail'::regclass") is True
