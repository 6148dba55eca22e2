"""Placeholders of every kind become `$n`; operators, casts, slices and literals that look like one stay."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgtune.sqltext.parse import tokens, trees
from pgtune.sqltext.placeholders import numbered

MEANT = [
    ("a = ? and b=?and c in (?, ?)", "a = $1 and b=$2 and c in ($3, $4)"),
    ("a between ? and ? limit ? offset ?", "a between $1 and $2 limit $3 offset $4"),
    ("a = %s and b=%s or c = %(x)s and d = %(x)s", "a = $1 and b=$2 or c = $3 and d = $3"),
    ("a in %s", "a in ($1)"),
    ("insert into t values %s", "insert into t values ($1)"),
    (":a::int + :b - :a", "$1::int + $2 - $1"),
    ("x = :'name' and y = :1", "x = $1 and y = $2"),
    ("a = @name and b >= @other", "a = $1 and b >= $2"),
    ("sqlc.arg(x) + sqlc.narg('y') + sqlc.arg('x')", "$1 + $2 + $1"),
    ("$2 = :x", "$2 = $3"),
    ("d > date ? and d < interval %s", "d > date $1 and d < interval $2"),
    ("a ->> ? = ?", "a ->> $1 = $2"),
    ("j ? 'k' and j ?| array['a'] and x = ?", "j ? 'k' and j ?| array['a'] and x = $1"),
    ("j ?? 'k' and x = ?", "j ? 'k' and x = $1"),
    ("j ? :key", "j ? $1"),
    ("a %% 3 = %s", "a % 3 = $1"),
    ("case when ? then ? else ? end = ?", "case when $1 then $2 else $3 end = $4"),
    ("x = ? -- is it :a or %s?\n and y = ?", "x = $1 -- is it :a or %s?\n and y = $2"),
    ("name like ? escape ?", "name like $1 escape $2"),
    ("a = -:x", "a = -$1"),
    ("f(a => :x, b := :y)", "f(a => $1, b := $2)"),
]
LEFT_ALONE = [
    "select x::int, 'a:b', a[1:n], a % s, 5 %s",
    "select '%s', '?', ':x', $$ :y %s ? $$, E'\\'?', \"a:b\", \"?\"",
    "select a ? 'k', b @> c, d <@ e, f @? '$.x', g @@ h",
    "select @ -5, @f(1), @t.c",
    "select $1, $2::date",
    "select json_object('a':x)",
    "select a %% 3 from t -- no placeholder of psycopg here",
    "select 1 -- :x ? %s\n",
]


@pytest.mark.parametrize(("text", "expected"), MEANT)
def test_placeholders_of_every_kind(text, expected):
    """Numbers in the order of the text, one for each name."""
    assert numbered(text).text == expected


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_is_none_stays(text):
    """Not a character changes."""
    assert numbered(text).text == text


def test_names_are_kept():
    """Who reads a plan wants to know what `$2` was."""
    assert numbered("a = :first and b = ? and c = :first and d = @x").names == ("first", "", "x")


PLACE = st.sampled_from(["?", "%s", ":name", "@name", "%(name)s", "$1", "sqlc.arg(name)"])
LITERAL = st.one_of(
    st.text(max_size=12)
    .filter(lambda t: "\0" not in t and t.isprintable())
    .map(lambda t: "'" + t.replace("'", "''") + "'"),
    st.sampled_from(["'%s'", "'? :name @x'", "$q$ %s ? :a $q$", "'it''s %(x)s'", "E'\\'%s ?'"]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(PLACE, LITERAL), min_size=1, max_size=5))
def test_literals_never_change(parts):
    """Whatever stands in a literal is what the server gets, and what comes out parses."""
    conditions = " and ".join(f"a = {place} and b = {literal}" for place, literal in parts)
    text = numbered(f"select 1 from t where {conditions}").text
    assert [word.text for word in tokens(text) if word.name == "SCONST"] == [literal for _place, literal in parts]
    assert len(trees(text)) == 1


@settings(max_examples=200, deadline=None)
@given(st.lists(PLACE, min_size=1, max_size=6))
def test_every_placeholder_gets_a_number(places):
    """As many parameters as placeholders, equal names counted once."""
    text = numbered("select " + " + ".join(places)).text
    named = len({place for place in places if "name" in place}) > 0
    bare = sum(place in {"?", "%s"} for place in places)
    distinct = {word.text for word in tokens(text) if word.name == "PARAM"}
    assert len(distinct) == named + bare + ("$1" in places)
