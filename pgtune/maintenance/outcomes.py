"""What an ending means: which outcome an error is, whether another attempt can succeed, which exit code follows."""

from collections.abc import Iterable

from pgtune.maintenance.work import Outcome, Result

# SQLSTATE -> outcome (documentation, appendix A). What is not here failed for a reason of its own.
STATES = {
    "42P01": Outcome.GONE,  # undefined_table: dropped between planning and now
    "42704": Outcome.GONE,  # undefined_object: the same of an index
    "3F000": Outcome.GONE,  # invalid_schema_name
    "3D000": Outcome.GONE,  # invalid_catalog_name: the whole database
    "42501": Outcome.NO_PERMISSION,  # insufficient_privilege
    "55P03": Outcome.LOCKED,  # lock_not_available
    "40P01": Outcome.BLOCKED,  # deadlock_detected: two that waited for each other, one had to go
    "23505": Outcome.DUPLICATE_KEY,  # unique_violation, in rows that the index itself had let in
    "23P01": Outcome.DUPLICATE_KEY,  # exclusion_violation
}

FULL = frozenset({"53100", "53400"})
"""disk_full and configuration_limit_exceeded (temp_file_limit): the next object on that tablespace would end alike."""

CORRUPT = frozenset({"XX001", "XX002"})
"""data_corrupted, index_corrupted."""

RETRIED = frozenset({Outcome.BLOCKED, Outcome.LOCKED})
"""What can succeed a little later: somebody was in the way. A duplicate key, a missing right or a full disk cannot."""

QUIET = frozenset({Outcome.DONE, Outcome.DONE_WITH_DEBRIS, Outcome.GONE, Outcome.DEFERRED, Outcome.CANCELLED_DEADLINE})
"""Endings that nobody has to look at: the work is done, is no longer there, or waits for the next window."""

PUT_OFF = frozenset({Outcome.DEFERRED, Outcome.CANCELLED_DEADLINE})
"""Endings that the next window may bring to another end, or never, if it is always too short."""

DONE = frozenset({Outcome.DONE, Outcome.DONE_WITH_DEBRIS})
"""The object is as it was meant to be."""


def of_state(sqlstate: str | None) -> Outcome:
    """The outcome that an error of this SQLSTATE means."""
    return STATES.get(sqlstate or "", Outcome.FAILED)


def exit_code(results: Iterable[Result], *, ended_early: bool = False) -> int:
    """0 where nobody has to look, 1 where something failed, was skipped, stood in the way or ended the run."""
    return 1 if ended_early or any(result.outcome not in QUIET for result in results) else 0
