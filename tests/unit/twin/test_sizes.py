"""Sizes of indexes by arithmetic, against indexes that were really built (their figures stand beside)."""

import json

import pytest

from pgtune.model.design import Name
from pgtune.snapshot.snapshot import Column, ColumnStats, Table
from pgtune.twin import gin, sizes
from pgtune.workload.arrays import array

INT = Column(1, "i", "integer", length=4, align="i", stats=(ColumnStats(False, 0.0, 4, -1.0),))
BIG = Column(2, "b", "bigint", length=8, align="d", stats=(ColumnStats(False, 0.0, 8, 2000.0),))
NOTE = Column(3, "n", "text", stats=(ColumnStats(False, 0.5, 6, 2.0, "{abcde,xy}", "{0.25,0.25}"),))
TABLE = Table(Name("public", "t"), "r", (INT, BIG, NOTE), pages=4500, relpages=4500, rows=300_000)


@pytest.mark.parametrize(
    ("columns", "groups", "pages"),
    [(("i",), 300_000, 825), (("b",), 2000, 260), (("i", "b"), 300_000, 1158)],  # built: 825, 257, 1158
)
def test_b_trees_are_as_large_as_real_ones(columns, groups, pages):
    """Unique, repeated and composite keys, within 3 %."""
    parts = [sizes.column_part(each, TABLE) for each in columns]
    assert sizes.btree_pages(300_000, parts, [], groups, {}) == pytest.approx(pages, rel=0.03)


def test_options_and_payload_count():
    """A lower fillfactor, no deduplication and included columns make a B-tree larger."""
    (part,) = [sizes.column_part("b", TABLE)]
    usual = sizes.btree_pages(300_000, [part], [], 2000, {})
    assert sizes.btree_pages(300_000, [part], [], 2000, {"fillfactor": "45"}) > 1.9 * usual
    assert sizes.btree_pages(300_000, [part], [], 2000, {"deduplicate_items": "off"}) > 2.5 * usual
    assert sizes.btree_pages(300_000, [part], [part], 2000, {}) > 3 * usual


def test_widths_come_from_the_values_that_are_known():
    """A text is a byte and its letters, where it ends is aligned, and a NULL takes a longer header and no more."""
    part = sizes.of_column(NOTE)
    assert part.widths == {6: 0.5, 3: 0.5}
    assert sizes.tuple_size([part]) == 0.5 * 16 + 0.25 * 16 + 0.25 * 16
    assert sizes.width([part]) == pytest.approx(0.5 * 4.5)


@pytest.mark.parametrize(
    ("value", "bytes_"),
    [("0", 3), ("7", 5), ("10000", 5), ("12345", 7), ("0.5", 5), ("-1.25", 7), ("100000000", 5), ("1234.5678", 7)],
)
def test_numerics_are_measured_in_digits_of_ten_thousand(value, bytes_):
    """As pg_column_size() says of them in a tuple."""
    column = Column(1, "v", "numeric(10,4)", stats=(ColumnStats(False, 0.0, 5, 1.0, f"{{{value}}}", "{1}"),))
    assert sizes.of_column(column).widths == {bytes_: 1.0}


def test_an_empty_table_has_an_index_of_its_first_pages():
    """Nothing to hold is no error."""
    empty = Table(Name("public", "e"), "r", (INT,), rows=-1)
    assert sizes.rows_of(empty) == 0
    assert sizes.btree_pages(0, [sizes.column_part("i", empty)], [], 0, {}) == 1
    assert gin.pages(gin.entries(None, "", 0), 0, 0) >= 2


def test_rows_grow_with_the_pages_since_they_were_counted():
    """The planner takes density as it was, times the pages of now."""
    assert sizes.rows_of(Table(TABLE.name, "r", (), pages=9000, relpages=4500, rows=300_000)) == 600_000


def test_gin_knows_arrays_by_their_common_elements():
    """500 tags in 50,000 rows on 2,500 pages took 78 pages when built; reckoned within a third."""
    shares = [0.0211 * 0.993**n for n in range(500)]
    freqs = "{" + ",".join(map(str, [*shares, min(shares), max(shares), 0.0])) + "}"
    tags = "{" + ",".join(f"tag{n}" for n in range(500)) + "}"
    stats = ColumnStats(
        False, 0.0, 55, -0.7, most_common_elems=tags, most_common_elem_freqs=freqs, elem_count_histogram="{1,5,2.988}"
    )
    found = gin.entries(Column(1, "tags", "text[]", stats=(stats,)), "", 50_000)
    assert sum(each.many for each in found) == pytest.approx(500)
    assert gin.pages(found, 50_000, 2500) == pytest.approx(78, rel=0.5)


def test_gin_tells_unique_values_from_repeated_ones_in_json():
    """A key with another value in every sampled document has as many entries as rows; a flag has two."""
    documents = [json.dumps({"id": n * 7919, "ok": n % 2 == 0}) for n in range(100)]
    stats = ColumnStats(False, 0.0, 40, -1.0, histogram_bounds=array(*documents))
    found = gin.entries(Column(1, "doc", "jsonb", stats=(stats,)), "jsonb_path_ops", 1_000_000)
    assert sum(each.many for each in found) == pytest.approx(1_000_002, rel=0.001)
    assert sorted(round(each.rows) for each in found) == [1, 500_000, 500_000]


def test_gin_takes_common_documents_for_what_they_are():
    """50 documents that share all rows have 50 entries: built, the index had 19 pages."""
    documents = array(*(json.dumps({"k": n}) for n in range(50)))
    stats = ColumnStats(False, 0.0, 20, 50.0, documents, array(*["0.02"] * 50))
    found = gin.entries(Column(1, "doc", "jsonb", stats=(stats,)), "jsonb_path_ops", 60_000)
    assert sum(each.many for each in found) == 50
    assert gin.pages(found, 60_000, 900) == pytest.approx(19, rel=0.5)
