"""A rewritten statement is written with the placeholders of the code, or as it is where that could be another one."""

import pytest

from pgtune.sqltext.placeholders import spellings
from pgtune.sqltext.spelling import spelled

MADE = "SELECT 1 FROM t WHERE a = $1 AND (at, id) < ($2, $3) LIMIT $4"
NEW = {2: "at", 3: "id"}


@pytest.mark.parametrize(
    ("original", "text"),
    [
        ("select 1 from t where a = :a limit :n", "a = :a AND (at, id) < (:at, :id) LIMIT :n"),
        ("select 1 from t where a = %(a)s limit %(at)s", "a = %(a)s AND (at, id) < (%(last_at)s, %(id)s) LIMIT %(at)s"),
        ("select 1 from t where a = %s limit %s", "a = %s AND (at, id) < (%s, %s) LIMIT %s"),
        ("select 1 from t where a = ? limit ?", "a = ? AND (at, id) < (?, ?) LIMIT ?"),
        ("select 1 from t where a = @a limit @n", "a = @a AND (at, id) < (@at, @id) LIMIT @n"),
        ("select 1 from t where a = sqlc.arg(a) limit sqlc.arg('n')",
         "a = sqlc.arg(a) AND (at, id) < (sqlc.arg(at), sqlc.arg(id)) LIMIT sqlc.arg('n')"),
        ("select 1 from t where a = $1 limit $2", "a = $1 AND (at, id) < ($2, $3) LIMIT $4"),
        ("select 1 from t where a = :1 limit :2", "a = $1 AND (at, id) < ($2, $3) LIMIT $4"),
    ],
)  # fmt: skip
def test_each_driver_gets_its_own(original, text):
    """Old ones as they were, new ones of the same kind."""
    assert spelled(original, MADE, (1, 0, 0, 2), NEW) == f"SELECT 1 FROM t WHERE {text}"


@pytest.mark.parametrize(
    ("original", "made", "origins"),
    [
        ("select ?, ?", "select $2, $1", (1, 2)),  # the values would have to be given in another order
        ("select ?", "select $1, $1", (1,)),
        ("select 1 where a = ?", "select 1 where a = $1 and doc ? 'k'", (1,)),
        ("select 1 where a = %s", "select 1 where a = $1 % 2", (1,)),
        ("select 1 where a = @a", "select 1 where a = $1 and t @> u", (1,)),
    ],
)
def test_what_could_be_another_statement_stays(original, made, origins):
    """Another order, one value for two places, an operator that looks like a placeholder."""
    assert spelled(original, made, origins, {}) == made


def test_a_text_in_a_string_is_left_alone():
    """Only parameters are written anew."""
    assert spelled("select :a", "select '$1', $1 -- $1", (1,), {}) == "select '$1', :a -- $1"


def test_spellings_are_by_number():
    """One for each number, empty where the text itself numbers."""
    assert spellings("select %(b)s, %(a)s, %(b)s") == ("%(b)s", "%(a)s")
    assert spellings("select $2, :x") == ("", "", ":x")
