"""How a pure function is asked of many things: one after the other, or by several processes at once."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

Thing = TypeVar("Thing")
Answer = TypeVar("Answer")


class Each(Protocol):
    """`map`, or what shares the things out and does the same; the answers come in the order of the things."""

    def __call__(self, work: Callable[[Thing], Answer], things: Sequence[Thing], /) -> Iterable[Answer]:
        """The answers."""
