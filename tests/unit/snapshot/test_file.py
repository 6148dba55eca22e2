"""A snapshot's file: the same bytes for the same snapshot, and one line for whatever is none."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtune.model.design import Name
from pgtune.model.errors import BadInput
from pgtune.snapshot import Snapshot, dump, file, load
from pgtune.snapshot.snapshot import Column, ColumnStats, Missing, Object, Recorded, StoredIndex, Table, Usage

STATS = ColumnStats(inherited=False, null_frac=0.5, avg_width=4, n_distinct=-0.25, most_common_vals='{1,"a,\\"b"}')
TABLE = Table(
    Name('we"ird', "größe\n"),
    "r",
    (Column(1, "a", "integer", stats=(STATS,)),),
    pages=7,
    rows=1e6,
    indexes=(StoredIndex(Name("s", "i"), "btree", "CREATE INDEX ...", ("a",), height=2, options=(3,)),),
    usage=Usage(seq_scan=3),
)
SNAPSHOT = Snapshot(
    180006,
    "18.6",
    "2026-01-02T03:04:05Z",
    "shop",
    settings={"work_mem": "4MB"},
    search_paths={"": ("app", "public")},
    objects=(
        Object("a:1", "schema", "s", "CREATE SCHEMA s"),
        Object("b:2", "table", "t", "CREATE TABLE t ()", ("a:1",)),
    ),
    tables=(TABLE,),
    workload=(Recorded("select $1", 3, 1.5),),
    missing=(Missing("x", "y", "GRANT z"),),
)


def packed(form: object) -> bytes:
    return gzip.compress(json.dumps(form).encode())


def form(**changes: object) -> dict[str, object]:
    made = json.loads(gzip.decompress(dump(SNAPSHOT)))
    return {key: value for key, value in (made | changes).items() if value is not ...}


def test_what_is_written_is_read():
    """Every kind of field comes back, and equal snapshots are equal bytes."""
    assert load(dump(SNAPSHOT)) == SNAPSHOT
    assert dump(load(dump(SNAPSHOT))) == dump(SNAPSHOT)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"schema": "pgtune.snapshot/2"}, "another version"),
        ({"schema": "pgtune.tune/1"}, "no snapshot"),
        ({"schema": 1}, "no snapshot"),
        ({"version": ...}, "lacks version"),
        ({"surprise": 1}, "unknown 'surprise'"),
        ({"version": "18"}, "version is no whole number"),
        ({"version": True}, "version is no whole number"),
        ({"version": 1 << 64}, "version is no whole number of 64 bits"),
        ({"database": 5}, "database is no text"),
        ({"settings": ["a"]}, "settings is no object"),
        ({"tables": {"a": 1}}, "tables is no list"),
        ({"tables": [{"name": {"schema": "s"}, "kind": "r", "columns": []}]}, "tables.name lacks name"),
        ({"masked": 1}, "masked is neither"),
        ({"database": "a\0b"}, "no PostgreSQL can hold"),
        ({"database": "\ud800"}, "no PostgreSQL can hold"),
        ({"objects": [{"id": "a", "kind": "k", "name": "n", "sql": "s"}] * 2}, "two objects"),
        ({"objects": [{"id": "a", "kind": "k", "name": "n", "sql": "s", "needs": ["b"]}]}, "does not come before"),
    ],
)
def test_what_is_no_snapshot_is_refused_in_one_line(changes: dict[str, object], reason: str):
    """An error names the place and what is wrong there."""
    with pytest.raises(BadInput, match=reason) as caught:
        load(packed(form(**changes)))
    assert "\n" not in str(caught.value)


def test_the_same_table_twice_is_refused():
    """Names are unique: a twin could not hold both."""
    made = form()
    tables = made["tables"]
    assert isinstance(tables, list)
    with pytest.raises(BadInput, match="twice"):
        load(packed(made | {"tables": tables * 2}))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04",
        gzip.compress(b""),
        gzip.compress(b"{}"),
        gzip.compress(b"[" * 200_000),
        gzip.compress(b'{"schema": NaN}'),
        gzip.compress(b"\xff\xfe"),
        gzip.compress(b"9" * 10_000),
        dump(SNAPSHOT)[:-20],
        dump(SNAPSHOT)[:40] + b"\0" * 20 + dump(SNAPSHOT)[60:],
    ],
)
def test_damage_is_refused(data: bytes):
    """Whatever bytes a file holds, the answer is one error of ours."""
    with pytest.raises(BadInput):
        load(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes):
    """Random bytes, packed or not, raise nothing else."""
    for each in (data, gzip.compress(data)):
        with pytest.raises(BadInput):
            load(each)


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch):
    """A small file that unpacks without end is given up at the limit."""
    monkeypatch.setattr(file, "LARGEST", 1 << 20)
    with pytest.raises(BadInput, match="unpacks to more than 1 MB"):
        load(gzip.compress(b" " * (64 << 20)))
    assert load(gzip.compress(gzip.decompress(dump(SNAPSHOT)))) == SNAPSHOT
