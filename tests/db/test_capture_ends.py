"""The ends of columns in a snapshot: read from indexes, by whoever may, and without a trace in any counter."""

import gzip
import time
from dataclasses import replace

import psycopg
from psycopg.conninfo import conninfo_to_dict

from pgtune.cluster import Cluster
from pgtune.model.design import Name
from pgtune.server.capture import capture
from pgtune.snapshot import dump, load
from pgtune.snapshot.mask import mask
from pgtune.snapshot.snapshot import Snapshot
from pgtune.workload.arrays import elements
from tests.conftest import Role, execute

SCRIPT = """
create table events (
  id bigint primary key, at timestamptz not null, "Name %" text, plain text, part int, low text
) with (autovacuum_enabled = off);
create index on events (at desc, part);
create index on events ("Name %");
create index on events (plain text_pattern_ops);
create index on events (part) where part > 1;
create index on events (lower(low));
insert into events select n, timestamptz '2026-01-01 UTC' + n * interval '1 day', 'n' || n, 'p' || n, n, 'l' || n
  from generate_series(1, 3000) n;
analyze events;
insert into events values (-77, '2020-01-01 UTC', 'a, "1"', 'a', -77, 'a'),
  (77712345, '2040-01-01 UTC', 'z', 'z', 9, 'z')
"""


def ends_of(snapshot: Snapshot, name: str = "events") -> dict[str, tuple[str | None, ...]]:
    """The ends by column."""
    table = snapshot.table(Name("public", name))
    assert table is not None
    return {each.name: elements(each.ends) for each in table.columns if each.ends}


def test_ends_are_those_of_whole_indexes_in_the_columns_own_order(database: str):
    """What came after ANALYZE counts; a partial index, another order, an expression say nothing of a column."""
    execute(database, SCRIPT)
    found = capture(database)
    assert ends_of(found) == {
        "id": ("-77", "77712345"),
        "at": ("2020-01-01 00:00:00+00", "2040-01-01 00:00:00+00"),
        "Name %": ('a, "1"', "z"),
    }
    assert load(dump(found)) == found


def test_reading_them_is_not_counted(server: Cluster, database: str, role: Role):
    """No index looks used because a snapshot was taken; who cannot help being counted asks keys that are in use."""
    execute(database, SCRIPT)
    reader = role(server, "pg_read_all_data", "pg_monitor", dbname=str(conninfo_to_dict(database)["dbname"]))
    capture(database)
    assert ends_of(capture(reader)) == {}
    execute(database, USED)
    assert _settled_scans(database) == 2
    assert ends_of(capture(reader)).keys() == {"id"}


USED = """
set enable_seqscan = off; set enable_bitmapscan = off;
select from events where id = 5;
select from events where at = '2026-05-05 UTC'
"""


def _settled_scans(conninfo: str) -> int:
    """How often the indexes were scanned, as soon as that is told: counters arrive when they like."""
    until, scans = time.monotonic() + 20, 0
    while not scans and time.monotonic() < until:
        table = capture(conninfo).table(Name("public", "events"))
        assert table is not None
        scans = sum(each.scans or 0 for each in table.indexes)
    return scans


def test_what_may_not_be_read_has_none(server: Cluster, database: str, role: Role):
    """Columns that are closed, rows that a policy hides: their ends stay where they are, and nothing fails."""
    execute(database, SCRIPT)
    reader = role(server, dbname=str(conninfo_to_dict(database)["dbname"]))
    name = conninfo_to_dict(reader)["user"]
    execute(
        database, f"grant select (at) on events to {name}; set enable_seqscan = off; select from events where id = 5"
    )
    assert "id" not in ends_of(capture(reader))
    execute(database, f"grant select on events to {name}; alter table events enable row level security")
    assert ends_of(capture(reader)) == {}
    assert ends_of(capture(database)).keys() == {"id", "at", "Name %"}


def test_a_locked_table_keeps_nobody_waiting(database: str):
    """The others' ends are read."""
    execute(database, SCRIPT)
    execute(database, "create table others as select n as id from generate_series(1, 900) n; analyze others")
    execute(database, "create index on others (id)")
    with psycopg.connect(database) as holder:
        holder.execute("lock table events in access exclusive mode")
        assert ends_of(capture(database), "others") == {"id": ("1", "900")}


def test_a_masked_file_holds_none_of_them(database: str):
    """They are values, and masked as the histogram's: still the ends, in the same order."""
    execute(database, SCRIPT)
    found = capture(database)
    masked = mask(found)
    held = gzip.decompress(dump(masked))
    for canary in (b"{-77,77712345}", b"77712345", b"2040-01-01"):
        assert canary in gzip.decompress(dump(found))
        assert canary not in held
    assert ends_of(masked).keys() == ends_of(found).keys()
    low, high = (int(each or "") for each in ends_of(masked)["id"])
    assert low < -77
    assert high > 77712345


def test_a_file_without_them_is_read(database: str):
    """As those are that were made before."""
    execute(database, SCRIPT)
    found = capture(database)
    old = replace(found, tables=tuple(
        replace(table, columns=tuple(replace(each, ends=None) for each in table.columns)) for table in found.tables
    ))  # fmt: skip
    assert b'"ends"' not in gzip.decompress(dump(old))
    assert load(dump(old)) == old
