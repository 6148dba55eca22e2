"""A bare data directory answers as one that initdb made, on every version."""

import pytest

from pgtune.cluster import Binaries, Cluster
from pgtune.cluster.bare import shown
from pgtune.model.units import MB

SETTINGS = {"shared_buffers": "1GB", "max_connections": "300", "max_locks_per_transaction": "256", "wal_buffers": "-1"}


def test_it_answers_as_a_whole_one(binaries_of, version):
    """The size of shared memory follows from settings and the size of WAL segments alone."""
    compare(binaries_of(version), version, 16)


@pytest.mark.parametrize("segment", [1, 1024])
def test_it_answers_for_other_segments(binaries_of, segment):
    """The smallest and the largest that initdb makes."""
    compare(binaries_of(18), 18, segment)


def compare(binaries: Binaries, version: int, segment: int) -> None:
    """Ask both; before 15 no size of shared memory can be asked for."""
    name = "shared_memory_size_in_huge_pages" if version > 14 else "wal_segment_size"
    whole = Cluster.throw_away(binaries, initdb=(f"--wal-segsize={segment}",))
    try:
        expected = whole.show(name, SETTINGS).stdout.strip()
    finally:
        whole.remove()
    assert expected.isdecimal()
    assert shown(binaries, name, SETTINGS, segment * MB) == expected


def test_what_the_server_refuses_has_no_answer(binaries_of):
    """A value out of its range is no number, and nothing is left behind."""
    assert shown(binaries_of(18), "shared_memory_size", {"shared_buffers": "1PB"}, 16 * MB) is None
