"""When a running statement is cancelled, and when none may begin."""

import pytest

from pgtune.maintenance.outcomes import exit_code, of_state
from pgtune.maintenance.patience import Course, Limits, Pulse, closed_gate, verdict
from pgtune.maintenance.work import Job, Kind, Outcome, Relation, Result

TABLE = Relation("public", "t", 1)
JOB = Job(Kind.VACUUM, "db", TABLE, TABLE, "a test", ("VACUUM t",), "SHARE UPDATE EXCLUSIVE")


@pytest.mark.parametrize(
    ("waited", "worked", "queued", "expected"),
    [
        (1.9, 0, True, None),
        (2.1, 0, True, Outcome.BLOCKED),
        (2.1, 3600, True, Outcome.BLOCKED),  # others stand behind us: strict
        (2.1, 3600, False, None),  # an hour's build is not thrown away for two seconds
        (3599, 3600, False, None),
        (3601, 3600, False, Outcome.BLOCKED),
        (2.1, 0.1, False, Outcome.BLOCKED),
    ],
)
def test_a_wait_may_last_as_long_as_what_cancelling_would_throw_away(
    waited: float, worked: float, queued: bool, expected: Outcome | None
) -> None:  # fmt: skip
    """In a lock's queue the patience is strict; elsewhere it grows with the work."""
    assert verdict(Course(waited, worked, queued), Limits(patience=2), Pulse(), None) is expected


@pytest.mark.parametrize(
    ("lag", "left", "expected"),
    [
        (None, None, None),
        (65, None, Outcome.CANCELLED_LAG),
        (64, None, None),
        (0, 0.0, Outcome.CANCELLED_DEADLINE),
        (65, -1.0, Outcome.CANCELLED_DEADLINE),
        (0, 0.1, None),
    ],
)
def test_lag_and_deadline_end_a_statement_that_does_not_wait(
    lag: int | None, left: float | None, expected: Outcome | None
) -> None:  # fmt: skip
    """The deadline comes first; a lag that is not known stops nothing."""
    assert verdict(Course(0, 10), Limits(max_lag=64), Pulse(lag=lag), left) is expected


@pytest.mark.parametrize(
    ("pulse", "word"),
    [
        (Pulse(lag=2), "behind"),
        (Pulse(wal_rate=2.0), "WAL a second"),
        (Pulse(active=2), "sessions"),
        (Pulse(lag=1, wal_rate=1.0, active=1), None),
        (Pulse(), None),
    ],
)
def test_each_limit_closes_the_gate_by_itself(pulse: Pulse, word: str | None) -> None:
    """At the limit it is open, above it is closed, and what is not known closes nothing."""
    why = closed_gate(Limits(max_lag=1, max_wal_rate=1, max_active=1), pulse)
    assert (why is None) if word is None else (why is not None and word in why)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("42P01", Outcome.GONE),
        ("42501", Outcome.NO_PERMISSION),
        ("23505", Outcome.DUPLICATE_KEY),
        ("40P01", Outcome.BLOCKED),
        ("XX000", Outcome.FAILED),
        (None, Outcome.FAILED),
    ],
)
def test_an_error_means_an_outcome(state: str | None, expected: Outcome) -> None:
    """By its SQLSTATE alone: words are in the server's language."""
    assert of_state(state) is expected


QUIET = {Outcome.DONE, Outcome.DONE_WITH_DEBRIS, Outcome.GONE, Outcome.DEFERRED, Outcome.CANCELLED_DEADLINE}


@pytest.mark.parametrize("outcome", Outcome)
def test_only_what_nobody_has_to_look_at_is_exit_code_0(outcome: Outcome) -> None:
    """Every outcome has its code, one bad one among good ones counts, and so does a run that ended early."""
    good = Result(JOB, Outcome.DONE)
    assert exit_code([good, Result(JOB, outcome)]) == (0 if outcome in QUIET else 1)
    assert exit_code([good], ended_early=True) == 1


@pytest.mark.parametrize("limit", ["max_lag", "max_wal_rate", "max_active"])
def test_the_server_is_asked_how_it_fares_only_for_a_limit_of_it(limit: str):
    """Zero is a limit; patience and the wait for a closed gate are about sessions."""
    assert Limits(**{limit: 0}).ask_server
    assert not Limits(patience=0.1, wait=1.0).ask_server
