"""Indexes to drop on real catalogs: what is redundant goes, what guards something or lacks evidence is watched."""

from dataclasses import replace

import psycopg
import pytest

from pgtune.indexes.advice import Drop
from pgtune.indexes.advise import advise
from pgtune.server.capture import capture
from pgtune.snapshot.snapshot import Snapshot
from pgtune.twin import raised
from tests.db.indexes.conftest import workload

TABLES = """
create table parts (id int primary key, a int not null, b int not null, c text not null, d int not null,
  e int not null);
insert into parts select n, n % 1000, n % 777, 'text ' || n, n, n % 900 from generate_series(1, 30000) n;
create index parts_a on parts (a);
create index parts_a_b on parts (a, b);
create index parts_a_again on parts (a);
create index parts_e_b on parts (e, b);
create index parts_e_desc on parts (e desc nulls last);
create unique index parts_d on parts (d);
create index parts_d_plain on parts (d);
create index parts_c on parts (c);
create index parts_c_pattern on parts (c text_pattern_ops);
create index parts_b on parts (b);
create index parts_c_c on parts (c collate "C", a);
create unique index parts_lonely on parts (e, d);
create unique index parts_guard on parts (c, d);
alter table parts replica identity using index parts_guard;
"""
WORKLOAD = ("select * from parts where a = 7", "select * from parts where d = 9", "select * from parts where b = 7")


def drops_of(snapshot: Snapshot) -> dict[str, Drop]:
    with raised(snapshot) as twin:
        answer = advise(snapshot, workload(*WORKLOAD), twin.plan, twin.size_of)
    return {each.index.name: each for each in answer.drops}


@pytest.fixture
def captured(database: str) -> Snapshot:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(TABLES)
        connection.execute("vacuum analyze parts")
    return capture(database, tables=("parts",), workload=False)


def test_drops(captured: Snapshot) -> None:
    """Duplicates and prefixes go; other directions, classes and collations stay; guards are watched at most."""
    snapshot = replace(captured, stats_reset="2026-01-01T00:00:00+00:00", taken="2026-06-01T00:00:00+00:00", standbys=0)
    found = drops_of(snapshot)
    gone = {name for name, each in found.items() if each.ddl}
    assert {"parts_a", "parts_a_again", "parts_d_plain"} <= gone
    assert gone.isdisjoint({"parts_pkey", "parts_d", "parts_a_b", "parts_guard", "parts_b"})
    assert found["parts_a_again"].kind in {"duplicate", "prefix"}
    assert found["parts_d_plain"].covered_by is not None
    assert found["parts_d_plain"].covered_by.name == "parts_d"
    assert found["parts_e_desc"].kind == "unused"  # another direction is no prefix; nobody uses it
    assert found["parts_c_pattern"].kind == "unused"
    assert found["parts_c_c"].kind == "unused"
    assert found["parts_lonely"].ddl is None
    assert "unique" in found["parts_lonely"].why
    for each in found.values():
        assert each.restore.startswith("CREATE ")
        assert each.ddl is None or each.ddl == f"DROP INDEX CONCURRENTLY {each.index.sql}"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"stats_reset": None}, "nobody knows since when"),
        ({"stats_reset": "2026-05-28T00:00:00+00:00"}, "4 days only"),
        ({"standbys": 2}, "2 standbys were not read"),
        ({"in_recovery": True}, "primary's counters were not read"),
    ],
)  # fmt: skip
def test_evidence(captured: Snapshot, change, says) -> None:
    """Unused without evidence of age, or with readers elsewhere, is watched."""
    whole = {"stats_reset": "2026-01-01T00:00:00+00:00", "taken": "2026-06-01T00:00:00+00:00", "standbys": 0}
    found = drops_of(replace(captured, **{**whole, **change}))["parts_e_desc"]
    assert found.ddl is None
    assert says in found.why


def test_invalid(own_server) -> None:
    """What a failed concurrent build left behind is dropped."""
    server = own_server(18)
    with psycopg.connect(server.conninfo(), autocommit=True) as connection:
        connection.execute(TABLES)
        connection.execute(
            "insert into parts select n + 50000, 1, 1, 'text', n + 50000, 1 from generate_series(1, 2) n"
        )
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("create unique index concurrently left_unique on parts (a)")
        connection.execute("create index left_over on parts (b, a)")
        connection.execute("update pg_index set indisvalid = false where indexrelid = 'left_over'::regclass")
        connection.execute("vacuum analyze parts")
    found = drops_of(capture(server.conninfo(), workload=False))
    assert found["left_over"].kind == "invalid"
    assert found["left_over"].ddl
    assert found["left_unique"].ddl is None


def test_dropped_for_a_new_one(database: str) -> None:
    """An index that a recommended one begins with is dropped, never one that the workload then misses."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(TABLES.split("create index parts_a_b", 1)[0])
        connection.execute("vacuum analyze parts")
    snapshot = capture(database, tables=("parts",), workload=False)
    with raised(snapshot) as twin:
        texts = ("select count(*) from parts where a = 7 and b > 700", "select * from parts where a = 8")
        answer = advise(snapshot, workload(*texts), twin.plan, twin.size_of)
    (made,) = answer.recommendations
    assert [key.column for key in made.index.keys] == ["a", "b"]
    (drop,) = [each for each in answer.drops if each.ddl]
    assert (drop.index.name, drop.covered_by.name) == ("parts_a", made.index.name)
