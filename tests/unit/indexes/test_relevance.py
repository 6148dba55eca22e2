"""Which index is held to be of use to which access."""

from hypothesis import given
from hypothesis import strategies as st

from pgtune.indexes.access import Access
from pgtune.indexes.relevance import Use
from pgtune.model.design import Index, Key, Name
from pgtune.sqltext.shape import Predicate, Term, Value

TABLE = Name("public", "t")
COLUMNS = "abcd"


def condition(column: str) -> Predicate:
    return Predicate(Term(1, column, column, (column,)), "equal", "=", (Value("1", "1"),), f"{column} = 1")


def access(*columns: str, reads: str = "", whole: bool = False) -> Access:
    return Access(TABLE, "t", tuple(map(condition, columns)), reads=tuple(reads), whole=whole)


def index(columns: str, **more) -> Index:
    return Index(TABLE, tuple(map(Key, columns)), **more)


keys = st.permutations(COLUMNS).flatmap(lambda order: st.integers(1, len(order)).map(lambda count: order[:count]))


@given(keys, st.sets(st.sampled_from(COLUMNS), min_size=1))
def test_a_btree_is_used_from_its_first_key_and_skipped_into_by_the_others(columns, asked) -> None:
    """The first key decides what every version can use, the others what 18 can skip to."""
    use, one = Use.of(access(*sorted(asked))), index("".join(columns))
    assert use.usable(one) == (columns[0] in asked)
    assert use.skippable(one) == (not asked.isdisjoint(columns[1:]))


@given(keys, st.sets(st.sampled_from(COLUMNS), min_size=1))
def test_all_that_is_read(columns, reads) -> None:
    """An index that holds it all is read in place of the table, unless really all columns are asked for."""
    text = "".join(sorted(reads))
    assert Use.of(access("z", reads=text)).usable(index("".join(columns))) == (reads <= set(columns))
    assert not Use.of(access("z", reads=text, whole=True)).usable(index("".join(columns)))
    assert Use.of(access("z", reads=text)).usable(index("y", include=tuple(text)))


def test_a_partial_index_needs_its_own_condition() -> None:
    """Word for word; and nothing is skipped in it."""
    use = Use.of(access("a", "b"))
    assert use.usable(index("a", where="b = 1"))
    assert not use.usable(index("a", where="b = 2"))
    assert not use.skippable(index("ca", where="b = 1"))


def test_other_methods_search_by_any_key() -> None:
    """Of GIN every key can be searched alone, and none is skipped."""
    assert Use.of(access("b")).usable(index("ab", method="gin"))
    assert not Use.of(access("c")).usable(index("ab", method="gin"))
    assert not Use.of(access("b")).skippable(index("ab", method="gin"))
