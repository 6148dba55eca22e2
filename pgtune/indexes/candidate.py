"""A candidate: an index that might help, and why it was thought of."""

from dataclasses import dataclass
from typing import Literal

from pgtune.model.design import Index

Reason = Literal[
    "lookup", "range", "join", "order", "group", "extreme", "covering", "partial", "prefix", "containment", "search",
    "trigram", "block range", "spatial", "hash",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Candidate:
    """`needs` are statements to run before it can be created (CREATE EXTENSION)."""

    index: Index
    reason: Reason
    needs: tuple[str, ...] = ()
