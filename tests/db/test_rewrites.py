"""A rewritten statement has the same answer: on rows with NULLs, duplicates and ties, in several time zones."""

from collections import Counter

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pgtune.sqltext.rewrites.arms import united
from pgtune.sqltext.rewrites.keyset import keyset
from pgtune.sqltext.rewrites.sargable import sargable
from pgtune.sqltext.rewrites.subqueries import exists, not_exists
from pgtune.sqltext.rewrites.together import together

ROWS = """
create table r (id int primary key, a int not null, b text not null, n int, big bigint, num numeric, at timestamptz,
  t timestamp, d date, other int);
insert into r select n, n % 7, 'b' || n % 5, case when n % 3 > 0 then n % 11 end, n % 13, (n % 17) / 2.0,
  case when n % 10 > 0 then timestamptz '2026-03-27 20:00 UTC' + n * interval '97 min' end,
  timestamp '2025-12-30 22:00' + n * interval '1511 min', date '2024-12-20' + n, case when n % 4 > 0 then n % 19 end
  from generate_series(1, 400) n;
create table s (id int primary key, r_id int, kind int);
insert into s select n, case when n % 9 > 0 then n % 60 end, n % 3 from generate_series(1, 120) n;
insert into r values (0, 0, '', null, null, null, null, null, null, null),
  (-1, 1, 'b1', 4, 4, 4.0, '2026-05-01 00:00 Europe/Berlin', '2026-05-01', '2026-01-01', 4),
  (-2, 1, 'b1', 4, 4, 4.0, '2026-04-30 23:59:59.999999 Europe/Berlin', '2026-04-30 23:59:59.999999', '2025-12-31', 4);
analyze r; analyze s;
"""
TYPES = {
    "a": "integer", "b": "text", "n": "integer", "big": "bigint", "num": "numeric", "at": "timestamp with time zone",
    "t": "timestamp without time zone", "d": "date", "other": "integer", "id": "integer",
}  # fmt: skip
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Auckland")
CONDITIONS = (
    ("date_trunc('month', at) = '2026-04-01'", ()),
    ("date_trunc('month', at) = $1", ("2026-04-01",)),
    ("date_trunc('month', at) = $1", ("2026-04-02",)),
    ("date_trunc('day', at) = $1", ("2026-03-29",)),
    ("date_trunc('day', at) = '2026-03-29' or n = 3", ()),
    ("date_trunc('week', t) = '2026-03-30'", ()),
    ("date_trunc('week', t) = '2026-03-31'", ()),
    ("date_trunc('quarter', t) = '2026-04-01'", ()),
    ("date_trunc('year', t) >= '2026-01-01'", ()),
    ("date_trunc('year', t) < '2026-01-01'", ()),
    ("date_trunc('month', t) > '2026-02-01'", ()),
    ("date_trunc('month', t) <= '2026-02-01'", ()),
    ("'2026-02-01' >= date_trunc('month', t)", ()),
    ("extract(year from at) = 2026", ()),
    ("extract(year from d) = 2025", ()),
    ("to_char(t, 'YYYY-MM') = '2026-04'", ()),
    ("to_char(at, 'YYYY-MM-DD') = '2026-03-29'", ()),
    ("at::date = '2026-03-29'", ()),
    ("at::date = $1", ("2026-03-29",)),
    ("at::date >= '2026-03-29' and at::date < '2026-04-10'", ()),
    ("cast(t as date) <= $1", ("2026-05-01",)),
    ("date(t) > '2026-05-01'", ()),
    ("at::date between '2026-03-28' and '2026-03-30'", ()),
    ("n + 1 = 5", ()),
    ("1 + n > $1", (5,)),
    ("n - 3 <= 2", ()),
    ("big - 2 = -1", ()),
    ("num + 2 = $1", (4.5,)),
    ("5 < n + 1", ()),
)
WHOLE = (
    (united, "select r.id, s.id from r join s on s.r_id = r.id where r.n = 4 or s.kind = 1"),
    (united, "select r.a from r join s on s.r_id = r.id where (r.n = 4 or s.kind = 1 or r.other = 3) and r.id > 5"),
    (united, "select r.* from r left join s on s.r_id = r.id where r.n > 4 or s.kind is null"),
    (exists, "select count(*) > 0 from r where n = 4"),
    (exists, "select count(*) = 0 from r where n = 99"),
    (exists, "select count(n) >= 1 as some from r where id = 0"),
    (exists, "select id from r where (select count(*) from s where s.r_id = r.id) > 0"),
    (exists, "select id from r where (select count(s.kind) from s where s.r_id = r.id and kind = 1) = 0"),
    (not_exists, "select id from r where id not in (select r_id from s where r_id is not null)"),
    (not_exists, "select id from r where r.id not in (select s.r_id from s where r_id > 7 or r_id < 3)"),
)


@pytest.fixture
def rows(database):
    with psycopg.connect(database, autocommit=True, prepare_threshold=None) as connection:  # constants follow the zone
        connection.execute(ROWS)
        yield connection


def answer(connection, text, values=()):
    """The rows, however often each is there."""
    typed = [repr(value) if isinstance(value, str) else str(value) for value in values]
    for number, value in reversed(list(enumerate(typed, 1))):
        text = text.replace(f"${number}", value)
    return Counter(connection.execute(text.encode()).fetchall())


def type_of(_qualifier, name):
    return TYPES.get(name, "")


def test_a_turned_condition_keeps_the_same_rows(rows):
    """In every zone, around changes of clocks, and with a value that is no beginning of a month."""
    for condition, values in CONDITIONS:
        text = f"select id from r where {condition}"
        made = sargable(text, type_of)
        assert made, condition
        for zone in ZONES:
            rows.execute(f"set timezone = '{zone}'")
            assert answer(rows, text, values) == answer(rows, made.text, values), (condition, zone, made.text)


def test_something_is_found_by_the_turned_conditions(rows):
    """The test above compares rows, not nothing with nothing."""
    found = [bool(answer(rows, f"select id from r where {condition}", values)) for condition, values in CONDITIONS]
    assert sum(found) >= len(found) - 3


@pytest.mark.parametrize(("rewrite", "text"), WHOLE)
def test_a_statement_made_anew_has_the_same_answer(rewrite, text, rows):
    """Duplicates are counted, NULLs are there."""
    made = rewrite(text) if rewrite is not not_exists else rewrite(text, lambda _name: "r")
    assert made, text
    found = answer(rows, text)
    assert found
    assert found == answer(rows, made.text), made.text


def test_not_in_with_a_null_is_what_the_rewrite_mends(rows):
    """It finds nothing; NOT EXISTS finds what was meant, and the rewrite says so."""
    text = "select id from r where id not in (select r_id from s)"
    made = not_exists(text, lambda _name: "r")
    assert not answer(rows, text)
    assert len(answer(rows, made.text)) > 300
    assert "NULL" in made.doubt


def test_asked_for_at_once_is_asked_for_one_by_one(rows):
    """The rows of all keys, each with its key."""
    made = together("select b from r where n = $1 and a > 2")
    one_by_one = Counter()
    for key in (1, 4, 99):
        for row, many in answer(rows, "select b from r where n = $1 and a > 2", (key,)).items():
            one_by_one[key, *row] += many
    assert one_by_one == answer(rows, made.text.replace("$1", "array[1, 4, 99]"))


KEYS = st.lists(st.sampled_from(["a", "b", "r.a", "id"]), min_size=1, max_size=3, unique_by=lambda key: key[-1])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys=KEYS, down=st.lists(st.booleans(), min_size=4, max_size=4), size=st.integers(1, 90), page=st.integers(1, 4))
def test_a_page_by_cursor_is_the_page_by_offset(rows, keys, down, size, page):
    """Whatever the order: page n by OFFSET is what stands behind the last row of page n - 1."""
    ties = [] if "id" in keys else [("", "id")]
    order = [f"{key}{' desc' if way else ''}" for key, way in zip(keys, down, strict=False)]
    last = ", id desc" if ties and down[len(keys) - 1] else ", id" if ties else ""
    query = f"select id, a, b from r where n is not null or a > 2 order by {', '.join(order)}"
    made = keyset(f"{query} limit {size} offset $1", ties)
    pages = rows.execute(f"{query}{last} limit {size * (page + 1)}").fetchall()
    before, expected = pages[: size * page][-1], pages[size * page :]
    row = dict(zip(("id", "a", "b"), before, strict=True))
    text = made.rewrite.text
    for number, column in made.takes:
        value = row[column]
        text = text.replace(f"${number}", f"'{value}'" if isinstance(value, str) else str(value))
    assert rows.execute(text.encode()).fetchall() == expected


def test_an_open_page_has_an_order_that_an_index_can_have(rows):
    """One direction: a comparison of rows, which is one range of the index."""
    rows.execute("create index on r (a, id); set enable_seqscan = off")
    made = keyset("select id from r order by a limit 10 offset $1", [("", "id")])
    plan = rows.execute(f"explain {made.rewrite.text.replace('$1', '3').replace('$2', '17')}".encode()).fetchall()
    told = "\n".join(line for (line,) in plan)
    assert "Index Cond: (ROW(a, id) > ROW(3, 17))" in told
    assert "Sort" not in told
