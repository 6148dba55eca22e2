"""What there is to doubt about an index, in words."""

from pgtune.indexes.why import risk


def test_a_risk_names_the_worst_query_and_counts_the_others():
    """On one line and not longer than a line takes."""
    long = "select *\n  from sales join labels on sales.id = labels.id and sales.kind = labels.kind"
    assert risk([]) == ()
    (told,) = risk([("select 1", 3.04)])
    assert told.endswith("depend on each other, select 1 may become 3.0 times dearer: --prove measures it")
    (told,) = risk([("select 1", 3.0), (long, 12.0), ("select 2", 2.0)])
    assert "select * from sales join labels on sales.id ... may become 12.0 times dearer, and 2 more dearer too" in told
