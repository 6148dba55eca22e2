"""What tests of query rules share: a small shop, its statistics stretched to a big one's sizes, on a twin."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg

from pgtune import guide, resources
from pgtune.indexes.advise import World
from pgtune.review.asked import Asked, Ground, ask
from pgtune.server.capture import capture
from pgtune.snapshot.snapshot import Column, Recorded, Snapshot, StoredIndex, Table
from pgtune.sources.project import Sql
from pgtune.twin import raised

GUIDE = guide.load(resources.text("guide", "guide.toml"))
TIMES = 1_000  # as often as big as it is: 20 million orders from 20 thousand

SHOP = """
create extension pg_trgm;
create table customers (id bigint primary key, email text not null unique, name text not null, country char(2) not null,
  low numeric not null, high numeric not null);
insert into customers select n, 'u' || n || '@example.org', 'name ' || md5(n::text), (array['de','fr','us'])[1 + n % 3],
  n % 90, n % 90 + 10 from generate_series(1, 2000) n;
create table orders (id bigint primary key, customer_id bigint not null references customers, status text not null,
  total numeric not null, note text, created_at timestamptz not null, placed_at timestamp not null,
  city text not null default '', country text not null default '');
insert into orders select n, 1 + n * 7919 % 2000,
  case when n % 1000 = 1 then 'returned' when n % 3 = 0 then 'new' else 'delivered' end, n % 1000,
  case when n % 5 > 0 then 'note ' || n * 31 % 1500 end, timestamptz '2026-01-01' + n * 7919 % 20000 * interval '9 min',
  timestamp '2026-01-01' + n * interval '9 min', 'city ' || n % 100, 'country ' || n % 20
  from generate_series(1, 20000) n;
create index orders_customer on orders (customer_id);
create index orders_created on orders (created_at);
create index orders_placed on orders (placed_at);
create index orders_status on orders (status);
create table events (id bigint primary key, customer_id bigint, kind text not null, body text not null);
insert into events select n, nullif(n % 2000, 0), 'kind ' || n % 7, repeat(md5(n::text), 10)
  from generate_series(1, 8000) n;
create index events_customer on events (customer_id);
create table articles (id bigint primary key, title text not null, body text not null, published_at timestamptz);
insert into articles select n, 'title ' || n, repeat(md5(n::text), 30), now() from generate_series(1, 500) n;
create table measurements (device_id int not null, at timestamptz not null, value float8 not null)
  partition by range (at);
create table measurements_1 partition of measurements for values from ('2026-01-01') to ('2026-02-01');
create table measurements_2 partition of measurements for values from ('2026-02-01') to ('2026-03-01');
create table measurements_3 partition of measurements for values from ('2026-03-01') to ('2026-04-01');
insert into measurements select n % 300, timestamptz '2026-01-01' + n * interval '4 min', n % 77
  from generate_series(1, 20000) n;
create index on measurements (device_id);
create table readings (id bigint primary key, at timestamptz not null, value float8 not null, pad text not null);
insert into readings select n, timestamptz '2025-01-01' + n * 7919 % 20000 * interval '32 min', n % 77, repeat('x', 100)
  from generate_series(1, 20000) n;
create table visits (id bigint primary key, at timestamptz not null, pad text not null);
insert into visits select n, timestamptz '2026-01-01' + n * interval '9 min', repeat('x', 100)
  from generate_series(1, 20000) n;
create table kinds (id int primary key, name text not null, parent int);
insert into kinds select n, 'kind ' || n, n / 2 from generate_series(1, 40) n;
vacuum analyze
"""
FACTORS = {"kinds": 1, "readings": 5_000}  # the one stays small, the other becomes bigger than a server's memory
# What production returned: a city is in one country, so that the planner expects a twentieth of it.
KNOWN = Recorded("SELECT id FROM orders WHERE city = $1 AND country = $2", calls=10, total_ms=9.0, rows=10 * 200_000)


def filled(conninfo: str) -> None:
    """The shop in an empty database."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for statement in SHOP.split(";\n"):
            connection.execute(statement.encode())


def stretched(snapshot: Snapshot) -> Snapshot:
    """The same database, a thousand times as big."""
    return replace(snapshot, tables=tuple(map(_stretched, snapshot.tables)), workload=(KNOWN,))


def _stretched(table: Table) -> Table:
    factor = FACTORS.get(table.name.name, TIMES)
    columns = tuple(_spread(column) if column.name == "customer_id" else column for column in table.columns)
    return replace(
        table, columns=columns, pages=table.pages * factor, relpages=table.relpages * factor, rows=table.rows * factor,
        all_visible=table.all_visible * factor, indexes=tuple(_grown(index, factor) for index in table.indexes),
    )  # fmt: skip


def _spread(column: Column) -> Column:
    """A customer has ten orders, however many customers there are."""
    return replace(column, stats=tuple(replace(each, n_distinct=-0.1) for each in column.stats))


def _grown(index: StoredIndex, factor: int) -> StoredIndex:
    return replace(index, pages=index.pages * factor, tuples=index.tuples * factor, height=None)


def sizeless(snapshot: Snapshot) -> Snapshot:
    """The schema alone."""
    return replace(snapshot, tables=tuple(map(_sizeless, snapshot.tables)))


def _sizeless(table: Table) -> Table:
    columns = tuple(replace(column, stats=()) for column in table.columns)
    indexes = tuple(replace(index, pages=0, tuples=-1, height=None) for index in table.indexes)
    return replace(table, pages=0, relpages=0, rows=-1, all_visible=0, columns=columns, indexes=indexes)


@contextmanager
def ground(conninfo: str, *, sized: bool = True) -> Iterator[Ground]:
    """The ground of a review: the big shop on a twin, or its schema alone."""
    snapshot = (stretched if sized else sizeless)(capture(conninfo, workload=False))
    with raised(snapshot) as twin:
        world = World(twin.plan, twin.size_of, lambda indexes: twin.prepare(*indexes), twin.major)
        yield Ground.of(GUIDE, snapshot, sized=sized, world=world)


def asked(text: str, on: Ground, **how: object) -> Asked:
    """A query of the code."""
    return ask(Sql(text, "app/orders.py", 7, **how), on)
