"""Masks of texts: the same text has the same mask, order and common prefixes stay, no letter of the text does.

Think of the texts as a tree of letters. At every fork the letters that follow are replaced by as many others in the
same order; where a text goes on alone, by letters that mean nothing. So a mask is as long as its text, the masks of
`abc` and `abd` are in this order, and LIKE finds by the mask of `ab` the masks of what it found by `ab`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby, pairwise

SMALL = "0123456789abcdefghijklmnopqrstuvwxyz"
"""Letters that every collation puts in this order."""
PLAIN = SMALL.replace("e", "")
"""Letters for words of a text search: with an e its parser takes `1e5x` for a number and a word."""
WIDE = "".join(map(chr, range(0xAC00, 0xD7A4)))
"""Hangul syllables: enough for the widest fork, in the same order in every collation."""
ROOMY = 2
"""A fork takes letters of an alphabet at least this many times as large, so that a letter seldom means itself."""

Draw = Callable[[str, int], Sequence[int]]
"""draw(what, n): n numbers below 2 ** 64 that only the key and the words decide."""


def masks(texts: Iterable[str], draw: Draw, *, wide: bool = True) -> Mapping[str, str]:
    """The mask of each text. `wide`: the encoding has Hangul; else a full fork takes two letters for one."""
    made: dict[str, str] = {}
    waiting: list[tuple[Sequence[str], int, str]] = [(sorted(set(texts)), 0, "")]
    while waiting:
        group, depth, prefix = waiting.pop()
        if group and len(group[0]) == depth:
            made[group[0]] = prefix
            group = group[1:]
        if not group:
            continue
        if len(group) == 1:
            made[group[0]] = prefix + _alone(group[0], depth, draw)
            continue
        forks = [(letter, list(texts)) for letter, texts in groupby(group, key=lambda text: text[depth])]
        letters = _letters("".join(letter for letter, _ in forks), prefix, draw, wide=wide)
        waiting += [(texts, depth + 1, prefix + letter) for (_, texts), letter in zip(forks, letters, strict=True)]
    return made


def _alone(text: str, depth: int, draw: Draw) -> str:
    """Letters for the rest of a text that shares it with no other; none is the one that it stands for."""
    letters = [SMALL[number % len(SMALL)] for number in draw(text, len(text) - depth)]
    rest = zip(letters, text[depth:], strict=True)
    return "".join(new if new != old else SMALL[SMALL.index(new) - 1] for new, old in rest)


def _letters(found: str, prefix: str, draw: Draw, *, wide: bool) -> list[str]:
    """As many letters as are found, in order, each somewhere in its share of the alphabet."""
    if len(found) * ROOMY <= len(SMALL):
        return [SMALL[at] for at in _places(len(found), len(SMALL), prefix, draw)]
    if wide:
        return [WIDE[at] for at in _places(len(found), len(WIDE), prefix, draw)]
    pairs = _places(len(found), len(SMALL) ** 2, prefix, draw)
    return [SMALL[at // len(SMALL)] + SMALL[at % len(SMALL)] for at in pairs]


def _places(count: int, room: int, prefix: str, draw: Draw) -> list[int]:
    """`count` places in a room in order, each somewhere in its share."""
    starts = [number * room // count for number in range(count + 1)]
    drawn = draw(f"{prefix}\0{count}", count)
    return [start + number % (end - start) for (start, end), number in zip(pairwise(starts), drawn, strict=True)]


def lexemes(texts: Iterable[str], draw: Draw) -> Mapping[str, str]:
    """Masks of tsvector's words, which it puts in the order of their length in bytes, then of their bytes."""
    made: dict[str, str] = {}
    ordered = sorted({text for text in texts if text}, key=lambda text: (len(text.encode()), text.encode()))
    for length, group in groupby(ordered, key=lambda text: len(text.encode())):
        texts_of_it = list(group)
        digits = min(length, 12)  # 35 ** 12 is room for any number of words
        if len(texts_of_it) > len(PLAIN) ** digits:
            continue
        places = _places(len(texts_of_it), len(PLAIN) ** digits, str(length), draw)
        for text, place in zip(texts_of_it, places, strict=True):
            made[text] = _spelt(place, digits) + "x" * (length - digits)
    return made


def _spelt(number: int, digits: int) -> str:
    letters = ""
    for _ in range(digits):
        number, letter = divmod(number, len(PLAIN))
        letters = PLAIN[letter] + letters
    return letters
