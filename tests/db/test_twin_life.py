"""A twin is raised quickly and leaves nothing behind, however the command ends."""

import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import psycopg
import pytest

from pgtune.model.design import Query
from pgtune.server.capture import capture
from pgtune.twin import raised

PROGRAM = """
import pickle, signal, sys, time
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # these tests may themselves run under nohup
from pgtune.twin import raised
with raised(pickle.loads(open(sys.argv[1], "rb").read())) as twin:
    print(twin.planner.house.cluster.folder, twin.planner.house.cluster.pid, flush=True)
    {then}
"""
ENDS = {
    "the block ends": ("pass", None, 0),
    "an error": ("raise RuntimeError", None, 1),
    "exit": ("sys.exit(7)", None, 7),
    "Ctrl-C": ("time.sleep(60)", signal.SIGINT, None),
    "terminated": ("time.sleep(60)", signal.SIGTERM, 128 + signal.SIGTERM),
    "hung up": ("time.sleep(60)", signal.SIGHUP, 128 + signal.SIGHUP),
}


def test_nothing_is_left_behind(own_server, tmp_path):
    """Whether the command ends well, fails, or is told to end: no folder and no process remains."""
    server = own_server()
    file = tmp_path / "snapshot"
    file.write_bytes(pickle.dumps(capture(server.conninfo())))
    for then, sent, code in ENDS.values():
        command = [sys.executable, "-c", PROGRAM.format(then=then), str(file)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            folder, pid = process.stdout.readline().rsplit(maxsplit=1)
            if sent is not None:
                assert _alive(int(pid))
                process.send_signal(sent)
            process.wait(60)
        if code is not None:
            assert process.returncode == code
        assert not Path(folder).exists()
        assert not _alive(int(pid))


def test_a_killed_command_leaves_no_server(own_server, tmp_path):
    """SIGKILL gives no time to clean up: what remains is taken away soon after by the process that waits for it."""
    server = own_server()
    file = tmp_path / "snapshot"
    file.write_bytes(pickle.dumps(capture(server.conninfo())))
    command = [sys.executable, "-c", PROGRAM.format(then="time.sleep(60)"), str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        folder, pid = process.stdout.readline().rsplit(maxsplit=1)
        assert _alive(int(pid))
        process.kill()
        process.wait(60)
    limit = time.monotonic() + 30
    while (Path(folder).exists() or _alive(int(pid))) and time.monotonic() < limit:
        time.sleep(0.05)
    assert not Path(folder).exists()
    assert not _alive(int(pid))


def _alive(pid: int) -> bool:
    """A process that ended and that nobody has taken note of yet is not alive."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_schema_of_many_tables_is_raised_in_batches(own_server):
    """200 tables with keys, indexes and statistics: everything is there, in batches."""
    server = own_server(settings={"fsync": "off"})
    with psycopg.connect(server.conninfo(), autocommit=True) as real:
        for n in range(200):
            real.execute(f"create table t{n} (id bigint primary key, a int, b text default 'x', g bigint)".encode())
            real.execute(f"create index on t{n} (a)".encode())
            real.execute(f"insert into t{n} select n, n % 7, 'x', 1 from generate_series(1, 30) n".encode())
            if n:
                real.execute(f"alter table t{n} add foreign key (g) references t{n - 1}".encode())
        real.execute("analyze")
    snapshot = capture(server.conninfo())
    began = time.process_time()
    with raised(snapshot) as twin:
        assert time.process_time() - began < 2  # seconds of our own; the server's depend on the machine
        assert twin.left_out == ()
        assert twin.doubts == ()
        plan = twin.plan(Query("select * from t7 join t6 on t7.g = t6.id where t7.a = 3"))
        assert plan.root.rows == pytest.approx(4, abs=1)


def test_a_big_table_takes_no_disk(own_server):
    """A table of three terabytes is believed to be one, in files of a gigabyte that take no space."""
    server = own_server()
    with psycopg.connect(server.conninfo(), autocommit=True) as real:
        real.execute("create table t (id bigint primary key, a int)")
        real.execute("insert into t select n, n % 10 from generate_series(1, 1000) n")
        real.execute("analyze")
    snapshot = capture(server.conninfo())
    (table,) = snapshot.tables
    index = replace(table.indexes[0], pages=50_000_000, tuples=3e10, height=None)
    pages = 400_000_000
    big = replace(table, pages=pages, relpages=pages, rows=3e10, indexes=(index,))
    with raised(replace(snapshot, tables=(big,))) as twin:
        plan = twin.plan(Query("select count(*) from t"))
        assert plan.cost > pages
        assert next(node for node in plan.root.walk() if node.kind == "Seq Scan").rows > 1e9
        assert twin.plan(Query("select * from t where id = 5")).cost < 50
        used = sum(path.stat().st_blocks * 512 for path in twin.planner.house.cluster.data.rglob("*") if path.is_file())
        assert used < 300 << 20
