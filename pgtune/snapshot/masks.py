"""One mask for every value of a snapshot: the key decides, so that nobody without it can undo them one by one."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache

from pgtune.snapshot import scales, types, words

UUID = re.compile(r"[0-9a-f]{32}")
IPV4 = re.compile(r"(\d+)\.(\d+)\.(\d+)\.(\d+)(?:/(\d+))?")
PERCENT = (85, 97)  # how long a day's hours are


class Gathering:
    """What there is to mask, by family. It is a `values.Visit` that changes nothing."""

    def __init__(self) -> None:
        self.texts: defaultdict[str, set[str]] = defaultdict(set)
        self.largest: defaultdict[str, int] = defaultdict(int)

    def __call__(self, family: str, name: str, value: str) -> str:
        """Remember the value."""
        if family in ("text", "lexeme", "uuid", "address"):
            self.texts[family].add(value)
        elif family in ("integer", "decimal") and (found := scales.NUMBER.fullmatch(value)) and not found[4]:
            size, limit = int(found[2]), limit_of(name)
            if limit is None or size < limit - 1:  # the very last value means "none", and stays
                self.largest[name] = max(self.largest[name], size)
        return value


@cache
def limit_of(name: str) -> int | None:
    """What a number of this type must be below, None where there is no such thing."""
    figures = types.modifier(name)
    if types.bare(name) == "numeric" and figures:
        return int(10 ** max(figures[0] - (figures[1] if len(figures) > 1 else 0), 0))
    return types.LIMITS.get(types.bare(name))


class Masks:
    """The masks of what was gathered. It is a `values.Visit`."""

    def __init__(self, found: Gathering, key: bytes, taken: str, *, wide: bool) -> None:
        self._key, self._largest = key, found.largest
        self._taken = scales.microseconds(taken) or 0
        self._texts = words.masks(found.texts["text"], self.draw, wide=wide)
        self._lexemes = words.lexemes(found.texts["lexeme"], self.draw)
        self._uuids = self._spread(sorted({_hex(each) for each in found.texts["uuid"]}), 128)
        self._addresses = self._spread(sorted({_ipv4(each) for each in found.texts["address"]}), 32)
        self._numbers = scales.stretching("number", scales.NUMBERS, self.draw)
        self._times = scales.stretching("time", scales.TIMES, self.draw)
        self._day = PERCENT[0] + self.draw("clock", 1)[0] % (PERCENT[1] - PERCENT[0])
        self._scales: dict[str, scales.Stretch] = {}
        self._by_family: dict[str, Callable[[str], str]] = {
            "text": self._texts.__getitem__,
            "lexeme": lambda each: self._lexemes.get(each, each),
            "time": cache(lambda each: scales.time(each, self._taken, self._times)),
            "clock": lambda each: scales.clock(each, self._day),
            "uuid": lambda each: _uuid(self._uuids[_hex(each)]),
            "address": self._address,
        }

    def draw(self, what: str, count: int) -> Sequence[int]:
        """Numbers that only the key and the words decide; it is a `words.Draw`."""
        stream = hashlib.shake_128(self._key + what.encode()).digest(8 * count)
        return [int.from_bytes(stream[at : at + 8], "big") for at in range(0, 8 * count, 8)]

    def _spread(self, values: list[int], bits: int) -> dict[int, int]:
        """Each number's mask: as many numbers in the same order, evenly spread."""
        share = (1 << bits) // (len(values) + 1)
        drawn = self.draw(str(bits), len(values))
        return {each: (at + 1) * share + drawn[at] % (share // 2 or 1) for at, each in enumerate(values)}

    def __call__(self, family: str, name: str, value: str) -> str:
        """The mask of a value."""
        if family in ("integer", "decimal", "float"):
            return self._number(name, value)
        own = self._by_family.get(family)
        return own(value) if own else value

    def _number(self, name: str, value: str) -> str:
        limit = limit_of(name)
        found = scales.NUMBER.fullmatch(value)
        if limit is not None and found and int(found[2]) >= limit - 1:
            return value
        if name not in self._scales:
            self._scales[name] = self._fitting(name, limit)
        return scales.number(value, self._scales[name])

    def _fitting(self, name: str, limit: int | None) -> scales.Stretch:
        """The scale of a type: the common one, or a gentler one where the largest value would not fit the type."""
        largest = self._largest.get(name, 0)
        reached = self._numbers(largest)
        if limit is None or reached < limit - 1:
            return self._numbers
        room = limit - 2 - largest
        return lambda value: value + (self._numbers(value) - value) * room // (reached - largest)

    def _address(self, value: str) -> str:
        found = IPV4.fullmatch(value)
        if found is None:
            return "::" + (f"/{value.partition('/')[2]}" if "/" in value else "")
        bits = int(found[5]) if found[5] else 32
        new = self._addresses[_ipv4(value)] >> (32 - bits) << (32 - bits)
        text = ".".join(str(new >> shift & 255) for shift in (24, 16, 8, 0))
        return f"{text}/{bits}" if found[5] else text


def _hex(value: str) -> int:
    digits = value.replace("-", "").lower()
    return int(digits, 16) if UUID.fullmatch(digits) else 0


def _uuid(number: int) -> str:
    digits = f"{number:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _ipv4(value: str) -> int:
    found = IPV4.fullmatch(value)
    if found is None:
        return 0
    return sum(int(part) << shift for part, shift in zip(found.groups()[:4], (24, 16, 8, 0), strict=True))
