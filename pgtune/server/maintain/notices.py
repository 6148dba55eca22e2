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
LOCK_NOT_AVAILABLE = "55P03"
# VACUUM VERBOSE from 15 on; 14 says it in another sentence (vacuumlazy.c).
REMOVED = re.compile(r"tuples: (\d+) removed, \d+ remain, (\d+) are dead but not yet removable")
REMOVED_14 = re.compile(r"found (\d+) removable, \d+ nonremovable row versions")
KEPT_14 = re.compile(r"(\d+) dead row versions cannot be removed yet")


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


def refusal(notices: Iterable[Diagnostic]) -> Refusal | None:
    """Why nothing was done, None if nothing says so."""
    for notice in notices:
        if notice.source_function in REFUSALS:
            return Refusal(Outcome.NO_PERMISSION, notice.message_primary or "")
        if notice.sqlstate == LOCK_NOT_AVAILABLE:
            return Refusal(Outcome.LOCKED, notice.message_primary or "")
    return None


def count(notices: Iterable[Diagnostic]) -> Count | None:
    """What VERBOSE says of dead rows; None without it, or where it speaks another language. The table comes first."""
    for notice in notices:
        text = notice.message_primary or ""
        if found := REMOVED.search(text):
            return Count(int(found[1]), int(found[2]))
        kept = KEPT_14.search(notice.message_detail or "")
        if (found := REMOVED_14.search(text)) and kept:
            return Count(int(found[1]), int(kept[1]))
    return None
