"""What every test shares: real servers, an environment without the developer's own, an honest list of versions.

`database` is the conninfo of a fresh copy of a small sample database, once for every version from 14 to 18; `server`
is the cluster that it lives in, shared by all tests and never changed by one. A test that restarts, kills or
configures a server makes its own with `own_server`, and a streaming standby of that with `standby_of`.

A version without binaries is skipped as "not tested"; PGTUNE_REQUIRE_VERSIONS="14 15 16 17 18" makes that a failure.
"""

import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from shutil import rmtree

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pgtune import versions
from pgtune.cluster import Binaries, Cluster, find
from pgtune.cluster import account as accounts
from pgtune.model.errors import ServerNotFound

LONG = {"test_container", "test_out_of_memory", "test_demo", "test_demo_advice"}
NOT_TESTED = "not tested: no binaries of PostgreSQL "
SAMPLE = """
create table customers (id bigint primary key, name text not null, city text not null);
insert into customers select n, 'customer ' || n, 'city ' || n % 97 from generate_series(1, 2000) n;
create table orders (id bigint primary key, customer_id bigint not null references customers, paid numeric, note text);
insert into orders select n, 1 + n % 2000, n % 500, repeat('x', (n % 50)::int) from generate_series(1, 10000) n;
create index orders_customer on orders (customer_id);
analyze;
"""

BinariesOf = Callable[[int], Binaries]
Role = Callable[..., str]
OwnServer = Callable[..., Cluster]
StandbyOf = Callable[..., Cluster]


def pytest_configure() -> None:
    for name in list(os.environ):
        if name.startswith("PG") and not name.startswith("PGTUNE_"):
            del os.environ[name]  # PGHOST and the like would lead tests to somebody's server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no process is left alone with them in the end."""
    items.sort(key=lambda item: item.path.stem not in LONG)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are named by their place: what they hold may tell the time of day, as gzip does, and names must agree."""
    return argname if isinstance(val, bytes) else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Versions without binaries are named; the reports tell, for tests run in several processes."""
    skipped = (str(report.longrepr) for report in terminalreporter.stats.get("skipped", ()))
    missing = sorted({found[1] for words in skipped if (found := re.search(NOT_TESTED + r"(\d+)", words))})
    if missing:
        names = ", ".join(missing)
        terminalreporter.write_line(f"NOT TESTED: PostgreSQL {names} (no binaries here)", yellow=True, bold=True)


@pytest.fixture(scope="session")
def binaries_of() -> BinariesOf:
    """The programs of a version. Where there are none the test is skipped as not tested.

    With PGTUNE_REQUIRE_VERSIONS="14 15 16 17 18" in the environment it fails instead.
    """

    def search(major: int) -> Binaries:
        try:
            found = find(major)
            return replace(found, folder=found.folder.resolve())  # what a test's own home leads to outlives it
        except ServerNotFound as error:
            if str(major) in os.environ.get("PGTUNE_REQUIRE_VERSIONS", "").split():
                pytest.fail(f"PGTUNE_REQUIRE_VERSIONS asks for PostgreSQL {major}: {error}")
            pytest.skip(f"{NOT_TESTED}{major}")

    return search


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A PGTUNE_HOME of the test's own, which the sandbox account may enter; unpacked servers are still found."""
    servers = accounts.home() / "postgresql"
    folder = Path(tempfile.mkdtemp(prefix="pgtune-home-"))
    folder.chmod(0o755)
    if servers.is_dir():
        (folder / "postgresql").symlink_to(servers)
    monkeypatch.setenv("PGTUNE_HOME", str(folder))
    yield folder
    rmtree(folder)


class Clusters:
    """The session's clusters: a pristine one a version to copy from, and a running one a version to share."""

    def __init__(self) -> None:
        self._pristine: dict[int, Cluster] = {}
        self._shared: dict[int, Cluster] = {}
        self._made: list[Cluster] = []

    def copy(self, binaries: Binaries) -> Cluster:
        """A cluster as initdb left it, in a folder of its own; 0.1 s where initdb takes 1 s."""
        if binaries.major not in self._pristine:
            self._pristine[binaries.major] = Cluster.throw_away(binaries)
            self._made.append(self._pristine[binaries.major])
        original = self._pristine[binaries.major]
        cluster = empty(binaries)
        done = original.account.run(["cp", "-a", str(original.data), str(cluster.data)], {})
        assert done.returncode == 0, done.stderr
        for name in ("pgpass", "password"):
            (cluster.folder / name).write_bytes((original.folder / name).read_bytes())
            (cluster.folder / name).chmod(0o600)
        cluster.configure({"unix_socket_directories": str(cluster.socket)})
        return cluster

    def shared(self, binaries: Binaries) -> Cluster:
        """The running cluster of this version that tests share, with the template database `sample`."""
        if binaries.major not in self._shared:
            cluster = self.copy(binaries)
            self._made.append(cluster)
            # Nobody vacuums behind a test's back: no round of autovacuum, but for the one against wraparound.
            cluster.configure({"fsync": "off", "autovacuum_naptime": "1d"})
            cluster.start()
            execute(cluster.conninfo(), "create database sample")
            execute(cluster.conninfo("sample"), SAMPLE)
            self._shared[binaries.major] = cluster
        return self._shared[binaries.major]

    def remove(self) -> None:
        """Stop and delete them all."""
        for cluster in self._made:
            cluster.remove()


def empty(binaries: Binaries) -> Cluster:
    """A cluster that has a folder and nothing in it."""
    owner = accounts.current()
    folder = accounts.private_folder(Path(tempfile.mkdtemp(prefix="pgtune-")), owner)
    return Cluster(folder, binaries, owner)


def execute(conninfo: str, statement: str | sql.Composed) -> None:
    """Run SQL as given, outside a transaction."""
    connection = psycopg.connect(conninfo, autocommit=True)
    try:
        connection.execute(statement)
    finally:
        connection.close()


def analyzed(conninfo: str, table: str) -> None:
    """VACUUM ANALYZE a table and see it counted: 14's counters come late, and in any order."""
    counters = (
        "select n_tup_ins + n_tup_upd, last_analyze, n_mod_since_analyze from pg_stat_user_tables where relname = %s"
    )
    limit = time.monotonic() + 20
    with psycopg.connect(conninfo, autocommit=True) as connection:
        while not (connection.execute(counters, [table]).fetchone() or [0])[0] and time.monotonic() < limit:
            time.sleep(0.1)
        connection.execute(sql.SQL("vacuum analyze {}").format(sql.Identifier(table)))
        while connection.execute(counters, [table]).fetchone()[2] and time.monotonic() < limit:
            time.sleep(0.1)


@pytest.fixture(scope="session")
def clusters() -> Iterator[Clusters]:
    made = Clusters()
    yield made
    made.remove()


@pytest.fixture(params=versions.TESTED, ids=lambda major: f"pg{major}")
def version(request: pytest.FixtureRequest, binaries_of: BinariesOf) -> int:
    """Each tested major version that has binaries here."""
    return binaries_of(request.param).major


@pytest.fixture
def server(version: int, clusters: Clusters, binaries_of: BinariesOf) -> Cluster:
    """The shared cluster of each version. Leave its configuration alone, drop what you create."""
    return clusters.shared(binaries_of(version))


NUMBERS = count(1)


@pytest.fixture
def database(server: Cluster) -> Iterator[str]:
    """The conninfo, as superuser, of a database of the test's own with the tables of SAMPLE."""
    name = f"test_{next(NUMBERS)}"
    execute(server.conninfo(), f"create database {name} template sample")
    yield server.conninfo(name)
    execute(server.conninfo(), f"drop database if exists {name} with (force)")


@pytest.fixture
def role(request: pytest.FixtureRequest) -> Iterator[Role]:
    """role(cluster, *memberships, name="...", dbname="...") creates a login role and returns its conninfo."""
    if "database" in request.fixturenames:
        request.getfixturevalue("database")  # set up before, so dropped after the roles
    made: list[tuple[Cluster, str, str]] = []

    def create(cluster: Cluster, *memberships: str, name: str | None = None, dbname: str = "postgres") -> str:
        name = name or f"app_{next(NUMBERS)}"
        password = (cluster.folder / "password").read_text().strip()
        words = sql.SQL("create role {} login password {}").format(sql.Identifier(name), sql.Literal(password))
        execute(cluster.conninfo(), words)
        made.append((cluster, dbname, name))
        for group in memberships:
            grant = sql.SQL("grant {} to {}").format(sql.Identifier(group), sql.Identifier(name))
            execute(cluster.conninfo(), grant)
        return make_conninfo(cluster.conninfo(), dbname=dbname, user=name)

    yield create
    for cluster, dbname, name in reversed(made):
        if cluster.running:
            everything = sql.SQL("drop owned by {0}; drop role {0}").format(sql.Identifier(name))
            execute(make_conninfo(cluster.conninfo(), dbname=dbname), everything)


@pytest.fixture
def own_server(binaries_of: BinariesOf, clusters: Clusters) -> Iterator[OwnServer]:
    """own_server(major=18, {"name": "value"}, start=True): a throw-away cluster, removed after the test."""
    made: list[Cluster] = []

    def create(major: int = 18, settings: Mapping[str, str] | None = None, *, start: bool = True) -> Cluster:
        cluster = clusters.copy(binaries_of(major))
        made.append(cluster)
        cluster.configure(settings or {})
        if start:
            cluster.start()
        return cluster

    yield create
    for cluster in made:
        cluster.remove()


@pytest.fixture
def standby_of() -> Iterator[StandbyOf]:
    """standby_of(primary, {"name": "value"}, slot="name"): a streaming standby of a cluster that `own_server` made."""
    made: list[Cluster] = []

    def create(primary: Cluster, settings: Mapping[str, str] | None = None, slot: str | None = None) -> Cluster:
        standby = empty(primary.binaries)
        made.append(standby)
        for name in ("pgpass", "password"):
            (standby.folder / name).write_bytes((primary.folder / name).read_bytes())
            (standby.folder / name).chmod(0o600)
            standby.account.own(standby.folder / name)  # its walreceiver reads the passfile
        source = primary.conninfo(passfile=str(standby.folder / "pgpass"), application_name=standby.folder.name)
        slots = ["-C", "-S", slot] if slot else []
        done = standby.run("pg_basebackup", "-d", source, "-D", standby.data, "-R", "-c", "fast", *slots)
        assert done.returncode == 0, done.stderr
        standby.configure({"unix_socket_directories": str(standby.socket)} | dict(settings or {}))
        standby.start()
        return standby

    yield create
    for cluster in made:
        cluster.remove()
