"""Which index does the work of which."""

from dataclasses import replace

import pytest

from pgtune.indexes.facts import TableFacts, array, bare_type
from pgtune.indexes.redundancy import covered_by_new, duplicate, leads, prefix
from pgtune.model.design import Index, Key, Name
from pgtune.snapshot.snapshot import Column, ColumnStats, StoredIndex, Table

ONE = StoredIndex(
    Name("s", "one"), "btree", "CREATE INDEX", ("a",), opclasses=("int4_ops",), collations=("",), options=(0,)
)
TWO = replace(
    ONE, name=Name("s", "two"), keys=("a", "b"), opclasses=("int4_ops",) * 2, collations=("", ""), options=(0, 0)
)


def test_prefix() -> None:
    """The same first keys, read the same way."""
    assert prefix(ONE, TWO)
    assert not prefix(TWO, ONE)
    assert not prefix(TWO, TWO)


@pytest.mark.parametrize(
    "change",
    [
        {"options": (1,)}, {"opclasses": ("int4_other",)}, {"collations": ('"C"',)}, {"predicate": "(a > 1)"},
        {"keys": ("b",)}, {"method": "hash"}, {"include": ("z",)},
    ],
)  # fmt: skip
def test_no_prefix(change) -> None:
    """Another direction, class, collation, predicate, column, method or payload makes an index of its own right."""
    assert not prefix(replace(ONE, **change), TWO)
    assert not duplicate(replace(ONE, **change), ONE)


def test_duplicate() -> None:
    """Uniqueness aside all is the same."""
    assert duplicate(ONE, replace(ONE, name=Name("s", "x"), unique=True))


def test_new_covers_old() -> None:
    """A recommended index that begins so, over all rows."""
    table = Name("s", "t")
    assert covered_by_new(ONE, Index(table, (Key("a"), Key("c"))))
    assert not covered_by_new(ONE, Index(table, (Key("a", descending=True), Key("c"))))
    assert not covered_by_new(ONE, Index(table, (Key("a"),), where="b > 1"))
    assert leads(TWO, Index(table, (Key("a"),)))
    assert not leads(TWO, Index(table, (Key("a", opclass="int4_x"),)))
    assert leads(replace(ONE, keys=('"Odd ""name"',)), Index(table, (Key('Odd "name'),)))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{1,2}", ("1", "2")),
        ('{"a,b","c \\"d\\"",NULL,"NULL"}', ("a,b", 'c "d"', "NULL")),
        ("{}", ()),
        (None, ()),
        ('{""}', ("",)),
    ],
)
def test_array(text, found) -> None:
    """PostgreSQL's array text, quotes and NULLs."""
    assert array(text) == found


def test_types_and_shares() -> None:
    """Modifiers are taken off; a value's share is what the statistics say of it."""
    assert bare_type("timestamp(3) with time zone") == "timestamp with time zone"
    assert bare_type("character varying(20)") == "character varying"
    stats = ColumnStats(False, 0.1, 4, 12, "{a,b}", "{0.5,0.2}")
    facts = TableFacts(Table(Name("s", "t"), "r", (Column(1, "x", "text", stats=(stats,)),), pages=100, rows=1000))
    assert facts.share("x", "a") == 0.5
    assert facts.share("x", "other") == pytest.approx(0.02)
    assert facts.distinct("x") == 12
