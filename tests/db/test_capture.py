"""A live server as a snapshot: whole, whoever asks; nothing lost that is not named."""

import gzip
import subprocess
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pgtune.cluster import Cluster
from pgtune.model.design import Name
from pgtune.model.errors import BadInput
from pgtune.server.capture import capture
from pgtune.snapshot import Snapshot, dump, load
from pgtune.snapshot.snapshot import Column, Table
from tests.conftest import Role, execute

EVERYTHING = (Path(__file__).parent / "every_object.sql").read_text()


def replay(snapshot: Snapshot, conninfo: str) -> None:
    """Run every statement of the schema alone, as whoever raises a twin does."""
    options = "-c search_path=pg_catalog -c check_function_bodies=off"
    with psycopg.connect(conninfo, autocommit=True, options=options) as connection:
        for each in snapshot.objects:
            connection.execute(each.sql)  # type: ignore[arg-type]


def schema_of(server: Cluster, conninfo: str) -> list[str]:
    """What pg_dump of the server's own version says of a database."""
    words = [server.binaries.folder / "pg_dump", "-s", "--no-owner", "--no-privileges", "-d", conninfo]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    return [line for line in lines if line and not line.startswith(("--", "\\restrict", "\\unrestrict"))]


@pytest.fixture
def empty(server: Cluster):
    execute(server.conninfo(), "create database rebuilt template template0")
    yield server.conninfo("rebuilt")
    execute(server.conninfo(), "drop database rebuilt with (force)")


@pytest.fixture
def rich(server: Cluster, database: str):
    """The conninfo of a database with one of every kind of object."""
    execute(database, EVERYTHING)
    yield database
    name = conninfo_to_dict(database)["dbname"]
    execute(server.conninfo(), f"drop database {name} with (force)")
    execute(server.conninfo(), "drop role nasty_reader")


def test_the_statements_rebuild_the_schema(server: Cluster, rich: str, empty: str):
    """pg_dump says the same of a database and of what a snapshot's statements make of an empty one."""
    found = load(dump(capture(rich)))
    replay(found, empty)
    assert schema_of(server, empty) == schema_of(server, rich)
    assert [each.what for each in found.missing] == ["workload of pg_stat_statements"]


def test_the_planner_reads_the_same_of_a_table(rich: str):
    """Sizes, rows, statistics, keys and heights are those of the catalogs, whatever the names."""
    with psycopg.connect(rich) as connection:
        query = (
            "select relpages, reltuples, pg_relation_size(oid) / 8192 from pg_class where oid = 'app.base'::regclass"
        )
        pages, rows, file = connection.execute(query).fetchone() or ()
        query = "select most_common_vals::text, histogram_bounds::text from pg_stats where attname = 'big'"
        common, histogram = connection.execute(query).fetchone() or ()
    found = capture(rich)
    base = found.table(Name("app", "base"))
    assert base is not None
    assert (base.relpages, base.rows, base.pages, base.fillfactor) == (pages, rows, file, 70)
    big = next(column for column in base.columns if column.name == "big")
    assert (big.stats[0].most_common_vals, big.stats[0].histogram_bounds) == (common, histogram)
    primary = next(index for index in base.indexes if index.primary)
    assert (primary.keys, primary.height, primary.constraint) == (("id",), 1, "base_pkey")
    code = next(index for index in base.indexes if index.name.name == "base_code")
    assert code.keys == ("app.norm(code)", "((n + (1)::numeric))")
    assert any(column.stats for column in code.columns)
    odd = found.table(Name('we"ird %s', "T ab'l.e\nx"))
    assert odd is not None
    assert [column.name for column in odd.columns] == ['co""l %s'.replace('""', '"'), "größe"]


def test_partitions_know_their_parents(rich: str):
    """Parents, keys and bounds of partitions, and statistics over all of them."""
    found = capture(rich)
    part, first = found.table(Name("app", "part")), found.table(Name("app", "part_1"))
    assert part is not None
    assert first is not None
    assert part.partition_key == "RANGE (at)"
    assert first.parents == (part.name,)
    assert first.partition_bound == "FOR VALUES FROM ('2024-01-01') TO ('2024-02-01')"
    assert any(stats.inherited for column in part.columns for stats in column.stats)
    reference = found.table(Name("app", "ref"))
    assert reference is not None
    assert {key.target for key in reference.foreign_keys} == {Name("app", "base"), Name("app", "part")}


def test_search_paths_and_settings(database: str, server: Cluster, role: Role):
    """The search_path that counts for a role is the narrowest; settings are as SET takes them."""
    name = conninfo_to_dict(database)["dbname"]
    user = conninfo_to_dict(role(server, dbname=str(name)))["user"]
    execute(server.conninfo(), f'alter database {name} set search_path to app, "Odd, one"')
    execute(server.conninfo(), f"alter role {user} set search_path to elsewhere")
    execute(server.conninfo(), f'alter role {user} in database {name} set search_path to "$user", public')
    found = capture(database)
    assert found.search_paths[""] == ("app", "Odd, one")
    assert found.search_paths[str(user)] == ("$user", "public")
    assert found.settings["random_page_cost"] == "4"
    assert found.settings["work_mem"] == "4MB"
    assert "enable_hashjoin" in found.settings


def _without_ends(tables: Iterable[Table]) -> list[list[Column]]:
    """Their columns, but for what only a role whose scans are not counted reads."""
    return [[replace(each, ends=None) for each in table.columns] for table in tables]


def test_pg_read_all_data_sees_all(server: Cluster, rich: str, role: Role):
    """A role with pg_read_all_data lacks nothing but what policies hide."""
    reader = role(server, "pg_read_all_data", dbname=str(conninfo_to_dict(rich)["dbname"]))
    whole, found = capture(rich), capture(reader)
    hidden = [each for each in found.missing if each.what.startswith("statistics")]
    assert [each.what for each in hidden] == ["statistics of app.base"]
    assert "BYPASSRLS" in str(hidden[0].grant)
    assert [each.sql for each in found.objects] == [each.sql for each in whole.objects]
    others = [table for table in found.tables if table.name.name != "base"]
    assert _without_ends(others) == _without_ends(t for t in whole.tables if t.name.name != "base")


def test_a_table_that_may_not_be_read_is_named_with_the_grant(server: Cluster, database: str, role: Role):
    """A role with pg_monitor and SELECT on one table gets its statistics, and is told what brings the other's."""
    reader = role(server, "pg_monitor", dbname=str(conninfo_to_dict(database)["dbname"]))
    name = conninfo_to_dict(reader)["user"]
    execute(database, f"grant select on orders to {name}; create index on orders (lower(note)); analyze orders")
    found = capture(reader)
    orders, customers = found.table(Name("public", "orders")), found.table(Name("public", "customers"))
    assert orders is not None
    assert customers is not None
    assert orders.statistics_readable
    assert all(column.stats for column in orders.columns)
    assert not customers.statistics_readable
    grants = {each.what: each.grant for each in found.missing if each.grant}
    assert grants["statistics of public.customers"] == f'GRANT SELECT ON "public"."customers" TO {name}'
    assert grants["statistics of public.orders_lower_idx"] == f"GRANT pg_read_all_data TO {name}"
    execute(database, str(grants["statistics of public.customers"]))
    execute(database, str(grants["statistics of public.orders_lower_idx"]))
    assert not [each for each in capture(reader).missing if each.grant]


def test_a_locked_table_is_left_out_and_named(database: str):
    """Somebody's ALTER TABLE costs its table and what needs it, not the snapshot."""
    execute(database, "create view paid as select sum(paid) from orders; create table quiet (a int check (a > 0))")
    with psycopg.connect(database) as other:
        other.execute("lock table orders in access exclusive mode")
        found = capture(database)
    assert found.table(Name("public", "orders")) is None
    assert found.table(Name("public", "quiet")) is not None
    assert any(each.what == "table public.orders" and "locked" in each.why for each in found.missing)
    assert any("public.paid" in each.what for each in found.missing)
    assert not any("orders" in each.sql for each in found.objects if each.kind != "comment")


def test_names_of_others_come_not_first(database: str):
    """A schema that its owner put before pg_catalog does not answer in its place."""
    name = conninfo_to_dict(database)["dbname"]
    execute(database, "create schema evil; create view evil.pg_class as select 1/0 as oid")
    execute(database, f"alter database {name} set search_path to evil, pg_catalog, public")
    assert capture(database).table(Name("public", "orders")) is not None


def test_a_part_of_a_database(rich: str, empty: str):
    """Patterns choose tables with their partitions; what only others need is left out, and the rest still rebuilds."""
    found = capture(rich, tables=["app.part", "ref"])
    assert {str(table.name) for table in found.tables} == {
        f"app.{name}" for name in ("part", "part_1", "part_2", "part_d", "part_d0", "ref")
    }
    tables = [each.name for each in found.objects if each.kind == "table" and each.sql.startswith("CREATE")]
    assert sorted(tables) == [f"app.{name}" for name in ("part", "part_1", "part_2", "part_d", "part_d0", "ref")]
    assert not any('we""ird' in each.sql for each in found.objects)
    replay(found, empty)
    chosen = capture(rich, schemas=["we*"])
    assert [table.name.schema for table in chosen.tables] == ['we"ird %s']
    with pytest.raises(BadInput, match="no table of this name"):
        capture(rich, tables=["nothing"])


def test_the_workload_is_this_databases(own_server):
    """Statements of pg_stat_statements with their counts: other databases', utility and pgtune's own left out."""
    server = own_server(settings={"shared_preload_libraries": "pg_stat_statements"})
    execute(server.conninfo(), "create database shop")
    execute(server.conninfo("shop"), "create extension pg_stat_statements; create table t as select 1 as a")
    execute(server.conninfo(), "select 'elsewhere'")
    for _ in range(3):
        execute(server.conninfo("shop"), "select a from t where a = 7")
    execute(server.conninfo("shop"), "create role somebody password 'c4n4ry'")
    capture(server.conninfo("shop"))
    found = capture(server.conninfo("shop"))
    assert [(each.text, each.calls, each.role) for each in found.workload if " from t" in each.text] == [
        ("select a from t where a = $1", 3, "postgres")
    ]
    assert not any("elsewhere" in each.text or "pg_" in each.text for each in found.workload)
    assert found.statements_reset is not None
    assert found.missing == ()
    assert b"c4n4ry" not in unpacked(found)


def test_hidden_texts_are_named(own_server, role: Role):
    """Without pg_read_all_stats others' statements are hidden: how many, and the grant."""
    server = own_server(settings={"shared_preload_libraries": "pg_stat_statements"})
    execute(server.conninfo(), "create extension pg_stat_statements")
    found = capture(role(server))
    assert next(str(each.grant) for each in found.missing if "hidden" in each.why).startswith(
        "GRANT pg_read_all_stats TO "
    )


def unpacked(snapshot: Snapshot) -> bytes:
    return gzip.decompress(dump(snapshot))


SECRETS = """
create extension postgres_fdw;
create server far foreign data wrapper postgres_fdw options (host 'far', dbname 'c4n4ry');
create user mapping for current_user server far options (user 'joe', password 'c4n4ry');
create foreign table distant (a int) server far options (table_name 'c4n4ry');
create function dial() returns void language plpgsql as $$ begin
  perform dblink_connect('x', 'host=far user=joe password=c4n4ry'); end $$;
create function dial2() returns text language sql as 'select ''postgresql://joe:c4n4ry@far/db''::text';
create view keys as select 'AKIAIOSFODNN7C4N4RY9'::text as k, 1 as token;
create table api (id int, api_key text default 'c4n4ry', note text, check (note <> 'password=c4n4ry'));
comment on table api is 'ask for it: password is c4n4ry';
comment on column api.note is 'postgres://joe:c4n4ry@far/db';
insert into api select i, 'c4n4ry', 'mongodb://joe:c4n4ry@far/' || i % 3 from generate_series(1, 300) i;
analyze api;
"""


def test_no_credential_enters_a_snapshot(database: str):
    """Wherever a password or a key was planted, the file does not have it, and says where one was cut."""
    execute(database, SECRETS)
    if capture(database).major >= 16:
        execute(
            database, "create subscription s connection 'host=x password=c4n4ry' publication p with (connect = false)"
        )
        execute(database, "alter subscription s set (slot_name = none)")
    try:
        found = capture(database)
    finally:
        if found.major >= 16:
            execute(database, "drop subscription s")
    assert b"c4n4ry" not in unpacked(found).lower()
    assert {"function public.dial()", "view public.keys", "comment table public.api"} <= set(found.cut)
    assert "statistics of public.api.api_key" in found.cut


def test_ddl_under_way_does_not_break_it(database: str):
    """Tables that come and go while the catalogs are read cost at most another attempt."""
    over = threading.Event()

    def churn() -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            while not over.is_set():
                connection.execute("create table gone (a int primary key, b text check (b <> '')); drop table gone")

    worker = threading.Thread(target=churn)
    worker.start()
    try:
        for _ in range(10):
            assert capture(database).table(Name("public", "orders")) is not None
    finally:
        over.set()
        worker.join()


def test_a_standby_gives_the_same(own_server, standby_of):
    """A standby is read as its primary is, and says that it is one."""
    primary = own_server()
    execute(primary.conninfo(), "create table t as select 1 as a; analyze t")
    standby = standby_of(primary)
    found = capture(standby.conninfo())
    assert found.in_recovery
    assert capture(primary.conninfo()).standbys == 1
    assert found.table(Name("public", "t")) is not None


def test_the_conninfo_is_nowhere_in_it(database: str, server: Cluster):
    """Neither the password nor the socket that led to the server is kept."""
    password = (server.folder / "password").read_text().strip()
    data = unpacked(capture(make_conninfo(database, password=password)))
    assert password.encode() not in data
    assert str(server.folder).encode() not in data
