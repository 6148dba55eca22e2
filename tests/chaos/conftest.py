"""Sites for the tests of the maintenance runner, on the oldest server of the system's packages and on the newest one.

What a version does otherwise is in tests/db/test_maintain_run.py, which runs on all of them.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from pgtune.cluster import Cluster
from tests.chaos.runs import Site
from tests.conftest import BinariesOf, OwnServer, execute

VERSIONS = (15, 18)
SAMPLE = """
create table orders (id bigint primary key, customer_id bigint not null, note text);
insert into orders select n, n % 200, repeat('x', (n % 50)::int) from generate_series(1, 5000) n;
create index orders_customer on orders (customer_id);
create table other (id bigint primary key);
analyze;
"""

OwnSite = Callable[..., tuple[Cluster, Site]]


@pytest.fixture(params=VERSIONS, ids=lambda major: f"pg{major}")
def version(request: pytest.FixtureRequest, binaries_of: BinariesOf) -> int:
    """The versions of these tests."""
    return binaries_of(request.param).major


@pytest.fixture
def site(database: str, home: Path) -> Site:
    """A database of the test's own, with a history of its own."""
    assert home.is_dir()
    return Site(database)


@pytest.fixture
def own_site(own_server: OwnServer, version: int, home: Path) -> OwnSite:
    """own_site({"name": "value"}): a server of the test's own with a few rows in it, and its site."""
    assert home.is_dir()

    def create(settings: dict[str, str] | None = None) -> tuple[Cluster, Site]:
        cluster = own_server(version, {"fsync": "off"} | (settings or {}))
        execute(cluster.conninfo(), SAMPLE)
        return cluster, Site(cluster.conninfo())

    return create
