"""What the server says while it reports success, and which indexes are debris."""

import pytest

from pgtune.maintenance.work import Outcome, Relation
from pgtune.server.maintain.debris import Index, left_by, swapped
from pgtune.server.maintain.notices import Count, Notice, count, refusal

VERBOSE_15 = Notice("00000", "heap_vacuum_rel", 'finished vacuuming "db.s.t": index scans: 1\ntuples: 10 removed, '
                    "20 remain, 5 are dead but not yet removable, oldest xmin: 7", "")  # fmt: skip
VERBOSE_14 = Notice("00000", "lazy_scan_heap", '"t": found 10 removable, 25 nonremovable row versions in 3 pages',
                    "5 dead row versions cannot be removed yet, oldest xmin: 7")  # fmt: skip
TARGET = Relation("public", "t_idx", 10)


@pytest.mark.parametrize("function", ["vacuum_is_relation_owner", "vacuum_is_permitted_for_relation"])
def test_a_missing_right_is_seen_in_any_language(function: str) -> None:
    """By the function that warns, not by its words."""
    found = refusal([Notice("01000", function, "überspringe »t«", "")])
    assert found is not None
    assert found.outcome is Outcome.NO_PERMISSION


def test_a_skipped_lock_is_seen_and_other_notices_are_nothing() -> None:
    """SQLSTATE 55P03 is a lock; a plain warning is no refusal."""
    found = refusal([Notice("01000", "other", "x", ""), Notice("55P03", "vacuum_open_relation", "skipping", "")])
    assert found is not None
    assert found.outcome is Outcome.LOCKED
    assert refusal([Notice("01000", "other", "x", "")]) is None


@pytest.mark.parametrize("told", [VERBOSE_15, VERBOSE_14], ids=["15", "14"])
def test_verbose_counts_dead_rows(told: Notice) -> None:
    """Both sentences that PostgreSQL has had for it."""
    assert count([told]) == Count(removed=10, kept=5)
    assert count([]) is None


def index(oid: int, name: str, *, valid: bool) -> Index:
    return Index(oid, "public", name, valid, ready=True, live=True, bytes=None)


def test_debris_is_what_came_invalid_since_and_what_was_swapped_out() -> None:
    """Never a valid one, never one that was there before, whatever it is called; a name of 63 bytes loses its end."""
    before = [10, 11]
    new = [index(10, "t_idx", valid=True), index(11, "old_ccnew", valid=False), index(12, "t_idx_ccnew", valid=False)]
    after = {each.oid: each for each in new}
    assert [each.oid for each in left_by(TARGET, before, after, None)] == [12]
    assert not swapped(TARGET, after)
    done = [index(12, "t_idx", valid=True), index(10, "t_idx_ccold", valid=False), index(13, "u_ccnew", valid=True)]
    after = {each.oid: each for each in done}
    assert [each.oid for each in left_by(TARGET, before, after, None)] == [10]
    assert swapped(TARGET, after)
    cut = {14: index(14, "x" * 57 + "_ccnew1", valid=False), 15: index(15, "named otherwise", valid=False)}
    assert [each.oid for each in left_by(TARGET, before, cut, built=15)] == [14, 15]


def test_an_index_that_was_dropped_has_no_successor() -> None:
    """Gone without another one in its place is not rebuilt."""
    assert not swapped(TARGET, {})
    assert not swapped(TARGET, {11: index(11, "t_idx", valid=False)})
