"""B-tree pages: how high a tree of a size is, and a tree of a given height with two keys at most, byte by byte.

The planner reads an index's height from its first page. The layout is that of PostgreSQL's nbtree version 4
(src/include/access/nbtree.h, unchanged from 12 to 18): page 0 says where the root is, then inner pages with one
downlink each, then a leaf.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

PAGE = 8192
_HEADER, _SPECIAL = 24, 16
USABLE = PAGE - _HEADER - _SPECIAL  # 8152
_LEAF, _ROOT = 1, 2  # flags of a page (BTP_LEAF, BTP_ROOT)
_LAYOUT = PAGE | 4  # page size and version of the page layout
_NORMAL = 1 << 15  # a line pointer in use (LP_NORMAL)
_NO_KEYS = 0x2000  # a tuple whose item pointer counts its keys (INDEX_ALT_TID_MASK): none, so smaller than any
_NULLS, _VARIES = 0x8000, 0x4000  # a tuple with a NULL, with a value of varying length (itup.h)
_FIRST_KNOWN = 1  # the bitmap of a tuple of which only the first value is not NULL
INNER_FILL = 0.7  # BTREE_NONLEAF_FILLFACTOR


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it lies in a tuple; `varies`: its type has no fixed length."""

    image: bytes
    varies: bool


def leaf_tuple(value: Value, row: int, *, alone: bool) -> bytes:
    """A tuple that leads to a row of the heap's first page; columns behind the first, if there are any, are NULL."""
    start = 8 if alone else 16
    size = aligned(start + len(value.image))
    info = size | (_VARIES if value.varies else 0) | (0 if alone else _NULLS)
    head = struct.pack("<HHHH", 0, 0, row, info) + (b"" if alone else struct.pack("<Q", _FIRST_KNOWN))
    return (head + value.image).ljust(size, b"\0")


def metapage(page: bytes, height: int) -> bytes:
    """The first page of a B-tree, changed: the root is on page 1, `height` levels above the leaves."""
    changed = bytearray(page)
    struct.pack_into("<IIII", changed, _HEADER + 8, 1, height, 1, height)  # root, level, fast root, fast level
    return bytes(changed)


def chain(height: int, leaf: Sequence[bytes] = ()) -> bytes:
    """Pages 1 to height + 1: the root, and below it one page a level down to a leaf with these tuples."""
    return b"".join(_page(block, height + 1 - block, leaf) for block in range(1, height + 2))


def _page(block: int, level: int, leaf: Sequence[bytes]) -> bytes:
    page, special = bytearray(PAGE), PAGE - _SPECIAL
    lower, upper = _HEADER, special
    below = struct.pack("<HHHH", 0, block + 1, 0, _NO_KEYS | 8)  # the page below, no keys, 8 bytes
    for each in (below,) if level else leaf:
        upper -= len(each)
        page[upper : upper + len(each)] = each
        struct.pack_into("<I", page, lower, upper | _NORMAL | len(each) << 17)
        lower += 4
    struct.pack_into("<QHHHHHHI", page, 0, 1, 0, 0, lower, upper, special, _LAYOUT, 0)
    flags = (0 if level else _LEAF) | (_ROOT if block == 1 else 0)
    struct.pack_into("<IIIHH", page, special, 0, 0, level, flags, 0)
    return bytes(page)


def room_for(height: int, pages: int) -> int:
    """The height, or less where a file of so many pages cannot hold one page a level."""
    return max(min(height, pages - 2), 0)


def aligned(width: float) -> int:
    """Rounded up to 8 bytes, as tuples are (MAXALIGN)."""
    return ceil(width / 8) * 8


def fanout(key_width: float) -> float:
    """How many pages an inner page leads to: tuples of 8 bytes and the key, a line pointer of 4 for each."""
    return max(USABLE * INNER_FILL / (aligned(8 + key_width) + 4), 2)


def height_of(pages: int, key_width: float) -> int:
    """The height of a tree that has so many pages in all, its first page included."""
    per_page = fanout(key_width)
    level = max((pages - 1) * (1 - 1 / per_page), 1)
    height = 0
    while level > 1:
        level = ceil(level / per_page)
        height += 1
    return height if pages > 2 else 0
