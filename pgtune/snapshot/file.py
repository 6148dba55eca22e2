"""A snapshot as a file: gzip around canonical JSON, so that the same snapshot is the same bytes."""

import gzip
import json
import re
import zlib
from typing import Any, NoReturn

from pgtune.model.errors import BadInput
from pgtune.snapshot.form import from_json, to_json
from pgtune.snapshot.snapshot import SCHEMA, Snapshot, StoredIndex, Table

LARGEST = 1 << 29
"""Bytes that a file may unpack to, 512 MB: 5,000 tables of ten columns take 50 MB (benchmarks/snapshot.py)."""

# Zero bytes and halves of surrogate pairs, which JSON can spell and no text of PostgreSQL can hold.
IMPOSSIBLE = re.compile(rb"(?<!\\)(?:\\\\)*\\u(?:0000|[dD][89a-fA-F])")
SUSPICIOUS = (rb"\u0000", rb"\ud", rb"\uD")  # found at once, where the expression takes its time

MOST_PAGES = 2**32 - 2  # of a relation: MaxBlockNumber of storage/block.h
LARGEST_DATABASE = 1 << 35  # pages, 256 TB, in a quarter of a million files
HIGHEST = 32  # levels of a B-tree of two entries a page
# As format_type() writes one: it is put into scripts as it is, so no statement may end in it.
TYPE = re.compile(r'(?:[\w$ .,()\[\]]|-(?=\d)|"(?:[^"]|"")*+")++')
ALIGNMENTS = ("c", "s", "i", "d")

GZIP = 31  # zlib's wbits for a gzip header and the largest window


def dump(snapshot: Snapshot) -> bytes:
    """The snapshot as the bytes of a file."""
    form = {"schema": SCHEMA} | to_json(snapshot)
    text = json.dumps(form, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)
    return gzip.compress(text.encode(), compresslevel=6, mtime=0)


def load(data: bytes) -> Snapshot:
    """The snapshot of a file's bytes.

    Raises:
        BadInput: they are no snapshot, of another version, damaged, too large or inconsistent.
    """
    form = _parsed(_unpacked(data))
    if type(form) is not dict or not str(form.get("schema", "")).startswith("pgtune.snapshot/"):
        raise BadInput("this is no snapshot of pgtune")
    schema = form.pop("schema")
    if schema != SCHEMA:
        raise BadInput(f"the snapshot is of another version ({schema!r:.40}): this pgtune reads {SCHEMA}")
    snapshot: Snapshot = from_json(Snapshot, form, "the snapshot")
    _check(snapshot)
    return snapshot


def _unpacked(data: bytes) -> bytes:
    unpacking = zlib.decompressobj(GZIP)
    try:
        text = unpacking.decompress(data, LARGEST)
        if unpacking.unconsumed_tail and unpacking.decompress(unpacking.unconsumed_tail, 1):
            raise BadInput(f"the file unpacks to more than {LARGEST >> 20} MB: that is no snapshot of pgtune")
    except zlib.error:
        raise BadInput("this is no snapshot of pgtune, or a damaged one") from None
    if not unpacking.eof:
        raise BadInput("the file is cut off: copy it again")
    return text


def _parsed(text: bytes) -> Any:
    if any(each in text for each in SUSPICIOUS) and IMPOSSIBLE.search(text):
        raise BadInput("the snapshot holds text that no PostgreSQL can hold")
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):  # a UnicodeDecodeError is a ValueError, and so is a JSONDecodeError
        raise BadInput("this is no snapshot of pgtune, or a damaged one") from None


def _no_constant(_word: str) -> NoReturn:
    raise ValueError  # NaN and Infinity are no JSON


def _check(snapshot: Snapshot) -> None:
    """What a type cannot say: identifiers are unique and every statement needs earlier ones alone."""
    known: set[str] = set()
    for each in snapshot.objects:
        if each.id in known:
            raise BadInput(f"the snapshot holds two objects {each.id!r:.60}")
        if not known.issuperset(each.needs):
            raise BadInput(f"the snapshot's object {each.id!r:.60} needs one that does not come before it")
        known.add(each.id)
    names = [table.name for table in snapshot.tables]
    if len(set(names)) < len(names):
        raise BadInput("the snapshot holds a table twice")
    pages = 0
    for table in snapshot.tables:
        pages += table.pages + sum(each.pages for each in table.indexes)
        if not _possible(table) or not all(map(_possible, table.indexes)):
            raise BadInput(f"the snapshot's figures of {str(table.name)!r:.60} are of no relation that can be")
    if pages > LARGEST_DATABASE:
        raise BadInput("the snapshot's relations are larger together than any database")


def _possible(relation: Table | StoredIndex) -> bool:
    """Whether figures are such as PostgreSQL has them; files are made after them."""
    columns_fit = all(
        each.align in ALIGNMENTS and each.length >= -2 and TYPE.fullmatch(each.type) for each in relation.columns
    )
    if isinstance(relation, StoredIndex):
        return columns_fit and 0 <= relation.pages <= MOST_PAGES and 0 <= (relation.height or 0) <= HIGHEST
    return columns_fit and all(0 <= each <= MOST_PAGES for each in (relation.pages, relation.relpages))
