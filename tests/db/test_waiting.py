"""Values that wait for a restart, an included file, and huge pages: on real servers, as a person sees it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def pgtune(home):
    """pgtune(word, ...): the finished process of the command."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pgtune", *words], check=False, capture_output=True, text=True, timeout=180,
            cwd=PROJECT, stdin=subprocess.DEVNULL, env={**os.environ, "PGTUNE_HOME": str(home)},
        )  # fmt: skip

    return run


def tuned(pgtune, dsn: str, *words: str) -> dict:
    done = pgtune("tune", dsn, "--ram", "2GB", "--output", "json", *words)
    assert done.returncode in {0, 1}, done.stderr
    return json.loads(done.stdout)


def show(cluster, name: str) -> str:
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        return connection.execute(f"show {name}").fetchone()[0]


def alter(cluster, *statements: str) -> None:
    """ALTER SYSTEM and a reload, waited for: the view then knows what waits."""
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        for statement in statements:
            connection.execute(f"alter system {statement}")
        connection.execute("select pg_reload_conf()")
        limit = time.monotonic() + 20
        while time.monotonic() < limit and not waiting(cluster):
            time.sleep(0.05)


def waiting(cluster) -> set[str]:
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        return {row[0] for row in connection.execute("select name from pg_settings where pending_restart")}


def line(answer: dict, name: str) -> dict | None:
    return next((each for each in answer["settings"] if each["name"] == name), None)


def test_what_waits_is_compared(pgtune, own_server, version):
    """A bad value that waits is a finding although a good one is in force; a good one that waits is none."""
    cluster = own_server(version, {"shared_buffers": "512MB"})
    assert line(tuned(pgtune, cluster.conninfo()), "shared_buffers") is None
    alter(cluster, "set shared_buffers = '18GB'")
    found = line(tuned(pgtune, cluster.conninfo()), "shared_buffers")
    assert (found["current"], found["proposed"]) == ("512MB", "512MB")
    assert "18GB waits for a restart" in found["set_by"]
    alter(cluster, "set shared_buffers = '500MB'")
    answer = tuned(pgtune, cluster.conninfo())
    assert line(answer, "shared_buffers") is None
    assert answer["waiting"] == ["shared_buffers = 500MB"]


def test_what_waits_is_budgeted(pgtune, own_server):
    """5,000 connections that wait for a restart do not fit today's memory, and the budget says so today."""
    cluster = own_server()
    assert tuned(pgtune, cluster.conninfo())["memory_budget"]["fits"]
    alter(cluster, "set max_connections = 5000")
    answer = tuned(pgtune, cluster.conninfo())
    assert not answer["memory_budget"]["fits"]
    assert any("5000 connections" in note for note in answer["notes"])


def test_a_line_that_is_gone_brings_the_default(pgtune, own_server):
    """A setting whose line was taken out of the files waits for its built-in value."""
    cluster = own_server(18, {"max_worker_processes": "20"})
    conf = cluster.data / "postgresql.conf"
    conf.write_text(conf.read_text().replace("max_worker_processes = '20'", ""))
    alter(cluster)
    assert tuned(pgtune, cluster.conninfo())["waiting"] == ["max_worker_processes = 8"]


def test_who_may_not_see_it_is_told(pgtune, own_server, role):
    """A role that cannot read the files is told that something waits and that its value was not reckoned with."""
    cluster = own_server()
    alter(cluster, "set max_connections = 300")
    notes = tuned(pgtune, role(cluster, "pg_monitor"))["notes"]
    assert any("max_connections" in note and "cannot be seen by this role" in note for note in notes)


def test_nothing_to_change_names_the_restart(pgtune, own_server):
    """Applied without a restart: the second run has no line, names the restart, and --restart makes it."""
    cluster = own_server()
    before = (cluster.data / "postgresql.auto.conf").read_bytes()
    dsn = cluster.conninfo()
    assert pgtune("tune", dsn, "--ram", "2GB", "--apply", "--yes").returncode == 0
    told = pgtune("tune", dsn, "--ram", "2GB")
    assert told.returncode == 0
    assert "a restart to be made: shared_buffers = 512MB" in " ".join(told.stdout.split())
    again = pgtune("tune", dsn, "--ram", "2GB", "--apply", "--yes")
    assert "waiting for a restart (pgtune tune --apply --restart): shared_buffers" in again.stderr
    unasked = pgtune("tune", dsn, "--ram", "2GB", "--apply", "--restart")
    assert (unasked.returncode, show(cluster, "shared_buffers")) == (2, "128MB")
    done = pgtune("tune", dsn, "--ram", "2GB", "--apply", "--restart", "--yes")
    assert (done.returncode, show(cluster, "shared_buffers")) == (0, "512MB")
    assert pgtune("undo", dsn, "--restart", "--yes").returncode == 0
    assert (cluster.data / "postgresql.auto.conf").read_bytes() == before
    assert show(cluster, "shared_buffers") == "128MB"


def test_a_bad_value_that_waits_is_taken_out_without_a_restart(pgtune, own_server):
    """Where the value in force is right, writing it is enough: nothing waits any more; undo brings the other back."""
    cluster = own_server(18, {"shared_buffers": "512MB"})
    alter(cluster, "set shared_buffers = '18GB'")
    before = (cluster.data / "postgresql.auto.conf").read_bytes()
    done = pgtune("tune", cluster.conninfo(), "--ram", "2GB", "--apply", "--yes")
    assert done.returncode == 0, done.stderr
    assert "waiting for a restart" not in done.stderr
    assert waiting(cluster) == set()
    assert pgtune("undo", cluster.conninfo(), "--yes").returncode == 0
    assert (cluster.data / "postgresql.auto.conf").read_bytes() == before


def test_an_include_in_auto_conf_is_left_whole(pgtune, own_server, version):
    """ALTER SYSTEM would copy the included file into postgresql.auto.conf for good: refused, nothing touched."""
    cluster = own_server(version, start=False)
    extra, auto = cluster.data / "extra.conf", cluster.data / "postgresql.auto.conf"
    extra.write_text("work_mem = '5MB'\n")
    cluster.account.own(extra)
    auto.write_text("include 'extra.conf'\n")
    cluster.start()
    before = auto.read_bytes()
    done = pgtune("tune", cluster.conninfo(), "--ram", "2GB", "--apply", "--yes")
    assert done.returncode == 5
    assert "extra.conf" in done.stderr
    assert "--via conf.d" in done.stderr
    assert auto.read_bytes() == before
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:  # the harm that is spared
        connection.execute("alter system set random_page_cost = 1.1")
    assert b"include" not in auto.read_bytes()
    assert b"5MB" in auto.read_bytes()


def test_huge_pages_are_counted_by_postgresql(pgtune, own_server, version):
    """The count for the proposed settings is what the server itself says once they are in force (15 and later)."""
    cluster = own_server(version)
    words = ("tune", cluster.conninfo(), "--ram", "12GB", "--connections", "300")
    kernel = json.loads(pgtune(*words, "--output", "json").stdout)["kernel"]
    advice = next(text for text in kernel if text.startswith("vm.nr_hugepages"))
    if version < 15:
        assert ": about " in advice
        return
    assert ": exactly " in advice
    assert pgtune(*words, "--apply", "--restart", "--yes").returncode == 0
    assert advice.startswith(f"vm.nr_hugepages = {show(cluster, 'shared_memory_size_in_huge_pages')}:")
