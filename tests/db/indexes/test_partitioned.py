"""A partitioned table has no pages of its own: it gets its indexes all the same, by statements that work as printed."""

import psycopg

from pgtune.indexes.advise import advise
from pgtune.server.capture import capture
from pgtune.twin import raised
from tests.db.indexes.conftest import workload

TABLES = """
create table bills (id int not null, tenant int not null, at date not null) partition by range (at);
create table bills_1 partition of bills for values from ('2026-01-01') to ('2026-02-01');
create table bills_2 partition of bills for values from ('2026-02-01') to ('2026-03-01') partition by list (id);
create table bills_2_1 partition of bills_2 for values in (1, 2);
create table bills_2_2 partition of bills_2 default;
insert into bills select n, n % 900, date '2026-01-01' + n % 59 from generate_series(1, 30000) n;
"""
VALID = """
select count(*), bool_and(i.indisvalid) from pg_partition_tree('bills'::regclass) as t
  join pg_index i on i.indrelid = t.relid"""


def test_a_partitioned_table_gets_its_index(database: str) -> None:
    """Though autovacuum never analyzed the table itself, only its partitions, as in production."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(TABLES)
        for leaf in ("bills_1", "bills_2_1", "bills_2_2"):
            connection.execute(f"vacuum analyze {leaf}")
        snapshot = capture(database, workload=False)
        with raised(snapshot) as twin:
            asked = workload("select * from bills where tenant = 7")
            (found,) = advise(snapshot, asked, twin.plan, twin.size_of).recommendations
        assert [key.column for key in found.index.keys] == ["tenant"]
        for statement in found.script.split("\n"):
            connection.execute(statement)
        assert connection.execute(VALID).fetchone() == (5, True)
