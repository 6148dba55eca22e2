"""What tests of the twin share: a database with a bit of everything, and plans of the real one to compare with."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from pgtune.plans.parse import plan_of
from pgtune.plans.plan import Plan

EVERYTHING = r'''
create extension pageinspect;
create schema "sales ""2"" %s";
create type mood as enum ('sad', 'ok', 'happy');
create domain price as numeric check (value >= 0);
create function twice(n bigint) returns bigint language sql immutable as 'select 2 * n';
create table people (
  id bigint primary key, name text not null, feeling mood, tags text[], doc jsonb, born date, words tsvector,
  span int4range
);
insert into people
select n, md5(n::text), case when n % 10 < 7 then 'ok' when n % 10 < 9 then 'sad' else 'happy' end::mood,
       array['t' || n % 50, 't' || n % 7], jsonb_build_object('kind', 'k' || n % 20, 'n', n),
       date '2000-01-01' + n % 9000,
       to_tsvector('simple', 'w' || n % 300 || ' common w' || n % 11), int4range(n % 100, n % 100 + 5)
  from generate_series(1, 30000) n;
create index people_doc on people using gin (doc jsonb_path_ops);
create index people_tags on people using gin (tags);
create index people_words on people using gin (words);
create index people_born on people using brin (born) with (pages_per_range = 16);
create index people_lower on people (lower(name));
create index people_span on people using gist (span);
create index people_feeling on people using hash (feeling);
create table "sales ""2"" %s"."Order; drop table x" (
  "from" bigint not null, "a b" text collate "C", "naïve ""q""" price, at timestamptz not null, primary key ("from", at)
) partition by range (at);
create table "sales ""2"" %s".old partition of "sales ""2"" %s"."Order; drop table x"
  for values from (minvalue) to ('2026-03-01');
create table "sales ""2"" %s".new partition of "sales ""2"" %s"."Order; drop table x"
  for values from ('2026-03-01') to (maxvalue);
insert into "sales ""2"" %s"."Order; drop table x"
select n, 'x' || n % 100, n % 321, timestamptz '2026-01-01 UTC' + n * interval '5 minutes'
  from generate_series(1, 30000) n;
create index on "sales ""2"" %s"."Order; drop table x" ("a b");
create table parent (id int, note text);
create table heir (more int) inherits (parent);
insert into parent select n, 'p' from generate_series(1, 500) n;
insert into heir select n, 'h', n % 3 from generate_series(1, 4000) n;
create index heir_id on heir (id);
create view happy as select id, twice(id) as double, name from people where feeling = 'happy';
create materialized view kinds as select doc ->> 'kind' as kind, count(*) as n from people group by 1;
create table paired (a int, b int);
insert into paired select n % 100, n % 100 / 10 from generate_series(1, 5000) n;
vacuum;
analyze;
'''

QUERIES = (
    "select * from people where id = 77",
    "select name from people where id between 100 and 900 order by id limit 5",
    'select * from people where doc @> \'{"kind": "k3"}\'',
    "select * from people where tags @> array['t3']",
    "select * from people where words @@ to_tsquery('simple', 'w17 & common')",
    "select * from people where born between '2003-02-01' and '2003-02-11'",
    "select * from people where lower(name) = 'abc'",
    "select * from people where span && int4range(3, 4)",
    "select * from people where feeling = 'happy' order by name",
    "select feeling, count(*) from people group by feeling",
    'select * from "sales ""2"" %s"."Order; drop table x" where at >= \'2026-03-05 UTC\' and at < \'2026-03-07 UTC\'',
    'select "a b", sum("naïve ""q""") from "sales ""2"" %s"."Order; drop table x" where "a b" = \'x7\' group by 1',
    'select * from "sales ""2"" %s"."Order; drop table x" where "naïve ""q""" = 5',
    "select * from parent where id = 3",
    "select * from happy h join people p using (id) where h.double > 100",
    "select * from kinds where kind = 'k1'",
    "update people set name = 'x' where id < 100",
    "delete from paired where a = 3",
    "select p.id from people p where exists (select from parent q where q.id = p.id and q.note = 'h')",
)


@contextmanager
def filled(conninfo: str, script: str = EVERYTHING) -> Iterator[psycopg.Connection]:
    """A connection to a database that the script was run in, statement by statement."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for statement in script.split(";\n"):
            if statement.strip():
                connection.execute(statement.encode())
        yield connection


def planned(connection: psycopg.Connection, query: str) -> Plan:
    """The real database's own plan."""
    rows = connection.execute(f"explain (format json, verbose) {query}".encode()).fetchone()
    assert rows is not None
    return plan_of(rows[0])
