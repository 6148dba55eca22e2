"""Statements of .sql files, with psql's commands, COPY's data and names in them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgtune.model.errors import NotSql
from pgtune.workload import files

PSQL = r"""\set ON_ERROR_STOP on
\echo it's working
-- name: first @ 40
select 1,
  $$
\not a command
$$
\gset
\copy x from 'y'
copy t (a) from stdin;
1;'
\N	x
\.
select 2 \gexec
"""


def test_psql_files():
    """Commands, even with a lone quote, and data vanish; what is in a string stays; lines are the file's."""
    found = files.entries(PSQL, "f.sql")
    assert [(each.origin, each.text, each.weight) for each in found] == [
        ("f.sql:4", "select 1,\n  $$\n\\not a command\n$$", 40.0),
        ("f.sql:10", "copy t (a) from stdin", 40.0),
        ("f.sql:14", "select 2", 40.0),
    ]


def test_byte_order_marks_and_crlf():
    """As Windows writes them."""
    assert [each.text for each in files.entries("\ufeffselect 1;\r\n\r\nselect 2", "f")] == ["select 1", "select 2"]
    assert files.entries("\ufeffselect 1;\r\n\r\nselect 2", "f")[1].origin == "f:3"


def test_query_files_of_other_tools():
    """aiosql and sqlc name their queries; without a weight each counts once."""
    text = "-- name: get_user :one\nselect * from u where id = $1;\n-- name: many^\nselect 1;"
    assert [(each.weight, each.native) for each in files.entries(text, "f")] == [(1.0, False), (1.0, False)]


def test_a_string_without_an_end_is_refused():
    """Nothing behind it could be told apart."""
    with pytest.raises(NotSql, match="unterminated"):
        files.entries("select 'x; select 2", "f")


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("select 1;'$\\gset\n\r-/*\0:copyfromstdin.@")), max_size=80))
def test_hostile_files_raise_nothing_but_our_error(text):
    """And what is read is in the file."""
    try:
        found = files.entries(text, "f")
    except NotSql as error:
        assert str(error)  # noqa: PT017
    else:
        assert all(each.text.strip() for each in found)
