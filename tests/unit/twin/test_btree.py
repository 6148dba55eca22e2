"""B-tree pages: their layout byte by byte, and the height that a number of pages has."""

import struct

import pytest

from pgtune.twin import btree


@pytest.mark.parametrize(
    ("pages", "width", "height"),
    [
        (1, 8, 0),
        (2, 8, 0),
        (4, 8, 1),
        (276, 8, 1),
        (2745, 8, 2),
        (80_000, 8, 2),
        (82_000, 8, 3),
        (500_000, 8, 3),
        (30, 1000, 2),
    ],
)
def test_height_follows_from_pages_and_key_width(pages, width, height):
    """As on real indexes: 8 byte keys lead from an inner page to 285 others, long ones to few."""
    assert btree.height_of(pages, width) == height


def test_a_chain_leads_from_the_root_to_an_empty_leaf():
    """Each inner page has one downlink to the next page, the last is a leaf without a tuple."""
    pages = btree.chain(2)
    assert len(pages) == 3 * btree.PAGE
    for number in range(3):
        page = pages[number * btree.PAGE : (number + 1) * btree.PAGE]
        level, flags = struct.unpack_from("<IH", page, btree.PAGE - 16 + 8)
        assert level == 2 - number
        assert bool(flags & 2) == (number == 0)
        assert bool(flags & 1) == (number == 2)
        (lower,) = struct.unpack_from("<H", page, 12)
        assert (lower - 24) // 4 == (0 if number == 2 else 1)
        if number < 2:
            pointer = struct.unpack_from("<I", page, 24)[0] & 0x7FFF
            high, low = struct.unpack_from("<HH", page, pointer)
            assert (high << 16 | low) == number + 2


@pytest.mark.parametrize(("alone", "start", "flags"), [(True, 8, 0x4000), (False, 16, 0xC000)])
def test_a_leaf_holds_its_keys(alone, start, flags):
    """Behind a header, and behind a bitmap where other columns are NULL; sizes are multiples of eight."""
    keys = [btree.leaf_tuple(btree.Value(each, varies=True), row, alone=alone) for row, each in ((1, b"ab"), (2, b"z"))]
    page = btree.chain(0, keys)
    lower, upper = struct.unpack_from("<HH", page, 12)
    assert (lower, upper) == (24 + 8, btree.PAGE - 16 - 2 * (start + 8))
    for number, value in enumerate((b"ab", b"z")):
        (pointer,) = struct.unpack_from("<I", page, 24 + 4 * number)
        at, size = pointer & 0x7FFF, pointer >> 17
        assert struct.unpack_from("<HHHH", page, at) == (0, 0, number + 1, flags | size)
        assert page[at + start : at + size] == value.ljust(8, b"\0")


def test_the_first_page_names_root_and_level():
    """Root and fast root are page 1, at the height; everything else of the page stays."""
    before = bytes(range(256)) * 32
    after = btree.metapage(before, 3)
    assert struct.unpack_from("<IIII", after, 32) == (1, 3, 1, 3)
    assert after[:32] == before[:32]
    assert after[48:] == before[48:]


def test_a_height_needs_a_page_a_level():
    """A file of two pages holds no more than a leaf."""
    assert [btree.room_for(3, pages) for pages in (0, 1, 2, 3, 4, 5, 6)] == [0, 0, 0, 1, 2, 3, 3]
