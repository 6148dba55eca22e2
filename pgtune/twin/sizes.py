"""Sizes of indexes reckoned from widths, repetition and page layout. Pure arithmetic; bytes and pages of 8 kB."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from pgtune.model.design import Key
from pgtune.snapshot.snapshot import Column, ColumnStats, StoredIndex, Table
from pgtune.twin.btree import PAGE, USABLE, aligned, fanout, height_of

ALIGNMENT = {"c": 1, "s": 2, "i": 4, "d": 8}
LONGEST_POSTING = 812  # bytes: CREATE INDEX makes posting lists of a tenth of a page (nbtsort.c, _bt_load)
TID = 6  # bytes of a row's address
SHORT = 127  # bytes up to which a varlena has a header of one byte and no alignment
UNKNOWN_WIDTH = 32  # get_typavgwidth() without statistics
UNKNOWN_DISTINCT = 200  # DEFAULT_NUM_DISTINCT of the planner
NOT_IMAGES = ("numeric", "double precision", "real", "jsonb")  # equal values may look different: no deduplication


@dataclass(frozen=True, slots=True)
class Part:
    """What one column puts into an index tuple. `length` as typlen; `n_distinct` as pg_stats has it."""

    length: int
    align: int
    width: float
    null_frac: float = 0.0
    n_distinct: float | None = None
    common: tuple[float, ...] = ()
    images: bool = True

    def distinct(self, rows: float) -> float:
        """Different values among so many rows, NULL as one."""
        if self.n_distinct is None:
            return min(UNKNOWN_DISTINCT, rows)
        found = self.n_distinct if self.n_distinct >= 0 else -self.n_distinct * rows
        return max(found + (self.null_frac > 0), 1)


def rows_of(table: Table) -> float:
    """The rows that the planner reckons with: density as it was when counted, times the pages of now."""
    if table.rows > 0 and table.relpages > 0:
        return table.rows / table.relpages * table.pages
    return max(table.rows, 0.0)


def part(key: Key, table: Table) -> Part:
    """A key's part: a column's as its statistics say, an expression's of an assumed width."""
    return column_part(key.column, table) if key.column else Part(-1, 4, UNKNOWN_WIDTH)


def column_part(name: str, table: Table) -> Part:
    """A column's part."""
    column = next((each for each in table.columns if each.name == name), None)
    return Part(-1, 4, UNKNOWN_WIDTH) if column is None else of_column(column)


def of_column(column: Column) -> Part:
    """The part of a column, a table's or an index's."""
    stats = _stats(column)
    width = float(column.length) if column.length > 0 else float(stats.avg_width if stats else UNKNOWN_WIDTH)
    images = not column.type.startswith(NOT_IMAGES) and not column.type.endswith("[]")
    if stats is None:
        return Part(column.length, ALIGNMENT[column.align], width, images=images)
    return Part(
        column.length,
        ALIGNMENT[column.align],
        width,
        stats.null_frac,
        stats.n_distinct,
        _numbers(stats.most_common_freqs),
        images,
    )


def _stats(column: Column) -> ColumnStats | None:
    return next((each for each in sorted(column.stats, key=lambda each: each.inherited)), None)


def _numbers(text: str | None) -> tuple[float, ...]:
    return tuple(float(word) for word in text.strip("{}").split(",") if word) if text else ()


def width(parts: Sequence[Part]) -> float:
    """Bytes of the parts one behind the other, each where its type may stand."""
    at = 0.0
    for each in parts:
        filled = 1 - each.null_frac
        loose = each.length == -1 and each.width <= SHORT
        at = at if loose else ceil(at / each.align) * each.align
        at += each.width * filled
    return at


def stored_height(index: StoredIndex, table: Table, pages: int) -> int:
    """The height of an existing B-tree that has so many pages, from the widths of its keys."""
    keys = [_stored_part(key, column, table) for key, column in zip(index.keys, index.columns, strict=False)]
    return height_of(pages, width(keys) if keys else 8.0)


def _stored_part(key: str, column: Column, table: Table) -> Part:
    name = key[1:-1].replace('""', '"') if key.startswith('"') else key
    own = next((each for each in table.columns if each.name == name), None)
    return of_column(column if own is None else own)


def btree_pages(
    rows: float, keys: Sequence[Part], payload: Sequence[Part], groups: float, options: Mapping[str, str]
) -> int:
    """Pages of a new B-tree over `rows` rows with `groups` different keys."""
    fill = int(options.get("fillfactor", 90)) / 100
    own = width([*keys, *payload])
    header = 16 if any(each.null_frac == 1 for each in keys) else 8
    plain = aligned(header + own) + 4
    posts = not payload and all(each.images for each in keys) and options.get("deduplicate_items", "on") != "off"
    size = rows * plain if not posts else _posted(rows, keys, max(groups, 1), aligned(header + own))
    leaf_room = USABLE * fill - plain  # every page repeats a key as its upper bound
    level = max(ceil(size / leaf_room), 1)
    pages = 1 + level
    while level > 1:
        level = ceil(level / fanout(width(keys)))
        pages += level
    return pages


def _posted(rows: float, keys: Sequence[Part], groups: float, tuple_size: float) -> float:
    """Bytes on leaves where equal keys share a tuple with the addresses of their rows."""
    common = keys[0].common if len(keys) == 1 else ()
    size = sum(_posting(share * rows, tuple_size) for share in common)
    rest = rows * max(1 - sum(common), 0)
    others = max(groups - len(common), 1)
    return size + others * _posting(rest / others, tuple_size) if rest else size


def _posting(count: float, tuple_size: float) -> float:
    """Bytes for `count` rows of one key: whole posting lists, and one for those that remain."""
    most = (LONGEST_POSTING - tuple_size) // TID
    if count <= 1:
        return (tuple_size + 4) * count
    whole, left = divmod(count, max(most, 1))
    size = whole * (aligned(tuple_size + TID * most) + 4)
    if left >= 1:
        size += (aligned(tuple_size + TID * left) if left > 1 else tuple_size) + 4
    return size


def other_pages(
    method: str, rows: float, keys: Sequence[Part], payload: Sequence[Part], table: Table, options: Mapping[str, str]
) -> int:
    """Pages of an index of another method."""
    if method == "brin":
        ranges = ceil(max(table.pages, 1) / int(options.get("pages_per_range", 128)))
        return 2 + ceil(ranges / 1360) + ceil(ranges * aligned(8 + 2 * width(keys) + 4) / USABLE) - 1
    if method == "hash":
        return 2 + ceil(rows * 20 / (USABLE * 0.75)) + ceil(rows * 20 / PAGE / 16)
    own = aligned(8 + width([*keys, *payload])) + 4
    return 2 + ceil(rows * own / (USABLE * 0.75))
