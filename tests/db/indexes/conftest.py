"""A database with every kind of table that an expert would index, or not, on a twin: once for all tests here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest

from pgtune.cluster import find
from pgtune.indexes.advice import IndexAdvice, Limits
from pgtune.indexes.advise import advise
from pgtune.server.capture import capture
from pgtune.snapshot.snapshot import Snapshot
from pgtune.twin import Twin, raised
from pgtune.workload.statement import Statement, Workload
from tests.conftest import Clusters

SCHEMA = """
create extension pg_trgm;
create table customers (id bigint primary key, email text not null, name text not null, country char(2) not null);
insert into customers select n, 'User' || n || '@example.org', 'name ' || md5(n::text),
  (array['DE','FR','US','BR'])[1 + n % 4] from generate_series(1, 40000) n;
create table orders (id bigint primary key, customer_id bigint not null references customers, status text not null,
  total numeric not null, created_at timestamptz not null, shipped_at timestamptz, note text not null);
insert into orders select n, 1 + n * 7919 % 40000, case when n % 100 < 2 then 'paid' else 'done' end, n % 1000,
  timestamptz '2026-01-01' + n * 7919 % 200000 * interval '1 minute',
  case when n % 3 = 0 then null else timestamptz '2026-06-01' + n % 500 * interval '1 day' end, repeat('n', 60)
  from generate_series(1, 200000) n;
create table events (id bigint not null, at timestamptz not null, payload jsonb not null, tags text[] not null,
  body text not null, span tstzrange not null, kind int not null);
insert into events select n, timestamptz '2026-01-01' + n * interval '1 minute',
  jsonb_build_object('product', n % 5000, 'session', md5(n::text)), array['t' || n % 2000, 't' || (n * 7) % 2000],
  'word' || n % 3000 || ' and word' || (n * 31) % 3000,
  tstzrange(timestamptz '2026-01-01' + n * interval '1 minute', timestamptz '2026-01-01' + (n + 5) * interval '1 min'),
  n % 5
  from generate_series(1, 150000) n;
create table log (at timestamptz not null, client inet not null, text text not null);
insert into log select timestamptz '2026-01-01' + n * interval '1 second', '10.0.0.1', repeat('l', 150)
  from generate_series(1, 600000) n;
create table tiny (id int not null, name text not null);
insert into tiny select n, 'name ' || n from generate_series(1, 50) n;
create table counters (id bigint primary key, hits bigint not null, label text not null);
insert into counters select n, n, 'label ' || n from generate_series(1, 50000) n;
vacuum analyze;
"""

Advised = Callable[..., IndexAdvice]


@contextmanager
def made(clusters: Clusters, name: str, script: str) -> Iterator[str]:
    """A database of that name on 18, filled by the script's statements, one to a transaction; gone afterwards."""
    cluster = clusters.shared(find(18))
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        connection.execute(f"create database {name}")
    try:
        with psycopg.connect(cluster.conninfo(name), autocommit=True) as connection:
            for statement in filter(str.strip, script.split(";\n")):
                connection.execute(statement)
        yield cluster.conninfo(name)
    finally:
        with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
            connection.execute(f"drop database {name} with (force)")


@pytest.fixture(scope="session")
def shop(clusters) -> Iterator[str]:
    with made(clusters, "experts", SCHEMA) as conninfo:
        yield conninfo


@pytest.fixture(scope="session")
def snapshot(shop: str) -> Snapshot:
    return capture(shop, workload=False)


@pytest.fixture(scope="session")
def twin(snapshot: Snapshot) -> Iterator[Twin]:
    with raised(snapshot) as found:
        yield found


def workload(*texts: str | tuple[str, float]) -> Workload:
    """Statements of these texts, each with its weight if it is a pair."""
    pairs = [each if isinstance(each, tuple) else (each, 1.0) for each in texts]
    return Workload(tuple(
        Statement(text, f"f{n}", text.split(" ", 1)[0].lower(), weight, calls=int(weight), origin=f"statement {n}")
        for n, (text, weight) in enumerate(pairs)
    ))  # fmt: skip


@pytest.fixture
def advised(snapshot: Snapshot, twin: Twin) -> Advised:
    """advised("select ...", ("insert ...", 1000), budget_bytes=...): the advice for these statements."""

    def ask(*texts: str | tuple[str, float], **limits) -> IndexAdvice:
        return advise(snapshot, workload(*texts), twin.plan, twin.size_of, Limits(**limits))

    return ask
