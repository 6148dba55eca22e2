"""The first page of a table on a twin: where the keys of its indexes lead, and nobody finds a row.

A key must lead to some row. Of the two here only their line pointers are left, dead ones, as vacuum leaves them in a
table before it comes to its indexes; so whoever follows a key finds nothing and goes on. The planner alone takes a
key's word for it: looking for the ends of a column it asks the visibility map first, and that says that all rows of
this page are there (get_actual_variable_endpoint in selfuncs.c). Layouts as in storage/bufpage.h, itemid.h and
access/visibilitymap.c, the same from 14 to 18.
"""

import struct
from collections.abc import Iterator

from pgtune.twin.btree import PAGE, Value

_HEADER = 24
_LAYOUT = PAGE | 4  # page size and version of the page layout
_DEAD = 3 << 15  # a line pointer without a tuple (LP_DEAD)
_NORMAL = 1 << 15
_NULL, _VARIES, _OUTSIDE = 1, 2, 4  # infomask of a tuple (htup_details.h): a NULL, a varying length, a value elsewhere
LONGEST = 2000  # bytes of a value that fits into an index whatever stands beside it


def _page_head(lower: int) -> bytes:
    return struct.pack("<QHHHHHHI", 0, 0, 0, lower, PAGE, PAGE, _LAYOUT, 0)


FIRST_PAGE = (_page_head(_HEADER + 8) + struct.pack("<II", _DEAD, _DEAD)).ljust(PAGE, b"\0")
VISIBLE = _page_head(_HEADER) + b"\1"


def values(file: bytes) -> Iterator[Value | None]:
    """The values of a table of one column in the order of its rows, None for one that no index could hold."""
    for start in range(0, len(file), PAGE):
        page = file[start : start + PAGE]
        (lower,) = struct.unpack_from("<H", page, 12)
        for place in range(_HEADER, lower, 4):
            (pointer,) = struct.unpack_from("<I", page, place)
            if pointer & _DEAD == _NORMAL:
                at, size = pointer & 0x7FFF, pointer >> 17
                yield _value(page[at : at + size])


def _value(row: bytes) -> Value | None:
    infomask, offset = struct.unpack_from("<HB", row, 20)
    if infomask & (_NULL | _OUTSIDE) or len(row) - offset > LONGEST:
        return None
    return Value(row[offset:], bool(infomask & _VARIES))
