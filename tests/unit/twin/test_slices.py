"""A table cut into partitions by arithmetic."""

import pytest

from pgtune.model.design import Name, Partition, Scheme
from pgtune.snapshot.snapshot import Column, ColumnStats, Table
from pgtune.twin import slices
from pgtune.twin.slices import KeyValues

BOUNDS = "{" + ",".join(str(n) for n in range(0, 1001, 10)) + "}"
AT = Column(1, "at", "integer", length=4, stats=(ColumnStats(False, 0.0, 4, -1.0, None, None, BOUNDS, 1.0),))
ID = Column(2, "id", "bigint", length=8, stats=(ColumnStats(False, 0.0, 8, -1.0, None, None, BOUNDS, -1.0),))
WHO = Column(3, "who", "integer", length=4, stats=(ColumnStats(False, 0.0, 4, 900.0, "{7}", "{0.5}", None, 0.1),))
TABLE = Table(Name("public", "t"), "r", (AT, ID, WHO), pages=1000, relpages=1000, rows=1_000_000, all_visible=500)
SCHEME = Scheme(TABLE.name, "range", ("at",), (
    Partition("a", "FROM (0) TO (250)", 0.25), Partition("b", "FROM (250) TO (1000)", 0.75),
    Partition("c", "DEFAULT", 0.0),
))  # fmt: skip


def _child(name: str, values: dict[str, KeyValues] | None = None) -> Table:
    cut = slices.placed(SCHEME, values or {})[name]
    return slices.child(TABLE, Name("hidden", name), SCHEME, cut)


def test_rows_and_pages_are_shared_out():
    """Each partition has its share; one without rows has no page and no statistics."""
    parts = [_child(each.name) for each in SCHEME.partitions]
    assert [each.pages for each in parts] == [250, 750, 0]
    assert [each.rows for each in parts] == [250_000, 750_000, 0]
    assert [each.all_visible for each in parts] == [125, 375, 0]
    assert all(not column.stats for column in parts[2].columns)


def test_the_keys_values_are_those_of_the_partition():
    """Common values are counted among the partition's rows, and where no other are there they are all there is."""
    values = {"a": KeyValues("{0,100,250}", None), "b": KeyValues(None, "{300,400}", (0.25, 0.5))}
    (first,) = _child("a", values).columns[0].stats
    assert (first.histogram_bounds, first.most_common_vals) == ("{0,100,250}", None)
    (second,) = _child("b", values).columns[0].stats
    assert (second.most_common_vals, second.n_distinct) == ("{300,400}", 2.0)
    assert second.most_common_freqs == "{0.3333333333333333,0.6666666666666666}"


def test_a_column_that_grows_with_the_key_is_cut_alike():
    """A serial number follows a timestamp, falling as it may; a column of its own order stays whole."""
    first, second = _child("a"), _child("b")
    assert first.columns[1].stats[0].histogram_bounds.startswith('{"750","760"')
    assert second.columns[1].stats[0].histogram_bounds.endswith('"740","750"}')
    assert first.columns[2].stats[0].most_common_freqs == "{0.5}"


PARTS = [(900.0, 0.25, 900.0), (-1.0, 0.25, -1.0), (-0.5, 0.1, -0.924)]


@pytest.mark.parametrize(("stated", "share", "found"), PARTS)
def test_distinct_values_that_a_part_meets(stated, share, found):
    """Few values are in every part, unique ones part with the rows, of those with two rows some are met twice."""
    met = slices._distinct(stated, 1_000_000, slices.Slice(0.0, share), own=False)
    assert met == pytest.approx(found, rel=0.01)


def test_the_parent_has_no_rows_of_its_own():
    """Its statistics are those over all partitions."""
    parent = slices.parent(TABLE, "hidden", SCHEME)
    assert (parent.kind, parent.pages, parent.rows) == ("p", 0, 1_000_000)
    assert all(stats.inherited for column in parent.columns for stats in column.stats)
