"""What failed REINDEX CONCURRENTLY and DROP INDEX CONCURRENTLY left: known by relation, state and definition.

A rebuild makes a copy `<name>_ccnew`; when it is built, the two change names and the old one becomes `<name>_ccold`.
The suffix is followed by a number where the name is taken, and the name is cut so that both fit 63 bytes
(makeObjectName in src/backend/commands/indexcmds.c). The name alone proves nothing: a user may call an index so. A
leftover is invalid, no constraint rests on it, and on the same table stands the index that it was a copy of, with the
same definition.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pgtune.maintenance.rows import Index

_SUFFIX = re.compile(r"_cc(?:new|old)[0-9]*$")
LONGEST = 63  # bytes of a name: NAMEDATALEN - 1


@dataclass(frozen=True, slots=True)
class Leftover:
    """An index that may be dropped, and why."""

    index: Index
    why: str


def leftover(index: Index, of_table: Sequence[Index]) -> Leftover | None:
    """The index as a leftover among all indexes of its table; None if it is not, or not surely, one."""
    if index.valid or _rests_upon(index):
        return None
    if not index.live:
        return Leftover(index, "a DROP INDEX CONCURRENTLY was never finished")
    origin = _origin(index, of_table)
    if origin is None:
        return None
    return Leftover(index, f"an invalid copy of {origin.name} that a failed REINDEX CONCURRENTLY left")


def named_like_one(index: Index) -> bool:
    """True if the name is that of a leftover; what such an index is, its state has to tell."""
    return _SUFFIX.search(index.name) is not None


def _rests_upon(index: Index) -> bool:
    """Whether something depends on the index: a constraint, the table's replica identity, a partitioned index."""
    return (
        index.is_primary or index.exclusion or index.identity or index.attached or index.constraint_name is not None
        or index.kind != "i" or index.system
    )  # fmt: skip


def _origin(index: Index, of_table: Sequence[Index]) -> Index | None:
    suffix = _SUFFIX.search(index.name)
    if suffix is None:
        return None
    stem = index.name[: suffix.start()]
    for other in of_table:
        if other.oid != index.oid and _stems(other.name, stem, suffix[0]) and _copies(index, other):
            return other
    return None


def _stems(name: str, stem: str, suffix: str) -> bool:
    """Whether `stem` is the name, or the name cut where the suffix made it too long, never inside a character."""
    if name == stem:
        return True
    room = LONGEST - len(suffix.encode())
    return name.startswith(stem) and len(name.encode()) > room >= len(stem.encode()) > room - 4


def _copies(index: Index, other: Index) -> bool:
    return index.definition == other.definition and index.is_unique == other.is_unique
