"""A file, or the part of it that goes one way, as its tool applies it."""

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

Order = tuple[tuple[int, ...], str]
Shape = Literal["one", "many", "fit", "none"]
"""How a tool runs a part's statements.

one: in one transaction; many: sent together, which is one transaction as soon as there are two; fit: in one, unless a
statement among them must not be in any; none: each on its own, unless the file says BEGIN.
"""

# What the server refuses inside a transaction, by its first words: the pages of these commands, section Notes.
_ALONE = re.compile(
    r"(?:create\s+(?:unique\s+)?index\s+concurrently|drop\s+index\s+concurrently|reindex\b.*\bconcurrently"
    r"|reindex\s+(?:\([^)]*\)\s*)?(?:schema|database|system)|vacuum|cluster\s*\Z|alter\s+system"
    r"|(?:create|drop|alter)\s+(?:database|tablespace|subscription)|discard\s+all"
    r"|alter\s+table\b.*\bdetach\s+partition\b.*\bconcurrently)\b",
    re.IGNORECASE | re.DOTALL,
)


class Part(NamedTuple):
    """What of a file one migration is: `text` keeps its line numbers, `order` sorts within the folder `series`."""

    tool: str
    text: str
    series: str
    order: Order = ((), "")
    shape: Shape = "one"
    down: bool = False


def alone(statement: str) -> bool:
    """Whether the server refuses the statement inside a transaction block."""
    return bool(_ALONE.match(statement))


def in_transaction(shape: Shape, statements: Iterable[str]) -> bool:
    """Whether the tool's way makes one transaction of these statements."""
    found = tuple(statements)
    if shape == "many":
        return len(found) > 1
    if shape == "fit":
        return not any(alone(each) for each in found)
    return shape == "one"
