"""The table of `pgtune probe`."""

import json
from pathlib import Path

import pytest

from pgtune.model.hardware import DiskSpeed, Figure, Hardware, Kernel, Neighbour, Storage
from pgtune.model.units import GB, MB
from pgtune.report.machine import table
from pgtune.report.paper import Paper

LONG = "/sys/fs/cgroup/memory/kubepods/burstable/pod0123456789abcdef/0123456789abcdef0123456789/memory.limit_in_bytes"
FOUND = Hardware(
    memory=Figure(3 * GB, LONG),
    cpus=Figure(1.5, "/sys/fs/cgroup/cpu.max"),
    storage=Storage(
        Figure("gp3", "nvme0n1: model Amazon Elastic Block Store"),
        "nvme0n1p1", "ext4", False, Figure(10 * GB, "statvfs /pg"), Figure(5 * GB, "statvfs /pg/pg_wal"), True,
        DiskSpeed(1.25, 0.5, 3000, 125 * MB, 125 * MB, 200 * MB, 8.5),
    ),
    machine_memory=Figure(16 * GB, "/proc/meminfo MemTotal"),
    swap=0,
    neighbours=(Neighbour("redis-server", 77, GB, "maxmemory in /etc/redis.conf"),),
    kernel=Kernel("6.1.0", 0, 0, 2 * MB, 0, 50, 60, "always", 64 * MB, "none", None),
    cloud="AWS m6i.large",
    container="docker (/.dockerenv)",
    notes=("1 GB of the memory are left to redis-server",),
)  # fmt: skip


@pytest.mark.parametrize("width", [50, 60, 80, 110])
def test_it_fits(width):
    """No line is wider than the paper, on a narrow one too."""
    lines = table("Probe of x", FOUND, Paper(width), "proven").splitlines()
    assert max(map(len, lines)) <= width


def test_every_figure_and_its_source():
    """Each value stands in its row, and a path that is folded is whole when it is put together."""
    text = table("Probe of x", FOUND, Paper(80), "its session is process 5")
    for words in ("3 GB", "1.5", "16 GB", "gp3", "nvme0n1p1", "ext4", "10 GB", "5 GB", "a disk of its own", "1.25 ms",
                  "3000/s", "125 MB/s", "always", "64 MB", "AWS m6i.large", "docker", "process 77", "cannot be tried",
                  "its session is process 5"):  # fmt: skip
        assert words in text, words
    rows = text.splitlines()
    start = next(index for index, row in enumerate(rows) if row.startswith("memory"))
    column = rows[start].index("/sys")
    folded = [rows[start][column:], *(row[column:] for row in rows[start + 1 : start + 4] if not row[:column].strip())]
    assert "".join(folded) == LONG


def test_what_is_unknown_has_no_row():
    """Nothing is said of what was not read."""
    bare = Hardware(Figure(GB, "x"), Figure(1.0, "y"), Storage(Figure("unknown", "no data directory is known")))
    text = table("Probe of x", bare)
    for words in ("None", "swap", "kernel", "cloud", "free for", "Notes"):
        assert words not in text


def test_hostile_names():
    """A path cannot act on a terminal."""
    evil = Hardware(Figure(GB, "/\x1b[31m\n/x"), Figure(1.0, "y"), Storage(Figure("unknown", "z")))
    assert "\x1b" not in table("Probe of x", evil)


def test_the_schema_of_the_probe_is_that_of_the_answer():
    """Both published schemas describe the hardware in the same words."""
    folder = Path(__file__).parents[3] / "docs/schemas"
    probe, tune = (json.loads((folder / f"pgtune.{name}.1.json").read_text())["$defs"] for name in ("probe", "tune"))
    assert probe == {name: tune[name] for name in probe}
