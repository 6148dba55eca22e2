"""Ways of asking that are seldom meant are found in the tree, and nothing that only looks like them."""

import pytest

from pgtune.sqltext.habits import everywhere, not_in, of_tables, random_order, unlinked
from pgtune.sqltext.parse import tree


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("select 1 from a where x not in (select y from b)", [("b", "y", False)]),
        ("select 1 from a where not x in (select b.y from s.b)", [("b", "y", False)]),
        ("select 1 from a where x <> all (select q.y from b q join c on true)", [("", "y", False)]),
        ("select 1 from a where x not in (select q.y from b q, c)", [("b", "y", False)]),
        ("select 1 from a where x not in (select y from b where y is not null and z = 1)", [("b", "y", True)]),
        ("select 1 from a where x not in (select y from b where y = $1)", [("b", "y", True)]),
        ("select 1 from a where x not in (select y from b where y is not null or z = 1)", [("b", "y", False)]),
        ("select 1 from a where x not in (select y from b where y is distinct from 3)", [("b", "y", False)]),
        ("select 1 from a where x not in (select max(y) from b)", [("", "", False)]),
        ("select 1 from a where x not in (1, 2) and not exists (select from b) and x in (select y from b)", []),
    ],
)
def test_not_in_with_a_subquery(text, found):
    """With the column that it returns, and whether NULLs are kept out."""
    assert [(each.table, each.column, each.guarded) for each in not_in(tree(text))] == found


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("select 1 from a order by random()", True),
        ("select 1 from (select x from a order by x, random() limit 3) q", True),
        ("select random() from a order by x", False),
        ("select 1 from a where x > random()", False),
    ],
)
def test_a_random_order(text, there):
    """As a key of ORDER BY, wherever it stands."""
    assert (random_order(tree(text)) is not None) == there


@pytest.mark.parametrize(
    ("text", "all_rows"),
    [
        ("update a set x = 1", True), ("delete from a", True), ("update a set x = 1 where true", False),
        ("update a set x = b.x from b", False), ("delete from a using b", False), ("insert into a values (1)", False),
        ("select 1 from a", False), ("delete from a where current of c", False),
    ],
)  # fmt: skip
def test_a_change_of_every_row(text, all_rows):
    """Without any condition."""
    assert everywhere(tree(text)) == all_rows


@pytest.mark.parametrize(
    ("text", "apart"),
    [
        ("select 1 from a, b where a.x = 1", ("a", "b")),
        ("select 1 from a q, b r, c where q.x = c.x and r.y > 1", ("q", "r")),
        ("select 1 from a, b where a.x = b.x", None),
        ("select 1 from a, b where a.x + b.x > 3", None),
        ("select 1 from a, b where x = y", None),  # nobody knows whose
        ("select 1 from a, b where a.x = 1 and a.z in (select 1)", None),
        ("select 1 from a, f(1) where a.x = 1", None),
        ("select 1 from a, lateral (select a.x) q", None),
        ("select 1 from a cross join b", None),
        ("with b as (select 1) select 1 from a, b", None),
        ("select 1 from a", None), ("select 1", None), ("delete from a using b", None),
    ],
)  # fmt: skip
def test_tables_side_by_side(text, apart):
    """Only where it is certain that no condition brings them together."""
    assert unlinked(tree(text)) == apart


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("select 1 from a join b on true left join c on true, d", True), ("select 1 from a full join b on true", False),
        ("select 1 from a, f(1)", False), ("select 1 from (select 1) q", False), ("select 1", False),
        ("with a as (select 1) select 1 from a", False),
    ],
)  # fmt: skip
def test_from_tables_alone(text, plain):
    """Each row of it is made of rows of tables."""
    assert of_tables(tree(text)) == plain
