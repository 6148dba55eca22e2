"""The history in a file: batches of any size, each server's own, and texts as they are."""

import time

import pytest

from pgtune.maintenance.work import Job, Kind, Outcome, Past, Relation, Result
from pgtune.server.maintain import local
from pgtune.server.maintain.history import Deed

pytestmark = pytest.mark.usefixtures("home")


def job(number: int) -> Job:
    relation = Relation("public", f"it's {number} ⍼", number)
    return Job(Kind.VACUUM, "app", relation, relation, "", (f'VACUUM "{relation.name}";',), "")


def done(history: local.Local, jobs: list[Job], outcome: Outcome = Outcome.DONE) -> None:
    """They took a second each, and are half as large now."""
    places = history.begin([(each, 2000) for each in jobs])
    now = time.monotonic()
    results = [Result(each, outcome, "a; b'c", bytes_after=1000) for each in jobs]
    history.end([Deed(place, result, now - 1, now) for place, result in zip(places, results, strict=True)])


@pytest.mark.parametrize("count", [0, 1, local.MOST, 2 * local.MOST + 1])
def test_as_many_as_there_are_are_begun_and_ended(count: int) -> None:
    """More than fit into one statement too; each keeps its own values."""
    jobs = [job(number) for number in range(count)]
    with local.opened("one") as history:
        history.open_run("db1")
        done(history, jobs)
        entries = history.runs(1)[0].entries
        past = history.past()
    assert [(each.name, each.outcome, each.detail) for each in entries] == [
        (each.target.name, Outcome.DONE, "a; b'c") for each in jobs
    ]
    assert {(each.bytes_before, each.bytes_after) for each in entries} == ({(2000, 1000)} if jobs else set())
    assert {each.name for each in past} == {each.target.name for each in jobs}
    assert all(each.seconds == pytest.approx(1, abs=0.5) for each in past)


def test_the_past_is_that_of_one_server_and_what_is_put_off_is_no_past() -> None:
    """The newest time of each object counts; others keep their history in the same file."""
    with local.opened("one") as history:
        history.open_run("db1")
        done(history, [job(1), job(2)])
        done(history, [job(3)], Outcome.DEFERRED)
        history.note(Result(job(2), Outcome.DEFERRED, "no time"))
    with local.opened("two") as history:
        history.open_run("db2")
        assert history.past() == ()
        assert history.deferrals() == ()
        done(history, [job(4)])
    with local.opened("one") as history:
        assert [(each.kind, each.name) for each in history.past()] == [
            (Kind.VACUUM, job(1).target.name), (Kind.VACUUM, job(2).target.name),
        ]  # fmt: skip
        assert sorted((each.name, each.times) for each in history.deferrals()) == [
            (job(2).target.name, 1), (job(3).target.name, 1),
        ]  # fmt: skip
        assert isinstance(history.past()[0], Past)
