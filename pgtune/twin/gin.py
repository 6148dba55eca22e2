"""The size of a GIN index, reckoned from what it would hold: entries, and for each the rows that it leads to.

Held against real indexes on JSON, arrays, texts and trigrams: data pages were right to a page or two, entry pages to
a fifth where the entries were known. What statistics know of the entries is less for JSON, of which they hold values
alone; the distinct entries that no sampled value shows are reckoned by Chao's estimator.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

from pgtune.snapshot.snapshot import Column, ColumnStats
from pgtune.twin.btree import USABLE, aligned
from pgtune.workload.arrays import elements, numbers

LARGEST = 2712  # bytes of an entry with its rows; with more, the rows get pages of their own (GinMaxItemSize)
ENTRY_FILL = 0.52  # an entry page that was filled in ascending order stays half empty (entrySplitPage)
ROWS_PAGE = 8132 * 0.97  # bytes of compressed addresses on a page (GinDataPageMaxDataSize), filled while building
MANY_ROWS = 2048  # addresses of a page are so far from those of the next (MaxHeapTuplesPerPageBits)
FEW = 20  # values seen once and none twice, from which on every row is taken to have a value of its own
HASH = 4.0  # bytes of a hash (jsonb_path_ops), or of three letters
COMMON = 1000  # what a most common value counts for: more than the bounds of a histogram can come to
UNKNOWN = 3.0  # entries a row where nothing is known of it


@dataclass(frozen=True, slots=True)
class Entries:
    """`many` entries of `width` bytes that each lead to `rows` rows."""

    rows: float
    many: float
    width: float


def pages(found: Iterable[Entries], rows: float, heap_pages: int) -> int:
    """Pages of a GIN index that was built in one go: the first one, the entries', those of long lists of rows."""
    entry_bytes, data_pages = 0.0, 0.0
    for each in found:
        lists = _addresses(min(each.rows, rows), max(heap_pages, 1))
        size = aligned(8 + each.width + lists) + 4
        if size > LARGEST:
            own = ceil(lists / ROWS_PAGE)
            data_pages += each.many * (own + (own > 1))
            size = aligned(8 + each.width) + 4
        entry_bytes += each.many * size
    return 1 + max(ceil(entry_bytes / (USABLE * ENTRY_FILL)), 1) + round(data_pages)


def _addresses(rows: float, heap_pages: int) -> float:
    """Bytes of so many addresses spread over a heap: 6 for the first, then steps, 7 bits a byte."""
    hit = heap_pages * (1 - (1 - 1 / heap_pages) ** rows) if heap_pages > 1 else 1.0
    hit = max(min(hit, rows), 1.0)
    distance = heap_pages / hit * MANY_ROWS
    step = next((size for size in (1, 2, 3, 4) if distance < 1 << 7 * size), 5)
    return 6 + (hit - 1) * step + max(rows - hit, 0)


def entries(column: Column | None, opclass: str, rows: float) -> list[Entries]:
    """What an index on a column would hold, as far as its statistics say."""
    stats = next(iter(sorted(column.stats, key=lambda each: each.inherited)), None) if column else None
    if column is None or stats is None:
        return [Entries(UNKNOWN, rows, 8.0)]
    filled = rows * (1 - stats.null_frac)
    if column.type.endswith("[]") or column.type == "tsvector":
        return list(_of_elements(stats, filled, column.type))
    if column.type == "jsonb":
        hashed = "jsonb_path_ops" in opclass
        return list(_of_samples(stats, filled, _hashed if hashed else _keys_and_values, HASH if hashed else None))
    return list(_of_samples(stats, filled, _trigrams, HASH))


def _of_elements(stats: ColumnStats, rows: float, kind: str) -> Iterator[Entries]:
    """Common elements each with its frequency, and a tail of rarer ones, half as frequent as the rarest common one."""
    common = elements(stats.most_common_elems)
    shares = numbers(stats.most_common_elem_freqs)[: len(common)]
    widths = [len((each or "").encode()) + 1.0 for each in common]
    width = sum(widths) / len(widths) if widths else 8.0
    known = 0.0
    for share, own in zip(shares, widths, strict=False):
        known += share
        yield Entries(share * rows, 1, own)
    rare = (min(shares, default=0.0) / 2) * rows or 1.0
    left = (_a_row(stats, width, kind) - known) * rows
    if left > known * rows * 0.05:  # less than that is rounding
        yield Entries(max(rare, 1.0), left / max(rare, 1.0), width)


def _a_row(stats: ColumnStats, width: float, kind: str) -> float:
    """Different elements in a value, on the average."""
    counted = numbers(stats.elem_count_histogram)
    if counted:
        return counted[-1]
    if kind == "tsvector":  # 8 bytes, then for each lexeme 4, its letters, and 4 for one position
        return max(stats.avg_width - 8, 0) / (8 + width)
    return UNKNOWN


def _of_samples(
    stats: ColumnStats, rows: float, split: Callable[[str], Iterable[tuple[str, str]]], width: float | None
) -> Iterator[Entries]:
    """Entries of the values that statistics hold, each standing for its share of the rows."""
    samples = list(_weighted(stats))
    shares: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    times: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for value, share, common in samples:
        for path, word in set(split(value)):
            shares[path][word] += share
            times[path][word] += COMMON if common else 1
    for path, found in shares.items():
        yield from _of_path(found, times[path], rows, width)
    if not samples:
        yield Entries(UNKNOWN, rows, width or 8.0)


def member(column: Column, key: str, rows: float) -> tuple[float, float] | None:
    """Different values of a key at the top of a JSON column's values, and their width in bytes; None if unknown."""
    stats = next(iter(sorted(column.stats, key=lambda each: each.inherited)), None)
    samples = list(_weighted(stats)) if stats else []
    found = [
        (str(value[key]), share, common)
        for text, share, common in samples
        if isinstance(value := _read(text), Mapping) and key in value
    ]
    if not found:
        return None
    times: Counter[str] = Counter()
    for word, _, common in found:
        times[word] += COMMON if common else 1
    once = [word for word, count in times.items() if count == 1]
    mass = sum(share for word, share, _ in found if times[word] == 1) * rows
    many = len(times) - len(once) + (_distinct(len(once), times.values(), mass) if once else 0)
    return min(many, rows), sum(len(word.encode()) + 1.0 for word, _, _ in found) / len(found)


def _of_path(
    shares: Mapping[str, float], times: Mapping[str, int], rows: float, width: float | None
) -> Iterator[Entries]:
    once = [word for word, count in times.items() if count == 1]
    own = width or sum(len(word.encode()) + 2.0 for word in shares) / len(shares)
    for word, share in shares.items():
        if times[word] > 1:
            yield Entries(share * rows, 1, own)
    mass = sum(shares[word] for word in once) * rows
    if once and mass > 0:
        many = max(min(_distinct(len(once), times.values(), mass), mass), 1.0)
        yield Entries(mass / many, many, own)


def _distinct(once: int, times: Iterable[int], mass: float) -> float:
    """How many different values stand behind those that were seen once, in `mass` rows.

    What is common was seen in a far larger sample, and says nothing of how the others repeat.
    """
    counts = Counter(count for count in times if count < COMMON)
    twice, pairs = counts[2], sum(number * count * (count - 1) / 2 for count, number in counts.items())
    if not pairs:
        return mass if once >= FEW else float(once)
    if twice < once / 10:  # most values are rare: between all different and what the coinciding pairs suggest
        seen = sum(number * count for count, number in counts.items())
        return sqrt(mass * max(seen * seen / (2 * pairs), once))
    return once + once * once / (2 * twice)


def _weighted(stats: ColumnStats) -> Iterator[tuple[str, float, bool]]:
    """The values that statistics hold, the share of the rows that each stands for, and whether it is a common one."""
    shares = numbers(stats.most_common_freqs)
    for value, share in zip(elements(stats.most_common_vals), shares, strict=False):
        yield value or "", share, True
    bounds = elements(stats.histogram_bounds)
    rest = max(1 - stats.null_frac - sum(shares), 0.0)
    for bound in bounds:
        yield bound or "", rest / len(bounds), False


def _hashed(value: str) -> Iterator[tuple[str, str]]:
    """What jsonb_path_ops keeps: each scalar with the keys that lead to it."""
    for path, scalar in _scalars(_read(value), ()):
        yield ".".join(path), json.dumps(scalar)


def _keys_and_values(value: str) -> Iterator[tuple[str, str]]:
    """What jsonb_ops keeps: each key, and each scalar."""
    for path, scalar in _scalars(_read(value), ()):
        yield from (("", key) for key in path)
        yield ".".join(path), str(scalar)


def _read(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return None


def _scalars(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from _scalars(below, (*path, key))
    elif isinstance(value, list):
        for below in value:
            yield from _scalars(below, path)
    else:
        yield path, value


_WORD = re.compile(r"\w+")


def _trigrams(value: str) -> Iterator[tuple[str, str]]:
    """Three letters in a row of each word, which begins with two blanks and ends with one."""
    for word in _WORD.findall(value.lower()):
        padded = f"  {word} "
        yield from (("", padded[at : at + 3]) for at in range(len(padded) - 2))
