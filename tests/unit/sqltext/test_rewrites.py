"""Rewrites on the tree: what is made anew, and what is left alone because its answer could change."""

import pytest

from pgtune.sqltext.rewrites.arms import united
from pgtune.sqltext.rewrites.keyset import keyset
from pgtune.sqltext.rewrites.sargable import sargable
from pgtune.sqltext.rewrites.subqueries import exists, not_exists
from pgtune.sqltext.rewrites.together import together
from pgtune.sqltext.rewrites.tree import read

TYPES = {"n": "integer", "f": "double precision", "at": "timestamp with time zone", "b": "text",
         "precise": "timestamp(3) without time zone"}  # fmt: skip


def turned(condition):
    made = sargable(f"select 1 from r where {condition}", lambda _qualifier, name: TYPES.get(name, ""))
    return made.text.removeprefix("SELECT 1 FROM r WHERE ") if made else None


@pytest.mark.parametrize(
    ("condition", "made"),
    [
        ("n + 1 = 5", "n = 4"),
        ("r.n - 2 > $1", "r.n > $1 + 2"),
        ("10 > 3 + n", "n < 7"),
        ("n - 1 = 0 or b = 'x'", "n = 1 OR b = 'x'"),
        ("at::date = $1 and b = 'x'", "at >= CAST($1 AS DATE) AND at < CAST($1 AS DATE) + 1 AND b = 'x'"),
        ("date(precise) < current_date", "precise < CAST(CURRENT_DATE AS DATE)"),
    ],
)
def test_the_bare_column_stands_alone(condition, made):
    """What hid it stands on the other side."""
    assert turned(condition) == made


@pytest.mark.parametrize(
    "condition",
    [
        "f + 1 = 5",  # floats round
        "n * 2 = 10", "n + 1.5 = 4", "n + b = 3", "-n = 4", "unknown + 1 = 5", "b::date = '2026-01-01'",
        "not (n + 1 = 5)",  # NULL and false are two there
        "n + 1 = n", "n + 1 = (select 2)", "n + 1 <> 5", "(n + 1 = 5) is not true",
        "date_trunc('hour', at) = '2026-05-01 03:00'", "date_trunc('month', at, 'UTC') = '2026-05-01'",
        "date_trunc('month', at) > $1", "date_trunc('month', at) = now()", "date_trunc($1, at) = $2",
        "extract(year from at) = $1", "extract(month from at) = 5", "extract(year from at) = 2026.5",
        "to_char(at, 'MM') = '05'", "at::date = now()", "at::date = precise", "at::date = '2026-05-01 12:00'",
        "at::date = 'today'", "coalesce(n, 0) + 1 = 5", "lower(b) = 'x'",
    ],
)  # fmt: skip
def test_what_could_change_the_answer_is_left_alone(condition):
    """An unknown type, a rounding, a value that may be anything."""
    assert turned(condition) is None


@pytest.mark.parametrize(
    "text",
    [
        "select id from r order by at limit 5", "select id from r order by at offset 5",
        "select id from r limit 5 offset 5",
        "select distinct id from r order by id limit 5 offset 5", "select count(*) from r order by 1 limit 5 offset 5",
        "select id, row_number() over (order by id) from r order by id limit 5 offset 5",
        "select unnest(tags) from r order by id limit 5 offset 5",
        "select id from r order by lower(b) limit 5 offset 5",
        "select id from r union select id from s order by id limit 5 offset 5",
        "select pgtune_1 from r limit 1 offset 2",
        "select id from r group by id order by id limit 5 offset 5", "delete from r", "select", "select 'x",
    ],
)  # fmt: skip
def test_no_cursor_without_rows_of_a_table_in_an_order(text):
    """Only a page of a table's own rows has a last row to go on from."""
    assert keyset(text, [("", "id")]) is None


def test_a_cursor_takes_the_numbers_that_fall_free():
    """$1 to the last one without a gap, whatever the OFFSET used."""
    made = keyset("select id from r where b = $2 order by at desc limit $3 offset $1", [("", "id")])
    assert made.rewrite.text == (
        "SELECT id FROM r WHERE b = $2 AND (at, id) < ($1, $4) ORDER BY at DESC, id DESC LIMIT $3"
    )
    assert made.takes == ((1, "at"), (4, "id"))
    (gone,) = [keyset("select id from r where b = $1 order by id limit $4 offset ($2 - 1) * $3", [])]
    assert gone.rewrite.text == "SELECT id FROM r WHERE b = $1 AND id > $2 ORDER BY id LIMIT $3"


def test_names_that_need_quotes_keep_them():
    """A column called as a keyword, with a blank or a quote in it."""
    made = keyset('select 1 from "R x" where "order" = 1 order by "A b" desc limit 2 offset 3', [("", 'na"me')])
    assert 'WHERE "order" = 1 AND ("A b", "na""me") < ($1, $2) ORDER BY "A b" DESC, "na""me" DESC' in made.rewrite.text


@pytest.mark.parametrize(
    "text",
    [
        "select id from r where x = 1 or y = 2 order by id", "select count(*) from r where x = 1 or y = 2",
        "select distinct x from r where x = 1 or y = 2", "select x from r where (x = 1 or y = 2) and (z = 1 or u = 2)",
        "select x from r where x = 1 or y = 2 limit 3", "select x from r where x = 1 and y = 2", "select x from r",
        "select x from r where x = 1 or y = 2 for update", "select sum(x) over () from r where x = 1 or y = 2",
        "select x from r where x = random() or y = 2",
    ],
)  # fmt: skip
def test_only_rows_as_they_are_can_be_united(text):
    """What is counted, ordered or cut after the OR is not."""
    assert united(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "select count(*) > 1 from r", "select count(*) from r", "select count(distinct x) > 0 from r",
        "select count(*) > 0 from r group by x", "select count(*) > 0, 1 from r", "select count(*) > $1 from r",
        "select id from r where (select count(*) from s group by x) > 0",
        "select id from r where (select count(*) from s limit 0) > 0",
        "select count(*) filter (where x) > 0 from r", "select sum(x) > 0 from r", "select x > 0 from r",
    ],
)  # fmt: skip
def test_a_count_that_says_more_stays(text):
    """More than one row, groups, or a number that nobody knows."""
    assert exists(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "select id from r where id in (select y from s)", "select id from r where id not in (1, 2)",
        "select id from r where id not in (select y from s limit 3)",
        "select id from r where id not in (select y from r)",  # the same name inside and outside
        "select id from r where id not in (select max(y) from s)",
        "select id from r where (id, b) not in (select y, z from s)",
        "select id from r where id not in (select y from s union select z from t)",
    ],
)  # fmt: skip
def test_not_in_is_turned_only_where_names_are_sure(text):
    """A list, a cut subquery, or a column that would mean another table inside."""
    assert not_exists(text, lambda _name: "r") is None


def test_not_in_needs_the_outer_relation():
    """A bare column of nobody knows whom would be taken for the subquery's own."""
    assert not_exists("select 1 from r, q where id not in (select y from s)", lambda _name: "") is None


@pytest.mark.parametrize(
    "text",
    [
        "select b from r where id = $1 and n = $2", "select b from r where id > $1", "select b from r where id = 5",
        "select count(*) from r where id = $1", "select b from r where id = $1 limit 1",
        "update r set b = $2 where id = $1",
        "select b from r where id = $1 order by b",
    ],
)  # fmt: skip
def test_not_everything_can_be_asked_for_at_once(text):
    """Two keys, a limit or an order of each answer, a gathered one."""
    assert together(text) is None


def test_a_text_that_would_be_printed_as_another_is_not_taken():
    """sqlglot makes a power of `^` and drops what it takes for a default: then nothing is rewritten."""
    assert read("select 1 from r where n ^ 2 = 4") is None
    assert read("select 1 from r where b = $$it's$$ and n = $1") is not None
