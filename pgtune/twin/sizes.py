"""Sizes of indexes reckoned from widths, repetition and page layout. Pure arithmetic; bytes and pages of 8 kB."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, expm1

from pgtune.snapshot.snapshot import Column, ColumnStats, StoredIndex, Table
from pgtune.twin.btree import PAGE, USABLE, aligned, fanout, height_of
from pgtune.workload.arrays import elements, numbers

ALIGNMENT = {"c": 1, "s": 2, "i": 4, "d": 8}
LONGEST_POSTING = 812  # bytes: CREATE INDEX makes posting lists of a tenth of a page (nbtsort.c, _bt_load)
TID = 6  # bytes of a row's address
SHORT = 127  # bytes up to which a varlena has a header of one byte and no alignment
UNKNOWN_WIDTH = 32  # get_typavgwidth() without statistics
UNKNOWN_DISTINCT = 200  # DEFAULT_NUM_DISTINCT of the planner
CLUSTERED = 0.99  # correlation from which equal values lie side by side
OFTEN = 10  # times that a value is drawn on the average, so that ANALYZE has missed none
SAMPLED = 300  # pages that ANALYZE reads for each unit of the statistics target
NOT_IMAGES = ("numeric", "double precision", "real", "jsonb")  # equal values may look different: no deduplication


@dataclass(frozen=True, slots=True)
class Part:
    """What one column puts into an index tuple. `length` as typlen; `n_distinct` as pg_stats has it.

    `widths`: how many bytes, each with its share of the rows that are not NULL. `images`: equal values look the same,
    so that a B-tree may keep them once.
    """

    length: int
    align: int
    width: float
    null_frac: float = 0.0
    n_distinct: float | None = None
    common: tuple[float, ...] = ()
    images: bool = True
    widths: Mapping[int, float] = field(default_factory=dict)

    def distinct(self, rows: float) -> float:
        """Different values among so many rows, NULL as one."""
        if self.n_distinct is None:
            return min(UNKNOWN_DISTINCT, rows)
        found = self.n_distinct if self.n_distinct >= 0 else -self.n_distinct * rows
        return max(found + (self.null_frac > 0), 1)


def occupied(places: float, rows: float) -> float:
    """How many of so many equally likely keys turn up among so many rows."""
    return places * -expm1(-rows / places) if places > 0 else 0.0


def rows_of(table: Table) -> float:
    """The rows that the planner reckons with: density as it was when counted, times the pages of now."""
    if table.rows > 0 and table.relpages > 0:
        return table.rows / table.relpages * table.pages
    return max(table.rows, 0.0)


def column_part(name: str, table: Table) -> Part:
    """A column's part."""
    column = next((each for each in table.columns if each.name == name), None)
    if column is None:
        return Part(-1, 4, UNKNOWN_WIDTH)
    part = of_column(column)
    return replace(part, n_distinct=_unclustered(part.n_distinct, column, table))


def _unclustered(found: float | None, column: Column, table: Table) -> float | None:
    """Different values of a column whose equal values lie side by side, where ANALYZE finds too few.

    It draws as many rows as it reads pages, 300 for each unit of the statistics target (std_typanalyze in analyze.c).
    Two neighbours are then drawn together as often as there are pages to a page read, which its estimate takes for
    repetition. So what it found is taken back to the pairs in its sample, these are made as many as rows drawn from
    anywhere would hold, and the estimate is made again.
    """
    stats = _stats(column)
    if found is None or stats is None or abs(stats.correlation or 0) < CLUSTERED or not stats.histogram_bounds:
        return found
    bounds = (len(elements(each.histogram_bounds)) for own in table.columns for each in own.stats)
    drawn = min(SAMPLED * max(max(bounds) - 1, 1), table.rows)
    distinct = found if found >= 0 else -found * table.rows
    if table.relpages <= drawn or drawn < 1 or not drawn / OFTEN < distinct < table.rows:
        return found
    pairs = _pairs(distinct, drawn, drawn / table.rows) * drawn / table.relpages
    return min(_duj1(pairs, drawn, drawn / table.rows), table.rows)


def _duj1(pairs: float, drawn: float, share: float) -> float:
    """Different values as ANALYZE estimates them (Haas and Stokes, Duj1) where so many pairs of the rows are equal."""
    return drawn * (drawn - pairs) / (2 * pairs + (drawn - 2 * pairs) * share)


def _pairs(distinct: float, drawn: float, share: float) -> float:
    """The same solved for the pairs."""
    return max(drawn * (drawn - distinct * share) / (2 * distinct * (1 - share) + drawn), 0.0)


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
        numbers(stats.most_common_freqs),
        images,
        {} if column.length > 0 else _widths(column.type, stats),
    )


def _widths(kind: str, stats: ColumnStats) -> Mapping[int, float]:
    """The widths of a type of varying length: those of the values that are known, each with its share of the rows."""
    measure = next((each for name, each in MEASURES.items() if kind.startswith(name)), None)
    if measure is None:
        return {}
    found: defaultdict[int, float] = defaultdict(float)
    shares = numbers(stats.most_common_freqs)
    for value, share in zip(elements(stats.most_common_vals), shares, strict=False):
        found[measure(value or "")] += share
    bounds = elements(stats.histogram_bounds)
    rest = max(1 - stats.null_frac - sum(shares), 0.0)
    for bound in bounds:
        found[measure(bound or "")] += rest / len(bounds)
    total = sum(found.values())
    return {each: share / total for each, share in found.items()} if total else {}


def _text_width(value: str) -> int:
    size = len(value.encode())
    return size + 1 if size < SHORT else size + 4


def _numeric_width(value: str) -> int:
    """A byte of length, two of sign and scale, two for each base-10,000 digit between zeros."""
    whole, _, fraction = value.lstrip("-").partition(".")
    whole, fraction = whole.lstrip("0"), fraction.rstrip("0")
    groups = ceil(len(whole) / 4) + ceil(len(fraction) / 4)
    if not fraction:
        groups -= (len(whole) - len(whole.rstrip("0"))) // 4
    return 3 + 2 * groups


MEASURES: Mapping[str, Callable[[str], int]] = {
    "text": _text_width, "character": _text_width, "citext": _text_width, "numeric": _numeric_width,
}  # fmt: skip


def _stats(column: Column) -> ColumnStats | None:
    return next((each for each in sorted(column.stats, key=lambda each: each.inherited)), None)


def width(parts: Sequence[Part]) -> float:
    """Bytes of the parts one behind the other, on the average."""
    return sum(share * at for (at, _), share in _ends(parts).items())


def tuple_size(parts: Sequence[Part]) -> float:
    """Bytes of an index tuple on the average: a header of 8 bytes, or 16 with a NULL, the parts, aligned."""
    return sum(share * aligned((16 if null else 8) + at) for (at, null), share in _ends(parts).items())


def _ends(parts: Sequence[Part]) -> Mapping[tuple[int, bool], float]:
    """Where the parts of a tuple end and whether one is NULL, with the share of the tuples for which it is so."""
    ends: dict[tuple[int, bool], float] = {(0, False): 1.0}
    for each in parts:
        after: defaultdict[tuple[int, bool], float] = defaultdict(float)
        for (at, null), share in ends.items():
            if each.null_frac:
                after[at, True] += share * each.null_frac
            for size, portion in _spread(each).items():
                place = at if each.length == -1 and size <= SHORT else ceil(at / each.align) * each.align
                after[place + size, null] += share * portion * (1 - each.null_frac)
        ends = after
    return ends


def _spread(part: Part) -> Mapping[int, float]:
    """The widths of a part; around the average where no value is known, for then every end is as likely."""
    if part.length > 0:
        return {part.length: 1.0}
    if part.widths:
        return part.widths
    middle = max(round(part.width), 4)
    return {middle + step: 1 / 8 for step in range(-3, 5)}


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
    """Pages of a new B-tree over `rows` rows with `groups` different keys; without rows it has its first page alone."""
    if rows < 1:
        return 1
    fill = int(options.get("fillfactor", 90)) / 100
    own = tuple_size([*keys, *payload])
    posts = not payload and all(each.images for each in keys) and options.get("deduplicate_items", "on") != "off"
    size = rows * (own + 4) if not posts else _posted(rows, keys, max(groups, 1), own)
    leaf_room = USABLE * fill - own - 4  # every page repeats a key as its upper bound
    level = max(ceil(size / leaf_room), 1)
    pages = 1 + level
    while level > 1:
        level = ceil(level / fanout(width(keys)))
        pages += level
    return pages


def _posted(rows: float, keys: Sequence[Part], groups: float, own: float) -> float:
    """Bytes on leaves where equal keys share a tuple with the addresses of their rows."""
    shares = (*keys[0].common, keys[0].null_frac) if len(keys) == 1 else ()
    size = sum(_posting(share * rows, own) for share in shares)
    rest = rows * max(1 - sum(shares), 0)
    others = max(groups - sum(share > 0 for share in shares), 1)
    return size + others * _posting(rest / others, own) if rest else size


def _posting(count: float, own: float) -> float:
    """Bytes for `count` rows of one key, on the average: between those for the whole numbers around it."""
    low = int(count)
    return _whole_posting(low, own) * (low + 1 - count) + _whole_posting(low + 1, own) * (count - low)


def _whole_posting(count: int, own: float) -> float:
    """Bytes for whole posting lists, and for one with the rows that remain."""
    most = max(int((LONGEST_POSTING - own) // TID), 1)
    whole, left = divmod(count, most)
    size: float = whole * (aligned(own + TID * most) + 4)
    if left:
        size += (aligned(own + TID * left) if left > 1 else own) + 4
    return size


def other_pages(
    method: str, rows: float, keys: Sequence[Part], payload: Sequence[Part], table: Table, options: Mapping[str, str]
) -> int:
    """Pages of an index of another method."""
    if method == "brin":
        ranges = ceil(max(table.pages, 1) / int(options.get("pages_per_range", 128)))
        return 2 + ceil(ranges / 1360) + ceil(ranges * aligned(8 + 2 * width(keys) + 4) / USABLE) - 1
    if method == "hash":
        return hash_pages(rows, keys[0])
    own = tuple_size([*keys, *payload]) + 4
    return 2 + ceil(rows * own / (USABLE * 0.75))


HASHED = 20  # bytes of a hash index's entry: 8 of header, 8 for the hash, a line pointer
BUCKET = USABLE // HASHED  # entries on a page


def hash_pages(rows: float, key: Part) -> int:
    """Pages of a hash index: buckets for three quarters full pages, and what spills over for values of many rows.

    Buckets are doubled in number, from 1024 on in four steps (hash/hashpage.c, _hash_init and hashutil.c).
    """
    wanted = max(rows / (PAGE * 0.75 // HASHED), 2)
    whole = 2
    while whole < wanted and whole < 1024:
        whole *= 2
    step = whole
    while whole < wanted:
        step = whole if whole & (whole - 1) == 0 else step
        whole += step // 4
    groups = [(share * rows, 1.0) for share in key.common]
    rest = rows * max(1 - sum(key.common) - key.null_frac, 0)
    others = max(key.distinct(rows) - len(key.common), 1)
    groups.append((rest / others, others))
    spilled = sum(many * max(ceil(count / BUCKET) - 1, 0) for count, many in groups)
    return 2 + whole + round(spilled)
