"""The same input gives the same answer: whatever the hash seed, and whatever things are called."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from pgtune.cluster import Cluster, find
from pgtune.indexes.advice import IndexAdvice, Limits
from pgtune.indexes.advise import advise
from pgtune.server.capture import capture
from pgtune.twin import raised
from tests.db.indexes.conftest import workload

PROJECT = Path(__file__).parents[3]
TEXTS = (
    "select * from orders where customer_id = 7 and status = 'done' order by created_at desc limit 5",
    "select sum(total) from orders where created_at >= '2026-02-01' and created_at < '2026-02-02'",
    "select c.name, o.total from customers c join orders o on o.customer_id = c.id where c.email = 'x'",
    "select * from events where tags @> array['t7'] and kind = 3",
    "select * from orders where status = 'paid' order by created_at limit 50",
    "select * from customers where lower(email) = 'x'",
)
PROGRAM = """
import hashlib, pickle, sys
from pgtune.indexes.advice import Limits
from pgtune.indexes.advise import advise
from pgtune.twin import raised
snapshot, workload = pickle.load(open(sys.argv[1], "rb"))
with raised(snapshot) as twin:
    answer = advise(snapshot, workload, twin.plan, twin.size_of, Limits(12 << 20))
    print(hashlib.sha256(repr(answer).encode()).hexdigest())
"""


def test_hash_seeds(snapshot, tmp_path) -> None:
    """Processes with different hash seeds print the same advice, to the last digit."""
    file = tmp_path / "input"
    file.write_bytes(pickle.dumps((snapshot, workload(*TEXTS))))
    answers = set()
    for seed in ("0", "1", "42"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(PROJECT)}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(file)], env=environment, capture_output=True, text=True, check=True
        )
        answers.add(done.stdout)
    assert len(answers) == 1
    assert len(answers.pop().strip()) == 64


RENAMED = {
    "customers": "zz_people", "orders": "aa_deals", "events": "mm_things", "customer_id": "q_7", "status": "Zu Stand",
    "created_at": "b_when", "total": "y_sum", "email": "a_mail", "tags": "x_list", "kind": "k_ind", "name": "n_ame",
}  # fmt: skip


def test_renamed(shop: str, snapshot, twin) -> None:
    """A copy with every table and column renamed gets the same advice under the new names."""
    base = psycopg.conninfo.conninfo_to_dict(shop)
    admin = psycopg.conninfo.make_conninfo(**{**base, "dbname": "postgres"})
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("create database renamed template experts")
    try:
        copy = psycopg.conninfo.make_conninfo(**{**base, "dbname": "renamed"})
        with psycopg.connect(copy, autocommit=True) as connection:
            rows = connection.execute(
                "select table_name, column_name from information_schema.columns where table_schema = 'public'"
            ).fetchall()
            for table, column in rows:
                if column in RENAMED:
                    connection.execute(f'alter table {table} rename column {column} to "{RENAMED[column]}"'.encode())
            for table in ("customers", "orders", "events"):
                connection.execute(f"alter table {table} rename to {RENAMED[table]}".encode())
        other = capture(copy, workload=False)
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute("drop database renamed with (force)")
    texts = [_renamed(text) for text in TEXTS]
    with raised(other) as second:
        there = advise(other, workload(*texts), second.plan, second.size_of, Limits(12 << 20))
    here = advise(snapshot, workload(*TEXTS), twin.plan, twin.size_of, Limits(12 << 20))
    assert here.recommendations
    assert _said(there) == [_renamed(each) for each in _said(here)]
    assert round(there.cost_after, 2) == round(here.cost_after, 2)


TWINS = "create table {0} as select n as id, n % 4000 as {1}, n % 4000 as {2} from generate_series(1, 60000) n"
ASKED = "select count(*) from {0} where {1} = 7 and {2} = 7"


@pytest.mark.parametrize(("one", "other"), [("aa", "bb"), ("bb", "aa")])
def test_names_break_no_tie(one: str, other: str) -> None:
    """Of indexes that do the same the one on what the workload names first is advised, whatever its name."""
    cluster = Cluster.throw_away(find(18))
    try:
        cluster.start()
        with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
            for table in (one, other):
                connection.execute(TWINS.format(table, one, other).encode())
            connection.execute("vacuum (analyze)")
        database = capture(cluster.conninfo(), workload=False)
    finally:
        cluster.remove()
    texts = [ASKED.format(table, one, other) for table in (one, other)]
    with raised(database) as twin:
        answer = advise(
            database, workload(*texts), twin.plan, twin.size_of, Limits(max_indexes=1),
            prepare=lambda wanted: twin.prepare(*wanted),
        )  # fmt: skip
    (advised,) = answer.recommendations
    assert advised.index.table.name == one
    assert advised.index.keys[0].column == one


def _renamed(text: str) -> str:
    words = text.replace('"', "")
    for old in sorted(RENAMED, key=len, reverse=True):
        pieces = words.split(old)
        words = f'"{RENAMED[old]}"'.join(pieces)
    return words


def _said(answer: IndexAdvice) -> list[str]:
    """The indexes in their order, names of indexes left out."""
    return [_quoted(each.index.ddl("").split(" ON ", 1)[1]) for each in answer.recommendations]


def _quoted(text: str) -> str:
    """Every identifier that was renamed between quotes, no other: both sides are brought to that form."""
    bare = text.replace('"', "")
    for new in RENAMED.values():
        bare = bare.replace(new, f'"{new}"')
    return bare
