"""Values for parameters: recorded ones as often as they came, else typical ones from common to rare."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtune.workload import Gathering, statistics
from pgtune.workload.arrays import array, elements
from pgtune.workload.bindings import MOST, recorded
from tests.unit.workload.sample import snapshot


def bindings(condition, **changes):
    taken = snapshot(f"select * from orders where {condition}", **changes)
    (statement,) = Gathering(taken).add(statistics.entries(taken)).workload().statements
    return statement.bindings


def test_skew_is_seen():
    """A status of 95 %, one of 4 and one of 1 % are each planned, the rare ones with more than their share of rows."""
    generic, *sampled = bindings("status = $1")
    assert generic.values is None
    assert [each.values for each in sampled] == [("delivered",), ("paid",), ("new",)]
    assert sampled[0].share > sampled[1].share > sampled[2].share > 0.01


def test_a_column_of_many_values_gives_common_and_uncommon_ones():
    """Most common ones grouped, and one that is none of them, with the mass that they leave."""
    _generic, *sampled = bindings("customer_id = $1")
    assert [each.values for each in sampled] == [("7",), ("11",), ("15",), ("5000",)]
    assert max(sampled, key=lambda each: each.share).values == ("5000",)


@pytest.mark.parametrize(
    ("condition", "values"),
    [
        ("id > $1", [("9900",), ("9000",), ("5000",)]),
        ("id < $1", [("100",), ("1000",), ("5000",)]),
        ("id between $1 and $2", [("9800", "9900"), ("5000", "5100"), ("3000", "6000")]),
        ("id <= $2 and id > $1", [("9800", "9900"), ("5000", "5100"), ("3000", "6000")]),
        ("status like $1", [("new%",), ("%ew%",)]),
        ("lower(status) = $1", [("delivered",), ("paid",), ("new",)]),
        ("status = any($1)", [('{"delivered"}',), ('{"paid"}',), ('{"new"}',)]),
        ("tags @> $1", [('{"red"}',), ('{"dark blue"}',)]),
        ("doc @> $1", [('{"a": 1}',)]),
        ("doc ? $1", [("a",)]),
        ("search @@ to_tsquery($1, $2)", [("simple", "'lamp'"), ("simple", "'kettl'")]),
        ("status = 'new' and id > 5 order by id limit $1 offset $2", [("25", "0")]),
        ("status = $1 and id > $2", [("delivered", "9900"), ("paid", "9000"), ("new", "5000")]),
    ],
)
def test_values_suit_their_condition(condition, values):
    """Ranges from narrow to wide with bounds that belong together, patterns, elements, lexemes, a page."""
    assert [each.values for each in bindings(condition) if each.values] == values


@pytest.mark.parametrize(
    "condition", ["total = $1", "created_at > now() - $1::interval", "id = $1 + 1", "f(id) = $1", "doc ->> 'k' = $1"]
)
def test_without_a_value_to_learn_from_there_is_the_generic_plan_alone(condition):
    """A made-up value would be worse than none."""
    assert bindings(condition) == ()


def test_parameters_that_choose_no_rows_are_null():
    """What is only written or shown does not matter to the plan."""
    taken = snapshot("update orders set total = $1 where id = $2")
    (statement,) = Gathering(taken).add(statistics.entries(taken)).workload().statements
    assert [each.values for each in statement.bindings] == [None, (None, "5000")]


@pytest.mark.parametrize(
    "condition", ["status = $1", "customer_id = $1", "id between $1 and $2", "tags && $1 and id = $2"]
)
def test_shares_sum_to_one_and_are_a_handful(condition):
    """A statement weighs what it weighs, however it is planned."""
    found = bindings(condition)
    assert sum(each.share for each in found) == pytest.approx(1)
    assert 2 <= len(found) <= MOST


def test_recorded_values_count_as_often_as_they_came():
    """The commonest five, in a fixed order."""
    seen = Counter({("a",): 3, (None,): 1, ("b",): 1, ("c",): 1, ("d",): 1, ("e",): 1})
    found = recorded(seen)
    assert found[0].values == ("a",)
    assert found[0].share == 3 / 7
    assert [each.values for each in found] == [each.values for each in recorded(Counter(dict(reversed(seen.items()))))]


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"))))
def test_arrays_come_back(values):
    """Quotes, commas, braces, backslashes, line breaks and the word NULL are values like others."""
    assert elements(array(*values)) == tuple(values)


def test_arrays_of_the_server():
    """Bare elements, NULL, and what is no array."""
    assert elements('{1,"b c",NULL,"NULL"}') == ("1", "b c", None, "NULL")
    assert elements(None) == elements("x") == ()
