"""Somebody is in the way of a concurrent rebuild: named, waited for as long as the patience says, nothing left behind."""

from pgtune.maintenance.work import Kind, Outcome
from tests.chaos.runs import PATIENCE, Site, beside, wait_for


def test_a_rebuild_that_nobody_hinders_is_done(site: Site) -> None:
    """The index has another file, its size is known before and after, nothing invalid is left."""
    before = site.file("orders_customer")
    worked = site.run(site.reindex("orders_customer"))
    assert [r.outcome for r in worked.results] == [Outcome.DONE], worked
    assert site.file("orders_customer") != before
    assert worked.results[0].bytes_after
    assert site.invalid() == []
