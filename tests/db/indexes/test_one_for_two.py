"""One composite where the search alone would take two indexes: the smaller one is read a little faster."""

from collections.abc import Iterator

import pytest

from pgtune.indexes.advise import advise
from pgtune.server.capture import capture
from pgtune.snapshot.snapshot import Snapshot
from pgtune.twin import raised
from tests.db.indexes.conftest import made, workload

SCHEMA = """
create table jobs (id bigint primary key, kind int not null, shop int not null, at timestamptz not null,
  note text not null);
insert into jobs select n, n * 31 % 200, n * 17 % 1000, timestamptz '2026-01-01' + n * 7919 % 100000 * interval '1 min',
  repeat('n', 80) from generate_series(1, 100000) n;
vacuum analyze;
"""
KIND = "select * from jobs where kind = 9"


@pytest.fixture(scope="module")
def jobs(clusters) -> Iterator[Snapshot]:
    with made(clusters, "jobs", SCHEMA) as conninfo:
        yield capture(conninfo, workload=False)


@pytest.mark.parametrize(
    ("texts", "keys"),
    [
        pytest.param((f"{KIND} and shop = 7",), ["kind", "shop"], id="both columns: the order that serves both"),
        pytest.param(
            (
                f"{KIND} order by at desc limit 20",
                f"{KIND} and at >= '2026-02-01' and at < '2026-02-05'",
            ),
            ["kind", "at"],
            id="its order: no index of its own beside it",
        ),
    ],
)
def test_one_composite(jobs, texts, keys) -> None:
    """A column that is asked for alone and with another one."""
    asked = workload((KIND, 100), *((text, 100) for text in texts))
    with raised(jobs) as twin:
        answer = advise(jobs, asked, twin.plan, twin.size_of)
    assert [[key.column for key in each.index.keys] for each in answer.recommendations] == [keys]
