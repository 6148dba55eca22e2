"""`pgtune tune` as a person runs it: the command line against real servers, with its exit codes."""

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

    def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pgtune", *words], check=False, capture_output=True, text=True, timeout=180,
            cwd=PROJECT, stdin=subprocess.DEVNULL, env={**os.environ, "PGTUNE_HOME": str(home), **environment},
        )  # fmt: skip

    return run


def show(cluster, name: str) -> str:
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        return connection.execute(f"show {name}").fetchone()[0]


def answer(done: subprocess.CompletedProcess[str]) -> dict:
    assert done.returncode in {0, 1}, done.stderr
    return json.loads(done.stdout)


def test_apply_restart_nothing_left_undo(pgtune, own_server, version):
    """On each version: advise, apply, restart, in force, nothing left to say, undone byte for byte."""
    cluster = own_server(version)
    file = cluster.data / "postgresql.auto.conf"
    before, dsn = file.read_bytes(), cluster.conninfo()
    advised = answer(pgtune("tune", dsn, "--ram", "2GB", "--output", "json"))
    assert file.read_bytes() == before
    done = pgtune("tune", dsn, "--ram", "2GB", "--apply", "--restart", "--yes")
    assert done.returncode == 0, done.stderr
    assert show(cluster, "shared_buffers") == "512MB"
    assert {line["name"] for line in advised["settings"]} >= {"shared_buffers", "work_mem", "max_wal_size"}
    again = pgtune("tune", dsn, "--ram", "2GB", "--output", "json")
    assert (again.returncode, json.loads(again.stdout)["settings"]) == (0, [])
    assert pgtune("undo", "--yes", "--restart", dsn).returncode == 0
    assert file.read_bytes() == before
    assert show(cluster, "shared_buffers") == "128MB"


def test_what_a_role_takes_beside_the_budget_is_said(pgtune, own_server):
    """work_mem of a role that is larger than what the budget reckons with is named; a smaller one is not."""
    cluster = own_server()
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        connection.execute("create role etl")
        connection.execute("alter role etl set work_mem = '1GB'")
        connection.execute("create role web")
        connection.execute("alter role web set work_mem = '64kB'")
    answer = json.loads(pgtune("tune", cluster.conninfo(), "--ram", "8GB", "--output", "json").stdout)
    said = [note for note in answer["notes"] if note.startswith("work_mem: ")]
    assert len(said) == 1
    assert said[0].startswith("work_mem: ALTER ROLE etl SET 1GB wins for its sessions, the memory budget reckons with ")


def test_starts_without_what_it_does_not_need(pgtune, own_server):
    """The answer is quick because no parser of SQL and no scheduler is loaded for it: counted, for a clock is noisy."""
    done = pgtune("tune", own_server().conninfo(), PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 1
    lines = (line for line in done.stderr.splitlines() if line.startswith("import time:"))
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}
    assert {"pgtune", "psycopg"} <= loaded
    assert not loaded & {"sqlglot", "pglast", "apscheduler"}


def test_no_server_needed(pgtune):
    """A described machine gets its answer with no server at all, in the promised form."""
    machine = ("--ram", "16GB", "--cpus", "4", "--storage", "ssd", "--profile", "web", "--connections", "200")
    done = pgtune("tune", *machine, "--pg-version", "17", "--output", "json")
    assert done.returncode == 0, done.stderr
    tuning = json.loads(done.stdout)
    assert tuning["schema"] == "pgtune.tune/1"
    assert set(tuning) >= {"hardware", "memory_budget", "settings", "notes"}
    assert set(tuning["settings"][0]) >= {"name", "current", "proposed", "why", "source", "restart", "set_by"}
    assert pgtune("tune", "--ram", "4GB", "--cpus", "0.5", "--pg-version", "14").returncode == 0


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["tune", "host=/nowhere"], 3, "pgtune demo"),
        (["tune", "host=/nowhere", "--ram", "16GB"], 3, "without a server: --pg-version 18"),
        (["tune", "this is no conninfo"], 2, "connection string"),
        (["tune", "--pg-version", "9"], 2, "--pg-version"),
        (["tune", "--pg-version", "17", "--ram", "16 GiB"], 2, "16 GiB"),
        (["tune", "--pg-version", "17", "--ram", "1MB"], 2, "--ram"),
        (["tune", "--pg-version", "17", "--cpus", "0"], 2, "--cpus"),
        (["tune", "--pg-version", "17", "--guide", "/no/guide.toml"], 2, "/no/guide.toml"),
        (["tune", "--pg-version", "17", "--apply"], 2, "--apply"),
        (["tune", "--restart"], 2, "--apply"),
        (["tune", "--profile", "bank"], 2, "profile"),
    ],
)
def test_bad_input_is_one_clear_line(pgtune, words, code, says):
    """A wrong word, an unreachable server, an unreadable file: the documented exit code, the culprit, no traceback."""
    done = pgtune(*words)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_no_word_of_a_password_is_repeated(pgtune):
    """A connection string that cannot be read is not quoted: a part of it may be a password."""
    for text in ("password=my secret", "postgresql://app:sec%ret@db/app"):
        done = pgtune("tune", text)
        assert done.returncode == 2
        assert "sec" not in done.stdout + done.stderr


def test_a_full_or_closed_output_is_no_internal_error():
    """`>&-` is nobody to talk to; a full disk under the output is one line."""
    command = f"{sys.executable} -m pgtune tune --pg-version 17 --ram 4GB --cpus 2"
    closed = subprocess.run(["sh", "-c", f"{command} >&-"], check=False, capture_output=True, text=True, cwd=PROJECT)
    assert (closed.returncode, closed.stderr) == (0, "")
    full = subprocess.run(
        ["sh", "-c", f"{command} >/dev/full"], check=False, capture_output=True, text=True, cwd=PROJECT
    )
    assert full.returncode == 3
    assert "cannot be written: No space left" in full.stderr


def test_a_reader_that_goes_away_does_not_end_the_work(own_server, home):
    """`pgtune tune --apply --restart --yes 2>&1 >/dev/null | head -1`: the work is done, the server is up."""
    cluster = own_server()
    words = f"tune '{cluster.conninfo()}' --ram 2GB --apply --restart --yes"
    line = f"{sys.executable} -m pgtune {words} 2>&1 >/dev/null | head -1"
    environment = {**os.environ, "PGTUNE_HOME": str(home)}
    subprocess.run(["sh", "-c", line], check=True, capture_output=True, timeout=120, cwd=PROJECT, env=environment)
    limit = time.monotonic() + 30
    while time.monotonic() < limit and not cluster.running:
        time.sleep(0.1)
    assert show(cluster, "shared_buffers") == "512MB"


def test_a_hostile_guide_is_refused(pgtune, tmp_path):
    """A guide of the wrong form, or binary, is named and refused."""
    for number, content in enumerate(
        (b"[settings]\nwork_men='1MB'", b"\xff\xfe\x00", b"[settings]\nwork_mem = 'much'")
    ):
        guide = tmp_path / f"guide{number}.toml"
        guide.write_bytes(content)
        done = pgtune("tune", "--pg-version", "17", "--ram", "4GB", "--cpus", "2", "--guide", str(guide))
        assert done.returncode == 2, done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


def test_a_strict_guide_is_the_letter(pgtune, own_server):
    """The guide's ten figures to the letter, on a live server."""
    settings = answer(pgtune("tune", own_server().conninfo(), "--strict-guide", "--output", "json"))["settings"]
    values = {line["name"]: line["proposed"] for line in settings}
    assert values["work_mem"] == "64MB"
    assert values["maintenance_work_mem"] == "256MB"
    assert values["max_wal_size"] == "2GB"
    assert values["effective_io_concurrency"] == "200"


def test_without_asking_nothing_is_applied(pgtune, own_server):
    """--apply without a terminal and without --yes changes nothing and says how to go on."""
    cluster = own_server()
    before = (cluster.data / "postgresql.auto.conf").read_bytes()
    done = pgtune("tune", cluster.conninfo(), "--apply")
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert (cluster.data / "postgresql.auto.conf").read_bytes() == before


def test_a_plain_role_gets_advice(pgtune, own_server, role):
    """A role without any right reads the advice, is told what it could not see and which grant would bring it."""
    cluster = own_server()
    done = pgtune("tune", role(cluster))
    assert done.returncode == 1, done.stderr
    assert "GRANT" in done.stdout
    refused = pgtune("tune", role(cluster, "pg_monitor"), "--apply", "--yes")
    assert refused.returncode in {1, 3}
    assert "Traceback" not in refused.stderr


def test_an_attached_standby_keeps_replaying(pgtune, own_server, standby_of):
    """The five settings are refused by --apply while a standby streams; the rest is applied and the standby follows."""
    primary = own_server(18, {"max_connections": "50", "wal_level": "replica"})
    standby = standby_of(primary)
    advised = answer(pgtune("tune", primary.conninfo(), "--connections", "300", "--output", "json"))
    blocked = {line["name"]: line["blocked"] for line in advised["settings"] if line["blocked"]}
    assert "max_connections" in blocked
    assert any("on each standby" in step for step in advised["standby_first"])
    done = pgtune("tune", primary.conninfo(), "--connections", "300", "--apply", "--restart", "--yes")
    assert done.returncode == 1, done.stderr
    assert "max_connections" in done.stderr
    assert show(primary, "max_connections") == "50"
    assert show(primary, "work_mem") == "64MB"
    with psycopg.connect(primary.conninfo(), autocommit=True) as connection:
        connection.execute("create table replayed as select 1 as one")
    with psycopg.connect(standby.conninfo(), autocommit=True) as connection:
        limit = time.monotonic() + 30
        while not connection.execute("select to_regclass('replayed')").fetchone()[0] and time.monotonic() < limit:
            time.sleep(0.1)
        assert connection.execute("select to_regclass('replayed')").fetchone()[0] == "replayed"
        assert connection.execute("select pg_get_wal_replay_pause_state()").fetchone()[0] == "not paused"


def test_the_same_raise_would_pause_the_replay(own_server, standby_of):
    """Why the five are refused: raised on the primary alone, they pause the standby. So the test above can fail."""
    primary = own_server(18, {"max_connections": "50"})
    standby = standby_of(primary)
    with psycopg.connect(primary.conninfo(), autocommit=True) as connection:
        connection.execute("alter system set max_connections = 300")
    primary.restart()
    with psycopg.connect(standby.conninfo(), autocommit=True) as connection:
        limit = time.monotonic() + 30
        state = ""
        while state != "paused" and time.monotonic() < limit:
            state = connection.execute("select pg_get_wal_replay_pause_state()").fetchone()[0]
            time.sleep(0.1)
        assert state == "paused"


def test_a_standby_gets_advice_and_no_writer(pgtune, own_server, standby_of):
    """On a standby the advice is printed; --apply answers that it must not run here."""
    standby = standby_of(own_server())
    assert pgtune("tune", standby.conninfo()).returncode == 1
    done = pgtune("tune", standby.conninfo(), "--apply", "--yes")
    assert done.returncode == 5
    assert "standby" in done.stderr


def test_patronis_server_is_patronis(pgtune, own_server):
    """A server that Patroni runs is advised; --apply refuses in favour of Patroni's own way."""
    cluster = own_server(18, start=False)
    own = ("cluster_name=batman", "max_connections=100", "wal_level=replica", "hot_standby=on", "max_wal_senders=10",
           "max_prepared_transactions=0", "max_locks_per_transaction=64", "track_commit_timestamp=off",
           "max_worker_processes=8", "max_replication_slots=10", "wal_log_hints=on")  # fmt: skip
    options = " ".join(f"-c {each}" for each in own)
    cluster.run("pg_ctl", "start", "-w", "-D", cluster.data, "-l", cluster.log, "-o", options)
    assert any("--for patroni" in note for note in answer(pgtune("tune", cluster.conninfo(), "-o", "json"))["notes"])
    done = pgtune("tune", cluster.conninfo(), "--apply", "--yes")
    assert done.returncode == 5
    assert "atroni" in done.stderr


def test_the_proof_boots_what_is_proposed(pgtune, own_server):
    """--prove boots a throw-away server with the settings and says what it saw, here and for a bigger machine."""
    cluster = own_server()
    done = pgtune("tune", cluster.conninfo(), "--prove")
    assert done.returncode == 1, done.stderr
    assert "proven: " in done.stdout
    large = pgtune("tune", "--pg-version", "18", "--ram", "2TB", "--cpus", "64", "--storage", "nvme", "--prove")
    assert large.returncode == 0, large.stderr
    assert "scaled to" in large.stdout


@pytest.fixture
def elsewhere(home):
    """elsewhere(word, ...): pgtune in a process namespace of its own, which sees no server's process."""
    if subprocess.run(["unshare", "-pf", "--mount-proc", "true"], check=False, capture_output=True).returncode:
        pytest.skip("not tested: no process namespace can be made here")

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["unshare", "-pf", "--mount-proc", sys.executable, "-m", "pgtune", *words], check=False,
            capture_output=True, text=True, timeout=60, cwd=PROJECT, env={**os.environ, "PGTUNE_HOME": str(home)},
        )  # fmt: skip

    return run


def test_a_server_elsewhere_is_read_through_itself(elsewhere, own_server):
    """A superuser's tune of a server on another machine reads that machine's /proc through the server, and says so."""
    advised = answer(elsewhere("tune", own_server().conninfo(), "--output", "json"))
    total = int(Path("/proc/meminfo").read_text().split()[1]) * 1024
    assert 0.5 * total < advised["hardware"]["memory"]["value"] <= total
    assert any("through the server" in note for note in advised["notes"])


def test_a_server_elsewhere_is_described_or_estimated(elsewhere, own_server, role):
    """Without that right the machine is asked for; with a shared_buffers of somebody's choice it is estimated aloud."""
    cluster = own_server()
    plain = role(cluster)
    asked = elsewhere("tune", plain)
    assert asked.returncode == 2
    assert "--ram" in asked.stderr
    told = answer(elsewhere("tune", plain, "--ram", "8GB", "--cpus", "4", "--output", "json"))
    assert told["hardware"]["memory"] == {"value": 8 << 30, "source": "--ram"}
    cluster.configure({"shared_buffers": "512MB"})
    cluster.restart()
    guessed = answer(elsewhere("tune", plain, "--output", "json"))
    assert guessed["hardware"]["memory"]["value"] == 2 << 30
    assert any("ESTIMATED" in note for note in guessed["notes"])


def test_a_restart_from_elsewhere_is_refused_before(elsewhere, own_server):
    """Without the server's files and a way to start it, --restart refuses, and nothing has been written."""
    cluster = own_server()
    before = (cluster.data / "postgresql.auto.conf").read_bytes()
    done = elsewhere("tune", cluster.conninfo(), "--apply", "--restart", "--yes")
    assert done.returncode in {2, 5}
    assert "could not be taken back" in done.stderr
    assert (cluster.data / "postgresql.auto.conf").read_bytes() == before
