"""The settings survive in the memory they were computed for; the whole machine's sizing does not.

Real memory cgroups, real pgbench: what `python -m benchmarks.out_of_memory` measures for a minute, shorter. Where no
cgroup can be made the test says so and asserts on the summed PSS instead.
"""

from contextlib import ExitStack

import pytest

from benchmarks.measure.cgroup import NoCgroup, limited
from benchmarks.out_of_memory import LIMITS, answer, bank, endure
from pgtune.model.units import GB, human_bytes

SECONDS = 20


@pytest.fixture(scope="module")
def full(binaries_of):
    """A stopped server with more data than memory."""
    binaries_of(18)
    with bank() as made:
        yield made


@pytest.mark.parametrize("memory", LIMITS, ids=human_bytes)
def test_the_advice_survives_in_its_memory(full, memory):
    """A scan, read-write and read-only pgbench on more data than memory: nothing is killed, no client dropped."""
    with ExitStack() as stack:
        try:
            group = stack.enter_context(limited(memory))
        except NoCgroup as error:
            seen = endure(*full, answer("pgtune", memory), None, SECONDS)
            assert seen.finished, seen.words
            assert seen.peak < memory
            pytest.skip(f"not tested: {error}; the summed PSS stayed at {human_bytes(seen.peak)}")
        seen = endure(*full, answer("pgtune", memory), group, SECONDS)
        assert (seen.kills, seen.finished) == (0, True), seen.words


def test_the_whole_machines_sizing_dies_there(full):
    """The same server sized for 24 GB, in 512 MB: the kernel kills it, so the test above can fail."""
    with ExitStack() as stack:
        try:
            group = stack.enter_context(limited(GB // 2))
        except NoCgroup as error:
            pytest.skip(f"not tested: {error}")
        seen = endure(*full, answer("pgtune", 24 * GB), group, SECONDS)
        assert seen.kills > 0
        assert not seen.finished
