"""A partitioning that was planned on the twin costs what it promised once its script has run on the real table."""

import subprocess
from pathlib import Path

import psycopg
import pytest

from pgtune.partitions.propose import PLANNING
from pgtune.usecases.advise import Request, advise

TABLE = """
create table events (
    id bigint generated always as identity, at timestamptz not null, region text not null, tenant int not null,
    payload text not null);
insert into events (at, region, tenant, payload)
select timestamptz '2026-01-01 00:00+00' + interval '2 minutes' * n, (array['eu', 'us', 'as', 'af'])[1 + n % 4],
       n % 400, repeat('x', 150)
  from generate_series(1, 150000) as n;
alter table events add primary key (id);
vacuum analyze events;
"""
MONTH = """
-- name: month @ 100
select region, count(*), sum(length(payload)) from events
 where at >= timestamptz '2026-05-01 00:00+00' and at < timestamptz '2026-06-01 00:00+00' group by region;
-- name: cleanup @ 5
delete from events where at < now() - interval '120 days';
-- name: by_id @ 1
select * from events where id = 4711;
"""
REGION = """
select count(*), sum(length(payload)) from events where region = 'eu';
select tenant, max(at) from events where region in ('as') group by tenant;
"""
LOOKUPS = """
-- name: by_id @ 1000
select * from events where id = 4711;
-- name: month @ 1
select count(*) from events where at >= timestamptz '2026-05-01 00:00+00' and at < timestamptz '2026-05-02 00:00+00';
"""


# Two planners of partitions, for each table takes seconds to fill: 15's and the newest.
pytestmark = pytest.mark.parametrize("version", [15, 18], indirect=True, ids=["pg15", "pg18"])


@pytest.fixture
def events(database):
    with psycopg.connect(database, autocommit=True) as connection:
        for statement in TABLE.strip().split(";\n"):
            connection.execute(statement)
    return database


def advised(dsn: str, tmp_path: Path, workload: str):
    path = tmp_path / "workload.sql"
    path.write_text(workload)
    request = Request(dsn, workload=(path,), partition_from=10 << 20, max_indexes=0)
    return advise(request, lambda _text: None, lambda _progress: None).answer.partitions


def real_cost(dsn: str, text: str) -> float:
    with psycopg.connect(dsn, autocommit=True) as connection:
        (plan,) = connection.execute(f"explain (format json) {text}").fetchone()
        return plan[0]["Plan"]["Total Cost"]


@pytest.mark.parametrize(("workload", "strategy", "key"), [(MONTH, "range", "at"), (REGION, "list", "region")])
def test_what_was_promised_is_what_comes(events, server, tmp_path, workload, strategy, key):
    """Each query's predicted cost is that of the really partitioned table, planning of partitions put aside."""
    (found,) = advised(events, tmp_path, workload).partitionings
    assert (found.scheme.strategy, found.scheme.key) == (strategy, (key,))
    psql = [server.binaries.program("psql"), "-X", "-q", "-d", events, "-f", "-"]
    done = subprocess.run(psql, input=found.script, env=server.binaries.environment, capture_output=True, text=True,
                          check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    with psycopg.connect(events, autocommit=True) as connection:
        connection.execute("vacuum analyze events")
    for each in found.queries:
        if not each.dropped:
            predicted = each.cost_after - PLANNING * each.scanned
            assert real_cost(events, each.text) == pytest.approx(predicted, rel=0.1), each.text


def test_lookups_without_the_key_are_worth_more(events, tmp_path):
    """A table that is nearly always read by its id stays whole, and the reason is given."""
    advice = advised(events, tmp_path, LOOKUPS)
    assert advice.partitionings == ()
    (declined,) = advice.declined
    assert "range by at" in declined.why
