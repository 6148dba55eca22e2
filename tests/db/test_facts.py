"""What pgtune reads of a live server, on real servers of every version and for every kind of role."""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pgtune.cluster import Cluster
from pgtune.model.errors import CannotConnect, ConnectionLost
from pgtune.model.server import Server
from pgtune.model.units import MB
from pgtune.server import facts
from pgtune.server.asking import one_line
from pgtune.server.connect import reading

Role = Callable[..., str]
OwnServer = Callable[..., Cluster]
StandbyOf = Callable[..., Cluster]

HOSTILE = "q\"uo'te d\\b\n; drop -- é 日本 %s {}"


@contextmanager
def session(conninfo: str) -> Iterator[psycopg.Connection]:
    connection = psycopg.connect(conninfo, autocommit=True)
    try:
        yield connection
    finally:
        connection.close()


def run(conninfo: str, *statements: str) -> None:
    with session(conninfo) as connection:
        for statement in statements:
            connection.execute(statement)


# --- every version, every kind of role -------------------------------------------------------------------------------


def test_a_superuser_misses_nothing(server: Cluster, database: str, version: int) -> None:
    """For a superuser every fact is read, and each says what the cluster really is."""
    seen = facts.read(database)
    assert seen.missing == ()
    assert seen.major == version
    assert seen.role.superuser
    assert seen.role.monitor
    assert seen.role.reads_files
    assert seen.data_directory == str(server.data)
    assert seen.peer_pid == server.pid
    assert (seen.host, seen.port) == (str(server.socket), 5432)
    assert seen.backend_pid > 0
    assert seen.postmaster_start < seen.backend_start <= time.time() + 1
    assert not seen.in_recovery
    assert seen.extensions == ("plpgsql",)
    assert "pg_stat_statements" in seen.available
    assert seen.standbys == ()
    assert seen.libraries == ()
    assert seen.manager is None


def test_activity_is_complete_for_a_superuser(database: str) -> None:
    """No figure of the activity is None, and sizes and ages are those of a young small cluster."""
    seen = facts.read(database).activity
    for name in seen.__slots__:
        assert getattr(seen, name) is not None, name
    assert 0 < seen.age_seconds < 3600
    assert 0 < seen.stats_seconds <= seen.age_seconds
    assert 20 * MB < seen.data_bytes < 500 * MB
    assert seen.wal_size >= 16 * MB


def test_pg_monitor_sees_all_but_the_files(server: Cluster, role: Role, version: int) -> None:
    """A role with pg_monitor has every fact but the lines of the files, and is told both grants for these."""
    seen = facts.read(role(server, "pg_monitor", name=f"watcher{version}"))
    assert len(seen.missing) == 1
    assert seen.missing[0].startswith("lines of the configuration files: GRANT SELECT ON pg_file_settings TO watcher")
    assert seen.data_directory == str(server.data)
    assert seen.file_entries is None
    assert seen.activity.data_bytes
    assert seen.activity.sessions_active is not None
    assert not seen.role.may_alter
    assert not seen.role.reads_files


def test_the_named_grants_bring_what_was_missing(server: Cluster, role: Role) -> None:
    """A role without any right reads what it can; after exactly the grants that it was told, nothing is missing."""
    run(server.conninfo(), "create database hidden", "revoke connect on database hidden from public")
    try:
        conninfo = role(server, name=HOSTILE)
        before = facts.read(conninfo)
        assert before.data_directory is None
        assert before.activity.data_bytes is None
        assert before.activity.wal_size is None
        assert before.activity.wal_bytes is not None
        assert "shared_buffers" in before.settings
        assert before.system_identifier
        run(server.conninfo(), *(grant for sentence in before.missing for grant in grants(sentence)))
        after = facts.read(conninfo)
        assert after.missing == ()
        assert after.role.name == HOSTILE
        assert after.data_directory == str(server.data)
        assert after.file_entries
    finally:
        run(server.conninfo(), "drop database hidden")


def grants(sentence: str) -> list[str]:
    return [f"GRANT {each}" for each in sentence.split(": GRANT ", 1)[1].split("; GRANT ")]


def test_no_question_is_refused_aloud(own_server: OwnServer) -> None:
    """Rights are asked for, not tried: a role without any leaves no error in the server's log."""
    cluster = own_server()
    run(cluster.conninfo(), "create role plain login password 'x'")
    password = (cluster.folder / "password").read_text().strip()
    run(cluster.conninfo(), f"alter role plain password '{password}'")
    offset = cluster.log.stat().st_size
    assert facts.read(cluster.conninfo(user="plain")).missing
    assert "ERROR" not in cluster.log_since(offset)


def test_alter_system_rights_are_per_parameter(server: Cluster, role: Role, version: int) -> None:
    """From 15 on a role may alter just the parameters it was granted; before, only a superuser may alter any."""
    conninfo = role(server, name=f"tuner{version}")
    if version >= 15:
        run(server.conninfo(), f"grant alter system on parameter work_mem to tuner{version}")
    assert facts.read(conninfo).role.may_alter == ({"work_mem"} if version >= 15 else set())
    assert "shared_buffers" in facts.read(server.conninfo()).role.may_alter


def test_settings_are_the_servers_rows(server: Cluster) -> None:
    """Each row of pg_settings becomes a Setting with its bounds, choices, file and line."""
    settings = facts.read(server.conninfo()).settings
    buffers, sync = settings["shared_buffers"], settings["fsync"]
    assert buffers.natural() == 128 * MB
    assert buffers.low == "16"
    assert buffers.restart
    assert settings["wal_level"].choices == ("minimal", "replica", "logical")
    assert sync.value == "off"
    assert (sync.source, sync.file) == ("configuration file", str(server.data / "postgresql.conf"))
    assert (server.data / "postgresql.conf").read_text().splitlines()[sync.line - 1] == "fsync = 'off'"


# --- what a session's own values hide --------------------------------------------------------------------------------


def test_a_roles_own_value_does_not_pass_for_the_servers(own_server: OwnServer) -> None:
    """ALTER ROLE and ALTER DATABASE change what pg_settings shows the role; the server's own values are reported."""
    cluster = own_server(17, {"work_mem": "24MB", "jit": "of", "effective_cache_size": "0x1000"})
    run(
        cluster.conninfo(), "alter role postgres set work_mem = '1GB'", "alter database postgres set jit = on",
        "alter role postgres in database postgres set maintenance_work_mem = '2GB'",
    )  # fmt: skip
    with reading(cluster.conninfo()) as connection:
        assert connection.execute("show work_mem").fetchone() == {"work_mem": "1GB"}
        seen = facts.read_from(connection)
    assert seen.settings["work_mem"].natural() == 24 * MB
    assert seen.settings["work_mem"].file == str(cluster.data / "postgresql.conf")
    assert seen.settings["jit"].value == "off"
    assert seen.settings["maintenance_work_mem"].natural() == 64 * MB
    assert seen.settings["maintenance_work_mem"].source == "default"
    assert seen.settings["statement_timeout"].value == "0"
    assert seen.settings["search_path"].value == '"$user", public'
    assert {(each.setting, each.value, each.database, each.role) for each in seen.overrides} == {
        ("work_mem", "1GB", None, "postgres"),
        ("jit", "on", "postgres", None),
        ("maintenance_work_mem", "2GB", "postgres", "postgres"),
    }


def test_a_hidden_value_is_named_where_the_files_may_not_be_read(server: Cluster, role: Role, version: int) -> None:
    """Without the right to read the files, a value that ALTER ROLE hides is named as missing."""
    conninfo = role(server, "pg_monitor", name=f"hidden{version}")
    run(server.conninfo(), f"alter role hidden{version} set work_mem = '77MB'")
    missing = facts.read(conninfo).missing
    assert any(sentence.startswith("work_mem of the whole server, which ALTER ROLE") for sentence in missing)
    assert not any("statement_timeout" in sentence for sentence in missing)


def test_overrides_with_hostile_names(own_server: OwnServer) -> None:
    """Roles, databases and values with quotes, equals signs, newlines and unicode come back as they are."""
    cluster = own_server(16)
    name = sql.Identifier(HOSTILE)
    with session(cluster.conninfo()) as connection:
        connection.execute(sql.SQL("create role {}").format(name))
        connection.execute(sql.SQL("create database {}").format(name))
        connection.execute(sql.SQL("alter role {0} in database {0} set my.text = {1}").format(name, f"a=b, {HOSTILE}"))
    seen = facts.read(make_conninfo(cluster.conninfo(), dbname=HOSTILE))
    assert seen.database == HOSTILE
    assert [(each.setting, each.value, each.database, each.role) for each in seen.overrides] == [
        ("my.text", f"a=b, {HOSTILE}", HOSTILE, HOSTILE)
    ]


def test_a_hostile_search_path_leads_nowhere(database: str) -> None:
    """A database whose owner put a pg_settings of their own first on the search_path is read from the catalog."""
    with session(database) as connection:
        name = connection.execute("select current_database()").fetchone()[0]
        connection.execute("create schema evil")
        connection.execute("create view evil.pg_settings as select 'evil' as name")
        connection.execute("create function evil.pg_is_in_recovery() returns bool language sql as 'select true'")
        connection.execute(sql.SQL("alter database {} set search_path = evil, pg_catalog").format(sql.Identifier(name)))
    seen = facts.read(database)
    assert not seen.in_recovery
    assert "shared_buffers" in seen.settings


def test_the_users_own_options_are_kept(server: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """PGOPTIONS reaches the session beside pgtune's own options, and does not pass for the server's setting."""
    monkeypatch.setenv("PGOPTIONS", "-c geqo_seed=0.5")
    with reading(server.conninfo()) as connection:
        assert connection.execute("show geqo_seed").fetchone() == {"geqo_seed": "0.5"}
        assert connection.execute("show transaction_read_only").fetchone() == {"transaction_read_only": "on"}
        assert facts.read_from(connection).settings["geqo_seed"].value == "0"


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_any_encoding_of_the_database(own_server: OwnServer, encoding: str) -> None:
    """Texts are texts whatever the encoding of the database that pgtune is connected to."""
    cluster = own_server(15)
    run(
        cluster.conninfo(),
        f"create database other template template0 encoding '{encoding}' locale 'C'",
        "create role mü; alter role mü set work_mem = '5MB'",
    )
    seen = facts.read(cluster.conninfo("other"))
    assert seen.version_text.startswith("15.")
    assert seen.settings["shared_buffers"].natural() == 128 * MB
    assert seen.missing == ()
    if encoding == "SQL_ASCII":
        assert [each.role for each in seen.overrides] == ["mü"]


def test_a_name_that_is_no_text_costs_only_its_fact(own_server: OwnServer) -> None:
    """A role named in another database's encoding is no valid text here: that list is left out, named, nothing else."""
    cluster = own_server(18)
    run(cluster.conninfo(), "create database latin template template0 encoding 'LATIN1' locale 'C'")
    run(cluster.conninfo("latin", client_encoding="UTF8"), "create role é", "alter role é set work_mem = '5MB'")
    seen = facts.read(cluster.conninfo())
    assert len(seen.missing) == 1
    assert seen.missing[0].startswith("values set by ALTER ROLE and ALTER DATABASE: 'utf-8' codec can't decode")
    assert seen.activity.data_bytes


# --- replication -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("major", [14, 15, 18])
def test_a_standby_is_seen_from_both_sides(own_server: OwnServer, standby_of: StandbyOf, major: int) -> None:
    """The primary names its streaming standby and slot; the standby says that it is one, and still tells its facts."""
    primary = own_server(major)
    standby = standby_of(primary, slot="spare")
    seen = wait_for(lambda: facts.read(primary.conninfo()), lambda server: bool(server.standbys))
    assert seen.standbys == (f"{standby.folder.name} (this machine)",)
    assert (seen.activity.walsenders, seen.activity.slots, seen.activity.slots_physical) == (1, 1, 1)
    there = facts.read(standby.conninfo())
    assert there.in_recovery
    assert there.missing == ()
    assert there.system_identifier == seen.system_identifier
    assert there.data_directory == str(standby.data)
    assert there.standbys == ()


def test_a_standby_counts_even_where_it_may_not_be_named(own_server: OwnServer, standby_of: StandbyOf) -> None:
    """A role without rights still learns that something receives WAL, and which grant names it."""
    primary = own_server()
    standby_of(primary)
    password = (primary.folder / "password").read_text().strip()
    run(primary.conninfo(), f"create role plain login password '{password}'")
    seen = wait_for(lambda: facts.read(primary.conninfo(user="plain")), lambda server: bool(server.standbys))
    assert seen.standbys == ("a standby that only pg_read_all_stats may name",)
    assert any("names of standbys: GRANT pg_read_all_stats TO plain" in sentence for sentence in seen.missing)


def test_a_logical_subscriber_is_no_standby(own_server: OwnServer) -> None:
    """A logical subscription takes a slot and a walsender, but no standby's replay depends on this server."""
    publisher = own_server(17, {"wal_level": "logical"})
    subscriber = own_server(17)
    run(publisher.conninfo(), "create table t (id int primary key)", "create publication p for table t")
    secret = publisher.folder / "password"
    source = f"host={publisher.socket} user=postgres dbname=postgres password={secret.read_text().strip()}"
    subscribe = f"create subscription s connection '{source}' publication p"
    run(subscriber.conninfo(), "create table t (id int primary key)", subscribe)
    seen = wait_for(lambda: facts.read(publisher.conninfo()), lambda server: server.activity.walsenders == 1)
    assert seen.standbys == ()
    assert (seen.activity.slots, seen.activity.slots_physical) == (1, 0)
    assert facts.read(subscriber.conninfo()).activity.background_workers >= 2
    run(subscriber.conninfo(), "drop subscription s")


def wait_for(read: Callable[[], Server], enough: Callable[[Server], bool], seconds: float = 20) -> Server:
    limit = time.monotonic() + seconds
    while True:
        found = read()
        if enough(found) or time.monotonic() > limit:
            return found
        time.sleep(0.1)


# --- what the statistics count ---------------------------------------------------------------------------------------


def test_activity_counts_what_happened(own_server: OwnServer, version: int) -> None:
    """Sessions, WAL, requested checkpoints, spills and prepared transactions are counted as they were made."""
    cluster = own_server(version, {"max_prepared_transactions": "5"})
    before = facts.read(cluster.conninfo()).activity
    run(
        cluster.conninfo(), "create table t as select n from generate_series(1, 300000) n", "set work_mem = '64kB'",
        "select * from t order by n desc limit 1 offset 299999", "checkpoint",
        "begin", "insert into t values (1)", "prepare transaction 'left'",
    )  # fmt: skip
    with session(cluster.conninfo()), session(cluster.conninfo()):
        seen = wait_for(
            lambda: facts.read(cluster.conninfo()),
            lambda server: bool(server.activity.temp_bytes) and server.activity.checkpoints_requested >= 1,
        ).activity
    assert seen.sessions == 2
    assert seen.wal_bytes - before.wal_bytes > 5 * MB
    assert seen.temp_files >= 1
    assert seen.temp_bytes > MB
    assert seen.checkpoints_requested >= 1
    assert seen.prepared_transactions == 1
    assert seen.data_bytes - before.data_bytes > 5 * MB


# --- a server that goes away or waits --------------------------------------------------------------------------------


@contextmanager
def blocked_reading(cluster: Cluster) -> Iterator[tuple[Future[Server], int]]:
    """A read() that waits, in its midst, for a lock that somebody else holds; its future and its backend."""
    with session(cluster.conninfo()) as holder, ThreadPoolExecutor(1) as pool:
        holder.execute("begin; lock table pg_extension in access exclusive mode")
        future = pool.submit(facts.read, cluster.conninfo())
        waiting = "select pid from pg_stat_activity where application_name = 'pgtune' and wait_event_type = 'Lock'"
        with session(cluster.conninfo()) as watcher:
            limit = time.monotonic() + 20
            while (row := watcher.execute(waiting).fetchone()) is None:
                assert time.monotonic() < limit
                time.sleep(0.01)
        yield future, row[0]


def test_a_terminated_session_is_one_clear_error(own_server: OwnServer) -> None:
    """Another session ends ours in the middle: one line that says so, and no traceback of the driver."""
    cluster = own_server()
    with blocked_reading(cluster) as (future, pid):
        run(cluster.conninfo(), f"select pg_terminate_backend({pid})")
        with pytest.raises(ConnectionLost, match="terminating connection due to administrator command") as caught:
            future.result(timeout=20)
    assert "\n" not in str(caught.value)


def test_a_killed_server_is_one_clear_error(own_server: OwnServer) -> None:
    """The server dies in the middle: one line that says so."""
    cluster = own_server()
    with blocked_reading(cluster) as (future, _pid):
        cluster.kill()
        with pytest.raises(ConnectionLost) as caught:
            future.result(timeout=20)
    assert "\n" not in str(caught.value)


def test_a_fact_behind_a_lock_is_left_out_and_named(own_server: OwnServer) -> None:
    """A question that meets a lock is given up after two seconds; the rest of the facts stand."""
    cluster = own_server()
    with blocked_reading(cluster) as (future, _pid):
        seen = future.result(timeout=20)
    assert any(sentence.startswith("extensions: canceling statement due to lock timeout") for sentence in seen.missing)
    assert seen.extensions == ()
    assert seen.activity.data_bytes
    assert seen.settings


def test_no_server_no_facts(own_server: OwnServer) -> None:
    """A stopped server is one clear error."""
    cluster = own_server(start=False)
    with pytest.raises(CannotConnect):
        facts.read(cluster.conninfo())


def test_reading_takes_well_below_a_second(server: Cluster) -> None:
    """All facts are read within half a second, the connection included (the best of three, machines are shared)."""
    took = []
    for _ in range(3):
        start = time.perf_counter()
        facts.read(server.conninfo())
        took.append(time.perf_counter() - start)
    logging.getLogger(__name__).info("read() took %.0f ms", min(took) * 1000)
    assert min(took) < 0.5


# --- managers --------------------------------------------------------------------------------------------------------

FAKED = {
    "rds": {"rds.extensions": "x"},
    "azure": {"azure.extensions": "x"},
    "cloudsql": {"cloudsql.iam_authentication": "on"},
    "cloudnativepg": {"archive_mode": "on", "archive_command": "/controller/manager wal-archive %p"},
}


@pytest.mark.parametrize("kind", FAKED)
def test_a_manager_is_recognised_by_its_settings(own_server: OwnServer, kind: str) -> None:
    """A server that carries a manager's own settings is recognised, whatever the role."""
    cluster = own_server(18, FAKED[kind])
    password = (cluster.folder / "password").read_text().strip()
    run(cluster.conninfo(), f"create role plain login password '{password}'")
    assert facts.read(cluster.conninfo()).manager.kind == kind
    if kind != "cloudnativepg":  # archive_command is for superusers and pg_read_all_settings
        assert facts.read(cluster.conninfo(user="plain")).manager.kind == kind


def test_aurora_is_recognised_by_its_function(database: str) -> None:
    """Aurora is told from RDS by a function that only it has."""
    run(database, "create function aurora_version() returns text language sql as $$ select '17.7' $$")
    assert facts.read(database).manager.kind == "aurora"


@pytest.mark.parametrize(
    ("application", "kind"),
    [("Patroni heartbeat", "patroni"), ("Patroni", "patroni"), ("cnpg_metrics_exporter", "cloudnativepg")],
)
def test_a_manager_is_recognised_by_its_sessions(own_server: OwnServer, application: str, kind: str) -> None:
    """A manager's session gives it away, also to a role that sees no more than its name."""
    cluster = own_server()
    password = (cluster.folder / "password").read_text().strip()
    run(cluster.conninfo(), f"create role plain login password '{password}'")
    with session(make_conninfo(cluster.conninfo(), application_name=application)):
        for user in ("postgres", "plain"):
            manager = facts.read(cluster.conninfo(user=user)).manager
            assert manager.kind == kind
            assert application in manager.evidence
    assert facts.read(cluster.conninfo()).manager is None


def test_patroni_is_recognised_by_the_command_line(own_server: OwnServer) -> None:
    """The options that Patroni passes to postgres, all of them, and nothing less."""
    cluster = own_server(start=False)
    options = {
        "cluster_name": "shop", "wal_level": "replica", "max_connections": "100", "max_worker_processes": "8",
        "max_locks_per_transaction": "64",
    }  # fmt: skip
    start_with(cluster, options)
    assert facts.read(cluster.conninfo()).manager.kind == "patroni"
    cluster.stop()
    start_with(cluster, {"max_connections": "200", "wal_level": "replica"})
    seen = facts.read(cluster.conninfo())
    assert seen.manager is None
    assert seen.settings["max_connections"].source == "command line"


def start_with(cluster: Cluster, options: dict[str, str]) -> None:
    words = " ".join(f"-c {name}={value}" for name, value in options.items())
    done = cluster.run("pg_ctl", "start", "-w", "-D", cluster.data, "-l", cluster.log, "-o", words)
    assert done.returncode == 0, done.stdout


# --- names as SQL takes them -----------------------------------------------------------------------------------------


def test_a_role_is_named_as_a_grant_takes_it(database: str) -> None:
    """What is printed for a role is one line without controls, and the server reads it back as that role."""
    with session(database) as connection:
        for name in ("app", "App", "my role", HOSTILE, "tab\there", 'x"\x1b[31m', "user", "1st", "back\\slash\n"):
            given = one_line(connection.execute("select quote_ident(%s)", (name,)).fetchone()[0])
            assert given.isprintable()
            connection.execute(f"create role {given}")
            connection.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))
