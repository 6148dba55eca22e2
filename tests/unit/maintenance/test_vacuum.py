"""Which tables are vacuumed: each reason at its edge, by the guide, by autovacuum's settings, by the table's own."""

import pytest

from pgtune.maintenance import vacuum
from pgtune.maintenance.thresholds import Thresholds
from pgtune.maintenance.work import Urgency
from tests.unit.maintenance.sample import BLOCK, POLICY, SETTINGS, TABLE, THRESHOLDS, TOASTED

MILLION = 1_000_000


def reasons(table, thresholds=THRESHOLDS):
    needy = vacuum.need(table, POLICY, thresholds, BLOCK)
    return needy.why if needy else None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, None),
        ({"dead": 1999}, None),
        ({"dead": 2000}, "2,000 dead rows to 10,000 live ones"),
        ({"dead": 49, "live": 1, "rows": 1.0}, None),
        ({"dead": 50, "live": 1, "rows": 1.0}, "50 dead rows to 1 live ones"),
        ({"dead": 2050, "live": 90000}, "2,050 dead rows, autovacuum's threshold is 2,050"),
        ({"inserted": 2999}, None),
        ({"inserted": 3000}, "3,000 rows inserted since its last VACUUM, autovacuum's 3,000"),
        ({"pages": 2000, "visible": 1001}, None),
        ({"pages": 2000, "visible": 900}, "55 % of 2,000 pages not all-visible, which index-only scans visit"),
        ({"pages": 2100, "visible": 1050, "rows": -1.0, "live": 0},
         "50 % of 2,100 pages not all-visible, which index-only scans visit"),
        ({"pages": 1000, "visible": 0}, None),  # 8 MB are not reached: read faster than judged
        ({"xid_age": 149_999_999}, None),
        ({"xid_age": 150_000_000}, "oldest transaction id is 150,000,000 back, autovacuum freezes at 200,000,000"),
        ({"mxid_age": 300_000_000}, "oldest multixact is 300,000,000 back, autovacuum freezes at 400,000,000"),
        ({"dead": 20, "options": ["autovacuum_vacuum_threshold=10", "autovacuum_vacuum_scale_factor=0"]},
         "20 dead rows, autovacuum's threshold is 10"),
        ({"inserted": 9 * MILLION, "options": ["autovacuum_vacuum_insert_threshold=-1"]}, None),
        ({"xid_age": 80_000, "options": ["autovacuum_freeze_max_age=100000"]},
         "oldest transaction id is 80,000 back, autovacuum freezes at 100,000"),
        ({"xid_age": 140_000_000, "options": ["autovacuum_freeze_max_age=2000000000"]}, None),
        ({"dead": 1, "options": ["autovacuum_enabled=false", "fillfactor=70"]}, None),
    ],
)  # fmt: skip
def test_reasons(change, why):
    """Each at the number where it begins."""
    assert reasons(TABLE._replace(**change)) == why


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, None),
        ({"toast_dead": 80}, "80 dead rows of its TOAST to 400 live ones"),
        ({"toast_inserted": 1080}, "1,080 rows of its TOAST inserted since its last VACUUM, autovacuum's 1,080"),
        ({"toast_xid_age": 150_000_000},
         "oldest transaction id of its TOAST is 150,000,000 back, autovacuum freezes at 200,000,000"),
        ({"toast_dead": 9, "options": ["autovacuum_vacuum_threshold=5", "autovacuum_vacuum_scale_factor=0"]},
         "9 dead rows of its TOAST, autovacuum's threshold is 5"),
        ({"toast_dead": 9, "options": ["autovacuum_vacuum_threshold=5", "autovacuum_vacuum_scale_factor=0"],
          "toast_options": ["autovacuum_vacuum_threshold=500"]}, None),
    ],
)  # fmt: skip
def test_toast(change, why):
    """TOAST counts by itself, by its own parameters and else by its table's."""
    assert reasons(TOASTED._replace(**change)) == why


def test_the_upper_limit_of_18():
    """A table of a billion rows is vacuumed at a hundred million dead ones, not at two hundred."""
    table = TABLE._replace(rows=1e9, live=10**9, dead=100 * MILLION)
    assert reasons(table) is None
    capped = Thresholds({**SETTINGS, "autovacuum_vacuum_max_threshold": 100 * MILLION})
    assert reasons(table, capped) == "100,000,000 dead rows, autovacuum's threshold is 100,000,000"
    assert reasons(table, Thresholds({**SETTINGS, "autovacuum_vacuum_max_threshold": -1})) is None


def test_frozen_pages_lower_the_insert_threshold():
    """From 18 on only what is not frozen counts: with nine pages of ten frozen, 1,200 rows are enough."""
    assert reasons(TABLE._replace(inserted=1200, frozen=180)) is not None
    assert reasons(TABLE._replace(inserted=1200)) is None


@pytest.mark.parametrize(
    ("age", "urgency", "freeze"),
    [
        (150 * MILLION, Urgency.ORDINARY, True),
        (200 * MILLION, Urgency.AGE, True),
        (1000 * MILLION, Urgency.ALARM, True),
    ],
)
def test_age_has_priority(age, urgency, freeze):
    """Past autovacuum's age before ordinary work, past the alarm before everything."""
    needy = vacuum.need(TABLE._replace(xid_age=age), POLICY, THRESHOLDS, BLOCK)
    assert (needy.urgency, needy.freeze) == (urgency, freeze)


def test_the_sieve_hides_nothing():
    """Whatever one counter is, a table under the floor needs nothing."""
    floor = vacuum.floor(POLICY, THRESHOLDS, BLOCK)
    for name in ("dead", "inserted", "xid_age", "mxid_age", "pages"):
        for prefix, table in (("", TABLE), ("toast_", TOASTED)):
            for value in (0, 49, 50, 999, 1000, 1024, 1224, 1225, 1400, 150 * MILLION - 1, 150 * MILLION, 2**31 - 1):
                changed = table._replace(**{prefix + name: value})
                if floor.under(changed):
                    assert reasons(changed) is None, changed
