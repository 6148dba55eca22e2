"""Each setting's arithmetic, as a table a DBA can check by hand."""

from dataclasses import replace

import pytest

from pgtune.model.hardware import Kernel
from pgtune.model.server import Activity
from pgtune.model.units import GB, MB, parse_bytes
from pgtune.settings.sheet import Sheet

WEEK = 8 * 86400.0


@pytest.mark.parametrize(
    ("ram", "more", "expected"),
    [
        ("16GB", {}, "4GB"),
        ("1GB", {}, "256MB"),
        ("512MB", {}, "76MB"),  # 15 % under 1 GB
        ("16GB", {"profile": "desktop"}, "1GB"),
        ("16GB", {"data_bytes": 300 * MB}, "2GB"),  # four times the data: larger tables are scanned through a ring
        ("16GB", {"data_bytes": 10 * MB}, "128MB"),  # never below what initdb leaves
        ("2TB", {"cpus": 64, "profile": "dw"}, "313GB"),  # page tables of 167 processes stay under 5 %
    ],
)
def test_shared_buffers(sheet, ram, more, expected):
    """The guide's 25 %, bent for small machines, desktops, small data and page tables."""
    assert sheet(ram, **more)["shared_buffers"] == parse_bytes(expected)


def test_shared_buffers_ignore_the_size_of_a_young_server(sheet):
    """A server that was made this week does not show yet what it will hold."""
    young = Activity(data_bytes=30 * MB, age_seconds=3600.0)
    old = Activity(data_bytes=30 * MB, age_seconds=WEEK)
    assert sheet("16GB", activity=young)["shared_buffers"] == 4 * GB
    assert sheet("16GB", activity=old)["shared_buffers"] == 128 * MB


def test_huge_pages_lift_the_cap_of_page_tables(sheet):
    """With huge pages reserved, page tables are small and the guide's share stands."""
    kernel = Kernel("6.1", huge_pages=300_000, huge_page_size=2 * MB)
    assert sheet("2TB", cpus=64, profile="dw", kernel=kernel)["shared_buffers"] == 512 * GB


def test_huge_pages_switched_off_are_not_counted_on(tuned, sheet):
    """huge_pages = off: page tables are reckoned in full whatever the kernel holds, and the kernel advice says so."""
    kernel = Kernel("6.1", huge_pages=300_000, huge_page_size=2 * MB)
    given = {"cpus": 64, "profile": "dw", "kernel": kernel, "current": {"huge_pages": "off"}}
    assert sheet("2TB", **given)["shared_buffers"] == parse_bytes("313GB")
    assert any(text.startswith("huge_pages = off") for text in tuned("2TB", **given).kernel)


@pytest.mark.parametrize(
    ("ram", "more", "expected"),
    [
        ("16GB", {}, "54MB"),  # (32 sessions + 8 workers) x 2 x hash_mem_multiplier 2 share what is left
        ("64GB", {}, "64MB"),
        ("256GB", {"profile": "dw"}, "64MB"),
        ("512MB", {"profile": "web"}, "1MB"),
        ("2GB", {"cpus": 2, "profile": "web"}, "42MB"),
    ],
)
def test_work_mem(sheet, ram, more, expected):
    """The guide's figure as far as the budget carries it, in a warehouse too."""
    assert sheet(ram, **more)["work_mem"] == parse_bytes(expected)


def test_spilled_files_are_evidence(sheet):
    """What was written for want of work_mem stands in its reason."""
    seen = Activity(temp_files=7, temp_bytes=3 * GB)
    assert "7 temporary files, 3 GB" in sheet(activity=seen).cell("work_mem").advice.why
    assert "temporary" not in sheet(activity=Activity(temp_files=0)).cell("work_mem").advice.why


@pytest.mark.parametrize(
    ("profile", "override", "expected"),
    [("web", None, 100), ("dw", None, 500), ("dw", 1000, 1000), ("web", 1000, 1000)],
)
def test_default_statistics_target(sheet, profile, override, expected):
    """The guide's figure, more for a warehouse; what somebody raised further stays."""
    current = {"default_statistics_target": str(override)} if override else None
    assert sheet("16GB", profile=profile, current=current)["default_statistics_target"] == expected


@pytest.mark.parametrize(("ram", "expected"), [("1GB", "64MB"), ("16GB", "256MB"), ("64GB", "1GB"), ("1TB", "2GB")])
def test_maintenance_work_mem(sheet, ram, expected):
    """A sixteenth of a small memory, the guide's figure, a sixty-fourth of a large one."""
    assert sheet(ram)["maintenance_work_mem"] == parse_bytes(expected)


@pytest.mark.parametrize(
    ("storage", "more", "expected"),
    [
        ("ssd", {}, 1.1),
        ("gp3", {}, 1.1),
        ("unknown", {}, 1.1),
        ("hdd", {}, 4.0),
        ("hdd", {"data_bytes": GB}, 1.1),  # it fits in memory
        ("ssd", {"profile": "dw"}, 2.0),
        ("hdd", {"profile": "dw"}, 4.0),
    ],
)
def test_random_page_cost(sheet, storage, more, expected):
    """The guide's 1.1, but 4 for a disk that turns and holds more than the caches."""
    assert sheet(storage=storage, **more)["random_page_cost"] == expected


@pytest.mark.parametrize(
    ("major", "storage", "expected"),
    [(17, "ssd", 200), (17, "hdd", 2), (18, "ssd", 16), (18, "gp3", 64), (18, "hdd", 16)],
)
def test_effective_io_concurrency(sheet, major, storage, expected):
    """Prefetch hints before 18; real requests from 18 on, where the default of 16 was measured."""
    assert sheet(major=major, storage=storage)["effective_io_concurrency"] == expected


@pytest.mark.parametrize(
    ("cpus", "profile", "expected"),
    [(0.5, "dw", 0), (2, "oltp", 0), (2, "dw", 1), (4, "web", 2), (8, "mixed", 4), (64, "dw", 8), (64, "oltp", 2)],
)
def test_parallel_workers_per_gather(sheet, cpus, profile, expected):
    """On two CPUs a worker repeats work and finds no idle CPU."""
    assert sheet(cpus=cpus, profile=profile)["max_parallel_workers_per_gather"] == expected


@pytest.mark.parametrize(
    ("profile", "more", "expected"),
    [
        ("web", {}, "2GB"),
        ("oltp", {}, "8GB"),
        ("oltp", {"storage": "hdd"}, "2944MB"),  # 300 s of recovery at 10 MB/s
        ("oltp", {"wal_free": "5GB"}, "2GB"),  # 40 % of the disk
        ("oltp", {"wal_free": "100MB"}, "80MB"),  # five segments at the least
    ],
)
def test_max_wal_size(sheet, profile, more, expected):
    """Room for the load, bounded by the disk and by what recovery can replay."""
    situation = sheet(profile=profile, current={"max_wal_size": "64"}, **more)
    assert situation["max_wal_size"] == parse_bytes(expected)


def test_max_wal_size_follows_the_measured_rate(sheet):
    """Three checkpoint intervals of WAL at the rate that was seen; less than an hour of statistics says nothing."""
    busy = Activity(wal_bytes=7 * 3600 * MB, wal_seconds=3600.0)
    assert sheet(profile="web", activity=busy)["max_wal_size"] == 6 * GB
    brief = Activity(wal_bytes=7 * 600 * MB, wal_seconds=600.0)
    assert sheet(profile="web", activity=brief)["max_wal_size"] == 2 * GB


def test_forced_checkpoints_double_the_room(sheet):
    """Checkpoints forced every GB ask for four of them; the advice does not grow when it was followed."""
    forced = Activity(checkpoints_requested=90, checkpoints_timed=10, wal_bytes=100 * GB)
    assert sheet(profile="web", activity=forced)["max_wal_size"] == 4 * GB
    followed = sheet(profile="web", activity=forced, current={"max_wal_size": "4096"})
    assert not followed.cell("max_wal_size").changed


def test_wal_buffers_stay_automatic_without_evidence(sheet):
    """-1 already gives the guide's 16 MB from 512 MB of shared_buffers on; a restart for nothing is no advice."""
    assert not sheet().cell("wal_buffers").changed
    full = Activity(wal_buffers_full=100_000, wal_seconds=3600.0)
    waited = sheet(current={"wal_buffers": "2048", "shared_buffers": "524288"}, activity=full)
    assert waited["wal_buffers"] == 32 * MB


@pytest.mark.parametrize(
    ("choices", "expected"),
    [(("on", "off", "pglz"), "off"), (("on", "off", "pglz", "lz4", "zstd"), "lz4"), (("off",), "off")],
)
def test_wal_compression_takes_what_the_server_offers(situation, choices, expected):
    """An enum value comes from the target's own pg_settings: a build without lz4 never gets lz4."""
    now = situation()
    settings = {**now.settings, "wal_compression": replace(now.settings["wal_compression"], choices=choices)}
    assert Sheet(replace(now, settings=settings))["wal_compression"] == expected


def test_io_uring_only_on_request_and_after_a_probe(situation):
    """io_method stays what it is unless it was asked for, the build offers it, and the kernel let a probe set it up."""

    def with_uring(*, probe: bool | None, asked: bool, choices=("sync", "worker", "io_uring")):
        now = situation(major=18, io_uring=asked, kernel=Kernel("6.1", io_uring=probe))
        offered = replace(now.settings["io_method"], choices=choices)
        return Sheet(replace(now, settings={**now.settings, "io_method": offered}))["io_method"]

    assert with_uring(probe=True, asked=True) == "io_uring"
    assert with_uring(probe=True, asked=False) == "worker"
    assert with_uring(probe=False, asked=True) == "worker"
    assert with_uring(probe=True, asked=True, choices=("sync", "worker")) == "worker"


def test_statistics_are_asked_for(situation):
    """Logging and pg_stat_statements come only with --statistics, the library only where the server has it."""
    assert not Sheet(situation()).cell("track_io_timing").changed
    asked = situation(statistics=True)
    assert Sheet(asked)["track_io_timing"] is True
    assert not Sheet(asked).cell("shared_preload_libraries").changed
    has = replace(asked, available=("pg_stat_statements",), libraries=("auto_explain",))
    assert Sheet(has)["shared_preload_libraries"] == "auto_explain, pg_stat_statements"


def test_slots_get_a_limit_only_where_they_are(sheet):
    """A slot that nobody reads must not fill the disk; without slots nothing is said."""
    assert not sheet(wal_free="100GB", activity=Activity(slots=0)).cell("max_slot_wal_keep_size").changed
    slots = sheet(wal_free="100GB", activity=Activity(slots=2))
    assert slots["max_slot_wal_keep_size"] == 50 * GB
