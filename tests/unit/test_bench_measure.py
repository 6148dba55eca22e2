"""What the benchmarks measure with: the linear fit, /proc, the texts of TPC-H, the peers' answers."""

import os
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import tpch
from benchmarks.measure.linear import fit
from benchmarks.measure.processes import PeakMemory, cpu_seconds, family, memory
from benchmarks.memory_overhead import shared
from benchmarks.settings.arms import NOT_ABOUT_SPEED, NoAnswer, Target, configurator
from pgtune.model.units import GB, MB

GROWING = "import time\nkept = bytearray({})\nkept[::4096] = b'x' * len(kept[::4096])\ntime.sleep(30)"
BUSY = "import time\nend = time.process_time() + {}\nwhile time.process_time() < end: pass\n"


@given(st.lists(st.floats(0.1, 1000), min_size=3, max_size=3))
def test_a_fit_finds_the_coefficients_that_made_the_points(coefficients):
    """Exact data give an exact formula, whatever the sizes."""
    points = [(1.0, x, y) for x in (1e6, 2e8, 3e9) for y in (1.0, 50.0, 700.0)]
    values = [sum(a * b for a, b in zip(coefficients, point, strict=True)) for point in points]
    found = fit(points, values)
    assert found.worst_error < 1e-6


def test_a_fit_of_points_that_say_nothing_is_refused():
    """Two columns that always move together cannot be told apart."""
    with pytest.raises(ValueError, match="do not determine"):
        fit([(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)], [1.0, 2.0, 3.0])


def test_the_grid_moves_every_term_by_itself():
    """Each term of the formula can be told from the others on the grid, for every version."""
    for major in (14, 15, 16, 17, 18):
        rows = [tuple(shared.terms(point, major).values()) for point in shared.grid()]
        known = tuple(float(number + 1) for number in range(len(rows[0])))
        found = fit(rows, [sum(a * b for a, b in zip(row, known, strict=True)) for row in rows])
        assert found.coefficients == pytest.approx(known, rel=1e-3)


def test_memory_of_a_process_counts_what_it_allocated():
    """Fifty megabytes written are fifty megabytes private."""
    child = subprocess.Popen([sys.executable, "-c", GROWING.format(50 * MB)])
    try:
        with PeakMemory(os.getpid(), every_s=0.02) as peak:
            limit = time.monotonic() + 20
            while memory(child.pid).private < 50 * MB and time.monotonic() < limit:
                time.sleep(0.05)
            time.sleep(0.1)
        assert 50 * MB < memory(child.pid).private < 80 * MB
        assert peak.by_process[child.pid] > 50 * MB
    finally:
        child.kill()
        child.wait()


def test_processor_time_counts_children_that_have_ended():
    """A child's half second is there after it was reaped."""
    busy = f"subprocess.run([sys.executable, '-c', {BUSY.format(0.5)!r}])"
    code = f"import subprocess, sys, time\n{busy}\ntime.sleep(30)"
    parent = subprocess.Popen([sys.executable, "-c", code])
    try:
        limit = time.monotonic() + 20
        # while the child is just being reaped it is counted nowhere: it must be gone
        while (cpu_seconds(parent.pid) < 0.5 or len(family(parent.pid)) > 1) and time.monotonic() < limit:
            time.sleep(0.1)
        assert 0.5 <= cpu_seconds(parent.pid) < 5
    finally:
        parent.kill()
        parent.wait()


def test_there_are_22_queries_and_each_is_one_statement():
    """Q1 to Q22, in order."""
    texts = tpch.queries()
    assert list(texts) == [f"Q{number}" for number in range(1, 23)]
    assert all(text.count(";") == 1 and text.rstrip().endswith(";") for text in texts.values())


@pytest.mark.parametrize(
    "name", ["log_statement", "logging_collector", "auto_explain.log_wal", "ssl_min_protocol_version"]
)
def test_lines_without_bearing_on_speed_are_left_out(name):
    """Logging, libraries, authentication."""
    assert NOT_ABOUT_SPEED.fullmatch(name)


@pytest.mark.parametrize(
    "name", ["wal_log_hints", "logical_decoding_work_mem", "work_mem", "synchronous_commit", "jit"]
)
def test_lines_that_cost_or_gain_are_kept(name):
    """What moves a count stays in, for better or worse."""
    assert not NOT_ABOUT_SPEED.fullmatch(name)


def test_an_arm_without_its_program_fails_loudly(monkeypatch):
    """A missing peer stops the benchmark instead of leaving the table."""
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(NoAnswer, match="pg-configurator is not installed"):
        configurator(Target(GB, 1, "ssd", "web", 20, MB, 18))
