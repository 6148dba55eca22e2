"""Which lines of a text are new beside an older one."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

# More comparisons than these are not made: a line is then new if the old text has none like it.
_PATIENCE = 20_000_000


@dataclass(frozen=True, slots=True)
class Lines:
    """What changed in a file: `added` from line to line, both included; `cut` behind which lines some were taken out.

    Line 0 stands before the first.
    """

    added: tuple[tuple[int, int], ...] = ()
    cut: tuple[int, ...] = ()

    def touch(self, first: int, last: int) -> bool:
        """Whether what stands on these lines is new, or has lost lines from within."""
        if any(start <= last and first <= end for start, end in self.added):
            return True
        place = bisect_left(self.cut, first)
        return place < len(self.cut) and self.cut[place] < last


def changed(old: str, new: str) -> Lines:
    """What of the new text's lines is new; blanks at the ends of lines count, the kind of line ends does not."""
    before, after = old.splitlines(), new.splitlines()
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    before, after = before[start : len(before) - end], after[start : len(after) - end]
    if len(before) * len(after) > _PATIENCE:
        return _unlike(before, after, start)
    added, cut = [], []
    for kind, _, _, first, last in SequenceMatcher(None, before, after).get_opcodes():
        if kind == "delete":
            cut.append(start + first)
        elif kind != "equal":
            added.append((start + first + 1, start + last))
    return Lines(tuple(added), tuple(cut))


def everything(text: str) -> Lines:
    """All lines of a new file."""
    return Lines(((1, max(text.count("\n") + 1, 1)),))


def _common(before: Sequence[str], after: Sequence[str]) -> int:
    """How many lines both begin with."""
    pairs = zip(before, after, strict=False)
    return next((place for place, (old, new) in enumerate(pairs) if old != new), min(len(before), len(after)))


def _unlike(before: Sequence[str], after: Sequence[str], start: int) -> Lines:
    known = set(before)
    numbers = [start + place + 1 for place, line in enumerate(after) if line not in known]
    return Lines(tuple((each, each) for each in numbers))
