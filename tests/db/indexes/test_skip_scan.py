"""A target that cannot skip over leading keys, planned with binaries that can: nothing rests on that."""

from collections.abc import Iterator

import psycopg
import pytest

from pgtune.cluster import find
from pgtune.indexes.advise import advise
from pgtune.server.capture import capture
from pgtune.snapshot.snapshot import Snapshot
from pgtune.twin import raised
from tests.db.indexes.conftest import workload

TABLE = """
create table readings (a int not null, b int not null, filler text not null);
insert into readings select n % 3, n, repeat('x', 40) from generate_series(1, 100000) n;
create index readings_a_b on readings (a, b);
"""
BY_B = "select * from readings where b = 4711"


@pytest.fixture
def old(own_server) -> Iterator[tuple[str, Snapshot]]:
    """A server 15 whose only way to b is through an index that begins with a few-valued a."""
    server = own_server(15)
    with psycopg.connect(server.conninfo(), autocommit=True) as connection:
        connection.execute(TABLE)
        connection.execute("vacuum analyze readings")
        yield server.conninfo(), capture(server.conninfo(), workload=False)


def _as_18(snapshot: Snapshot, **more):
    """The advice where only 18 is at hand to plan."""
    with raised(snapshot, binaries=find(18)) as twin:
        return advise(snapshot, workload(BY_B), twin.plan, twin.size_of, planner_major=18, **more)


def test_b_gets_its_index(old) -> None:
    """Planned on 18 or on 15: the query on b alone gets an index on b."""
    _conninfo, snapshot = old
    with raised(snapshot) as twin:
        native = advise(snapshot, workload(BY_B), twin.plan, twin.size_of)
    for answer in (native, _as_18(snapshot)):
        assert [each.index.keys[0].column for each in answer.recommendations] == ["b"]


def test_without_care_18_would_be_silent(old) -> None:
    """The trap is there: an 18 that is taken for the target's planner finds b's query cheap already."""
    _conninfo, snapshot = old
    with raised(snapshot, binaries=find(18)) as twin:
        careless = advise(snapshot, workload(BY_B), twin.plan, twin.size_of)
    assert careless.cost_before < _as_18(snapshot).cost_before


def test_index_on_b_is_kept(old) -> None:
    """An unused index on b is not dropped because 18 could skip through (a, b)."""
    conninfo, _snapshot = old
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("create index readings_b on readings (b)")
    snapshot = capture(conninfo, workload=False)
    with raised(snapshot) as twin:
        native = advise(snapshot, workload(BY_B), twin.plan, twin.size_of)
    for answer in (native, _as_18(snapshot)):
        assert not [each for each in answer.drops if each.index.name == "readings_b"]
