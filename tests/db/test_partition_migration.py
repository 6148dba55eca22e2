"""Each kind of migration script, run on a real server while pgbench writes: nothing lost, keys kept, pruning shown."""

import subprocess
import time
from dataclasses import dataclass

import psycopg
import pytest
from psycopg.rows import tuple_row

from pgtune.model.design import Name, Scheme, quoted
from pgtune.partitions import migration, schemes
from pgtune.partitions.advice import Limits
from pgtune.partitions.scale import Period, Scale
from pgtune.partitions.spread import spread, stats_of
from pgtune.server import capture

# Every write goes to the table and, in the same transaction, to a shadow of it that nobody partitions. A row that is
# being inserted may be seen by the second of two statements and not by the first: one statement deletes from both.
TABLES = """
create type state as enum ('new', 'paid', 'sent');
create schema "Odd %s schema";
create table customers (id bigint primary key);
insert into customers select generate_series(1, 500);
create table "Odd %s schema"."the ""table" (
    id bigint generated always as identity, customer_id bigint not null references customers on delete cascade,
    at timestamptz not null, region text not null, state state not null default 'new', amount numeric not null,
    doubled numeric generated always as (amount * 2) stored, note text,
    check (amount >= 0)
);
create view seen as select id, at, amount from "Odd %s schema"."the ""table";
create table shadow (id bigint primary key, at timestamptz not null, region text, state state, amount numeric);
insert into "Odd %s schema"."the ""table" (customer_id, at, region, amount, note)
select 1 + n % 500, timestamptz '2026-01-01 00:00+00' + interval '20 minutes' * n,
       (array['eu', 'us', 'as', 'it''s'])[1 + (n % 7) % 4], n % 100, repeat('x', (n % 30)::int)
  from generate_series(1, 20000) as n;
insert into shadow select id, at, region, state, amount from "Odd %s schema"."the ""table";
create index on "Odd %s schema"."the ""table" (customer_id, at desc);
create index "partial one" on "Odd %s schema"."the ""table" (at) where state = 'paid';
grant select, insert on "Odd %s schema"."the ""table" to public;
"""
KEYED = """
alter table "Odd %s schema"."the ""table" add primary key (id);
create table children (order_id bigint references "Odd %s schema"."the ""table" on delete cascade);
"""
WRITES = """
\\set id random(1, 20000)
\\set customer random(1, 500)
begin;
with made as (
    insert into "Odd %s schema"."the ""table" (customer_id, at, region, amount)
    values (:customer, timestamptz '2026-01-01 00:00+00' + interval '20 minutes' * :id, 'eu', 7)
    returning id, at, region, state, amount)
insert into shadow select * from made;
update "Odd %s schema"."the ""table" set amount = amount + 1, state = 'paid' where id = :id;
update shadow set amount = amount + 1, state = 'paid' where id = :id;
commit;
with gone as (delete from "Odd %s schema"."the ""table" where id = :id + 20000 returning id)
delete from shadow using gone where shadow.id = gone.id;
begin;
update "Odd %s schema"."the ""table" set at = at + interval '40 days' where id = :id / 2;
update shadow set at = at + interval '40 days' where id = :id / 2;
commit;
"""
TABLE = Name("Odd %s schema", 'the "table')
SUM = "select count(*), sum(hashtextextended(row(id, at, region, state, amount)::text, 0)) from {}"


@dataclass
class Shop:
    """A database with the table, and pgbench writing to it."""

    cluster: object
    dsn: str
    folder: object

    def rows(self, query):
        with psycopg.connect(self.dsn, autocommit=True, row_factory=tuple_row) as connection:
            return connection.execute(query).fetchall()

    def scheme(self, strategy):
        snapshot = capture.capture(self.dsn)
        table = snapshot.table(TABLE)
        assert table is not None
        if strategy == "hash":
            return snapshot, next(schemes.hashes(TABLE, "id", 1 << 30, Limits()))
        if strategy == "list":
            return snapshot, schemes.lists(TABLE, "region", stats_of(table, "region")[1])
        rows = spread(stats_of(table, "at")[1], Scale("timestamp with time zone"))
        found = schemes.ranges(TABLE, "at", Scale("timestamp with time zone"), rows, 1 << 40, Limits())
        return snapshot, next(scheme for period, scheme in found if period == Period("month"))

    def migrate(self, script):
        """Run the script by psql while four clients write; then stop them."""
        path = self.folder / "workload.sql"
        path.write_text(WRITES)
        pgbench = [self.cluster.binaries.program("pgbench"), "-n", "-c", "4", "-T", "120", "-f", path, self.dsn]
        psql = [self.cluster.binaries.program("psql"), "-X", "-d", self.dsn, "-f", "-"]
        environment = self.cluster.binaries.environment
        log = self.folder / "pgbench.log"
        with (
            log.open("w") as output,
            subprocess.Popen(pgbench, env=environment, stdout=output, stderr=output) as writing,
        ):
            time.sleep(1)
            done = subprocess.run(psql, input=script, env=environment, capture_output=True, text=True, check=False)
            time.sleep(1)
            alive = writing.poll() is None
            writing.terminate()
        assert done.returncode == 0, done.stderr
        assert alive, log.read_text()
        assert "ERROR" not in log.read_text()


# The scripts are run on two kinds of server, for each takes seconds of writing: 15 and the newest.
pytestmark = pytest.mark.parametrize("version", [15, 18], indirect=True, ids=["pg15", "pg18"])


@pytest.fixture
def shop(database, server, tmp_path):
    shop = Shop(server, database, tmp_path)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("drop table orders, customers")
        connection.execute(TABLES)
    return shop


def prepared(shop, strategy, *, keyed=True):
    with psycopg.connect(shop.dsn, autocommit=True) as connection:
        if keyed:
            connection.execute(KEYED.partition(";\n")[0])
        if strategy == "hash":
            connection.execute(KEYED.split(";\n", 2)[1])
            connection.execute("insert into children select 1 + n % 20000 from generate_series(1, 500) as n")
        connection.execute("analyze")
    return shop.scheme(strategy)


@pytest.mark.parametrize("strategy", ["range", "list", "hash"])
def test_nothing_is_lost_while_others_write(shop, strategy):
    """After the swap the partitioned table is row for row what the same writes made of an ordinary one."""
    snapshot, scheme = prepared(shop, strategy)
    shop.migrate(migration.script(snapshot, snapshot.table(TABLE), scheme))
    assert_moved(shop, scheme)


def test_a_table_without_a_key_moves_too(shop):
    """Rows that are told apart by nothing but their values are repeated one by one."""
    snapshot, scheme = prepared(shop, "range", keyed=False)
    with psycopg.connect(shop.dsn, autocommit=True) as connection:
        connection.execute('create index on "Odd %s schema"."the ""table" (id)')
    shop.migrate(migration.script(snapshot, snapshot.table(TABLE), scheme))
    assert_moved(shop, scheme)


def assert_moved(shop: Shop, scheme: Scheme) -> None:
    table = TABLE.sql
    assert shop.rows(SUM.format(table)) == shop.rows(SUM.format("shadow"))
    assert shop.rows(SUM.format(table))[0][0] > 20000
    assert shop.rows(f"select relkind from pg_class where oid = '{table}'::regclass") == [("p",)]
    assert shop.rows("select count(*) from seen") == shop.rows("select count(*) from shadow")
    foreign = f"select conname, convalidated from pg_constraint where conrelid = '{table}'::regclass and contype = 'f'"
    assert shop.rows(foreign) == [('the "table_customer_id_fkey', True)]
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        shop.rows(f"insert into {table} (customer_id, at, region, amount) values (0, now(), 'eu', 1) returning id")
    with pytest.raises(psycopg.errors.CheckViolation):
        shop.rows(f"insert into {table} (customer_id, at, region, amount) values (1, now(), 'eu', -1) returning id")
    assert shop.rows("delete from customers where id = 7 returning id") == [(7,)]
    assert shop.rows(f"select count(*) from {table} where customer_id = 7") == [(0,)]
    assert shop.rows(f"select indisvalid from pg_index where indrelid = '{table}'::regclass and not indisvalid") == []
    assert_pruned(shop, scheme)


def assert_pruned(shop: Shop, scheme: Scheme) -> None:
    """A condition on the key reads one partition, and a foreign key that points here is there again."""
    conditions = {
        "range": "at >= '2026-03-01 00:00+00' and at < '2026-03-02 00:00+00'",
        "list": "region = 'it''s'",
        "hash": "id = 5",
    }
    plan = "\n".join(
        row[0] for row in shop.rows(f"explain select * from {TABLE.sql} where {conditions[scheme.strategy]}")
    )
    assert sum(f"on {quoted(part.name)} " in plan for part in scheme.partitions) == 1, plan
    if scheme.strategy == "hash":
        pointing = "select convalidated from pg_constraint where conrelid = 'children'::regclass and conparentid = 0"
        assert shop.rows(pointing) == [(True,)]
