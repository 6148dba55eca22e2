"""How large a B-tree would be if it were built now, from the planner's statistics alone: an estimate, to be confirmed.

The layout is that of src/include/storage/bufpage.h, access/itup.h and access/nbtree.h, unchanged from 14 to 18: a page
has a header of 24 bytes and 16 of the B-tree's own; an entry a line pointer of 4 and a tuple that begins with 8 (16 if
it holds a null), rounded up to 8. Entries with equal keys are merged into posting lists: 6 bytes a row, at most a tenth
of a page together while an index is built.
"""

from collections.abc import Sequence
from math import ceil, isnan
from typing import NamedTuple

from pgtune.maintenance.rows import Column, Density, Index

PAGE_HEADER, SPECIAL = 24, 16
POINTER, TUPLE_HEADER, NULL_BITMAP, ROW_POINTER = 4, 8, 8, 6
MAXALIGN = 8
FILLFACTOR = 90  # of leaves, where the index does not say otherwise (documentation, CREATE INDEX)
UPPER_FILLFACTOR = 0.70  # BTREE_NONLEAF_FILLFACTOR
SHORT = 126  # a value of varying length up to this has a header of one byte and is not aligned
ALIGNMENTS = {"c": 1, "s": 2, "i": 4, "d": 8}
# Equal values of these types need not look equal, so their entries are never merged (documentation, 65.1.4.3).
NEVER_MERGED = ("numeric", "jsonb", "real", "double precision")


class Estimate(NamedTuple):
    """What an index holds and what it would hold: bytes."""

    bytes: int
    rebuilt: int

    @property
    def wasted(self) -> int:
        """What a rebuild would give back."""
        return max(self.bytes - self.rebuilt, 0)

    @property
    def share(self) -> float:
        """The part of the index that a rebuild would give back."""
        return self.wasted / self.bytes if self.bytes else 0.0


def least(index: Index, block: int) -> int:
    """A size in bytes that no rebuilt index falls below: every row needs its pointer. Cheap, for sifting."""
    return int(max(index.rows, 0) * ROW_POINTER) + block


def rebuilt(index: Index, columns: Sequence[Column], block: int) -> int | None:
    """The bytes of the index if it were built now; None where a column's width is not known."""
    widths = [_width(column) for column in columns]
    if not columns or index.rows < 0 or any(width is None for width in widths):
        return None
    entry = _entry(columns, [width or 0.0 for width in widths])
    leaves = ceil(_leaf_bytes(index, columns, entry, block) / _usable(index.options, block))
    return (leaves + _upper(leaves, entry, block) + 1) * block


def measured(density: Density, index: Index, block: int) -> Estimate:
    """What pgstatindex found: leaves packed as a rebuild would pack them."""
    full = 0.0 if isnan(density.density) else density.density
    leaves = ceil(density.leaf_pages * full / (100 * _fill(index.options)))
    upper = ceil(density.internal_pages * leaves / density.leaf_pages) if density.leaf_pages else 0
    return Estimate(density.bytes, min((leaves + upper + 1) * block, density.bytes))


def _width(column: Column) -> float | None:
    """Average bytes of the column's value; NULLs take none and are weighed elsewhere."""
    return float(column.length) if column.length > 0 else None if column.width is None else float(column.width)


def _entry(columns: Sequence[Column], widths: Sequence[float]) -> float:
    """Bytes of an average entry with its line pointer."""
    end = 0.0
    for column, width in zip(columns, widths, strict=True):
        aligned = ALIGNMENTS[column.alignment] if column.length > 0 or width > SHORT else 1
        end = ceil(end / aligned) * aligned + width * (1 - (column.nulls or 0.0))
    with_null = 1.0
    for column in columns:
        with_null *= 1 - (column.nulls or 0.0)
    return POINTER + TUPLE_HEADER + NULL_BITMAP * (1 - with_null) + _padded(end, columns)


def _padded(end: float, columns: Sequence[Column]) -> float:
    """Rounded up to 8; where widths vary, the rounding takes half of that on the average."""
    fixed = all(column.length > 0 and not column.nulls for column in columns)
    return ceil(end / MAXALIGN) * MAXALIGN if fixed else end + MAXALIGN / 2


def _leaf_bytes(index: Index, columns: Sequence[Column], entry: float, block: int) -> float:
    """All entries; of equal keys only the first costs an entry, the others a pointer, and so many fit a list."""
    rows = index.rows
    if not _merges(index, columns):
        return rows * entry
    distinct = min(_distinct(rows, columns), rows)
    longest = max((block / 10 - entry) / ROW_POINTER, 1.0)
    lists = max(distinct, rows / longest)
    return min(lists * entry + (rows - distinct) * ROW_POINTER, rows * entry)


def _merges(index: Index, columns: Sequence[Column]) -> bool:
    """Whether equal entries share a posting list in this index."""
    options = dict(option.partition("=")[::2] for option in index.options or ())
    if index.is_unique or options.get("deduplicate_items", "on").lower() in {"off", "false", "no", "0"}:
        return False
    if len(columns) > index.keys:  # INCLUDE
        return False
    return not any(column.type.startswith(NEVER_MERGED) or column.type.endswith("[]") for column in columns)


def _distinct(rows: float, columns: Sequence[Column]) -> float:
    """How many different keys there are if the columns are independent: the most, so that no bloat is made up."""
    product = 1.0
    for column in columns:
        if column.distinct is None:
            return rows
        values = column.distinct if column.distinct >= 0 else -column.distinct * rows
        product *= max(min(values, rows * (1 - (column.nulls or 0.0)) + 1), 1.0)  # all NULLs are one key
    return product


def _fill(options: Sequence[str] | None) -> float:
    own = dict(option.partition("=")[::2] for option in options or ())
    return float(own.get("fillfactor", FILLFACTOR)) / 100


def _usable(options: Sequence[str] | None, block: int) -> float:
    """Bytes that a build puts into a leaf: the fill factor counts of the whole page (_bt_blwritepage)."""
    return block * _fill(options) - PAGE_HEADER - SPECIAL


def _upper(leaves: int, entry: float, block: int) -> int:
    """Pages above the leaves: the root and whatever is between."""
    fanout = max(block * UPPER_FILLFACTOR / entry, 2.0)
    pages, level = 0, leaves
    while level > 1:
        level = ceil(level / fanout)
        pages += level
    return pages
