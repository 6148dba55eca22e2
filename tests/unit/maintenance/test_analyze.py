"""Which tables are analyzed: never analyzed, changed, counters lost, and partitioned parents."""

import pytest

from pgtune.maintenance import analyze
from tests.unit.maintenance.sample import PARENT, POLICY, TABLE, THRESHOLDS


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, None),
        ({"modified": 1049}, None),
        ({"modified": 1050}, "1,050 rows changed since its last ANALYZE, autovacuum's threshold is 1,050"),
        ({"modified": 5, "options": ["autovacuum_analyze_threshold=5", "autovacuum_analyze_scale_factor=0"]},
         "5 rows changed since its last ANALYZE, autovacuum's threshold is 5"),
        ({"options": ["autovacuum_analyze_threshold=0", "autovacuum_analyze_scale_factor=0"]}, None),
        ({"analyzed": None}, "no ANALYZE on record, though 10,000 rows were counted once: a crash or a reset lost it"),
        ({"analyzed": None, "rows": -1.0}, "never analyzed"),
        ({"analyzed": None, "rows": 0.0, "live": 3}, "never analyzed"),
        ({"analyzed": None, "rows": 0.0, "live": 0}, None),
    ],
)  # fmt: skip
def test_reasons(change, why):
    """Each at the number where it begins."""
    needy = analyze.need(TABLE._replace(**change), THRESHOLDS)
    assert (needy.why if needy else None) == why


def test_a_table_without_a_count_may_be_empty():
    """Its size has to tell; one with rows counted since needs no proof."""
    new = TABLE._replace(analyzed=None, rows=-1.0, live=0)
    assert analyze.need(new, THRESHOLDS).unsure
    assert not analyze.need(new._replace(live=5), THRESHOLDS).unsure


@pytest.mark.parametrize(
    ("change", "due"),
    [
        ({}, False),
        ({"analyzed": None}, True),
        ({"modified": 1049.0}, False),
        ({"modified": 1050.0}, True),
        ({"analyzed_rows": 10000.0, "modified": 49.0}, False),
        ({"analyzed_rows": 10000.0, "modified": 50.0}, True),
        ({"analyzed": None, "rows": 0.0}, False),
        ({"analyzed": None, "inner_node": True}, False),
    ],
)
def test_parents(change, due):
    """A leaf that autovacuum analyzed since counts with its scale factor, one in its own right with its changes."""
    assert (analyze.parent_need(PARENT._replace(**change), THRESHOLDS, POLICY) is not None) is due
