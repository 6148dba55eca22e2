"""What the server says while it reports success: VACUUM and ANALYZE warn where they should fail.

The words are in the server's language, so SQLSTATE and the name of the reporting C function are read, which are not.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from psycopg.errors import Diagnostic

from pgtune.maintenance.work import Outcome

REFUSALS = frozenset({"vacuum_is_relation_owner", "vacuum_is_permitted_for_relation"})
"""The functions that check the right and warn: the first up to 15, the second from 16 on (vacuum.c)."""
SKIPPED = {"55P03": Outcome.LOCKED, "42P01": Outcome.GONE}
"""The SQLSTATEs of the warnings that a table is locked, or was dropped since the statement began (vacuum.c)."""
# VACUUM VERBOSE from 15 on; 14 says it in another sentence (vacuumlazy.c).
REMOVED = re.compile(r"tuples: (\d+) removed, \d+ remain, (\d+) are dead but not yet removable")
REMOVED_14 = re.compile(r"found (\d+) removable, \d+ nonremovable row versions")
KEPT_14 = re.compile(r"(\d+) dead row versions cannot be removed yet")


@dataclass(frozen=True, slots=True)
class Notice:
    """What of a notice counts; the driver's own object is empty once its handler has returned."""

    sqlstate: str
    function: str
    words: str
    detail: str

    @classmethod
    def of(cls, told: Diagnostic) -> "Notice":
        """Copy it."""
        return cls(
            told.sqlstate or "", told.source_function or "", told.message_primary or "", told.message_detail or ""
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """Work that was left out although the statement succeeded."""

    outcome: Outcome
    words: str


@dataclass(frozen=True, slots=True)
class Count:
    """Dead rows of a table: removed, and kept because somebody might still see them."""

    removed: int
    kept: int


def refusal(notices: Iterable[Notice]) -> Refusal | None:
    """Why nothing was done, None if nothing says so."""
    for notice in notices:
        if notice.function in REFUSALS:
            return Refusal(Outcome.NO_PERMISSION, notice.words)
        if notice.sqlstate in SKIPPED:
            return Refusal(SKIPPED[notice.sqlstate], notice.words)
    return None


def count(notices: Iterable[Notice]) -> Count | None:
    """What VERBOSE says of dead rows; None without it, or where it speaks another language. The table comes first."""
    for notice in notices:
        if found := REMOVED.search(notice.words):
            return Count(int(found[1]), int(found[2]))
        kept = KEPT_14.search(notice.detail)
        if (found := REMOVED_14.search(notice.words)) and kept:
            return Count(int(found[1]), int(kept[1]))
    return None
