"""The table of parameters, as the package ships it."""

import time

import pytest

from pgtune import resources, versions
from pgtune.model.errors import BadInput
from pgtune.model.units import GB, KB, MB
from pgtune.versions import features

TEXT = resources.text("versions", "settings.toml")


@pytest.mark.parametrize(
    ("major", "name", "field", "value"),
    [
        (14, "hash_mem_multiplier", "value", "1"), (15, "hash_mem_multiplier", "value", "2"),
        (14, "wal_compression", "type", "bool"), (15, "wal_compression", "type", "enum"),
        (17, "effective_io_concurrency", "value", "1"), (18, "effective_io_concurrency", "value", "16"),
        (17, "maintenance_io_concurrency", "value", "10"), (18, "maintenance_io_concurrency", "value", "16"),
        (16, "vacuum_buffer_usage_limit", "value", "256"), (17, "vacuum_buffer_usage_limit", "value", "2048"),
        (17, "autovacuum_max_workers", "context", "postmaster"), (18, "autovacuum_max_workers", "context", "sighup"),
        (17, "data_checksums", "value", "off"), (18, "data_checksums", "value", "on"),
        (18, "io_method", "choices", ("sync", "worker")), (18, "wal_compression", "choices", ("pglz", "on", "off")),
    ],
)  # fmt: skip
def test_the_versions_differ_as_released(major: int, name: str, field: str, value: object) -> None:
    """The known differences between the versions are in the table."""
    assert getattr(versions.parameters(TEXT, major)[name], field) == value


@pytest.mark.parametrize(
    ("name", "since", "until"),
    [
        ("shared_memory_size_in_huge_pages", 15, 18), ("reserved_connections", 16, 18), ("huge_pages_status", 17, 18),
        ("summarize_wal", 17, 18), ("io_workers", 18, 18), ("old_snapshot_threshold", 14, 16),
        ("stats_temp_directory", 14, 14), ("shared_buffers", 14, 18),
    ],
)  # fmt: skip
def test_parameters_come_and_go(name: str, since: int, until: int) -> None:
    """Each version has the parameters that it has, and no other's."""
    having = [major for major in versions.TESTED if name in versions.parameters(TEXT, major)]
    assert having == list(range(since, until + 1))


@pytest.mark.parametrize("major", versions.TESTED)
def test_what_initdb_leaves(major: int) -> None:
    """The values that every fresh cluster has, in natural units."""
    table = versions.parameters(TEXT, major)
    known = {
        "max_connections": 100, "shared_buffers": 128 * MB, "work_mem": 4 * MB, "maintenance_work_mem": 64 * MB,
        "effective_cache_size": 4 * GB, "max_wal_size": GB, "min_wal_size": 80 * MB, "checkpoint_timeout": 300_000,
        "random_page_cost": 4.0, "wal_buffers": 4 * MB, "block_size": 8192, "wal_segment_size": 16 * MB,
        "autovacuum_work_mem": -1, "huge_pages": "try", "shared_preload_libraries": "", "temp_buffers": 8192 * KB,
    }  # fmt: skip
    assert {name: table[name].natural() for name in known} == known


def test_no_choice_depends_on_the_build() -> None:
    """lz4, zstd and io_uring are nobody's by right, so no version's table offers them."""
    for major in versions.TESTED:
        for setting in versions.parameters(TEXT, major).values():
            assert not {"lz4", "zstd", "io_uring"} & set(setting.choices), setting.name


@pytest.mark.parametrize("major", versions.TESTED)
def test_every_setting_is_sound(major: int) -> None:
    """Each value is within its own bounds, an enum's among its choices, and fit leaves it alone."""
    for name, setting in versions.parameters(TEXT, major).items():
        assert setting.takes(setting.natural()), name
        if setting.context != "internal":
            assert setting.fit(setting.natural()) == setting.natural(), name


def test_every_parameter_is_described() -> None:
    """Each parameter has a sentence of the server's own."""
    described = versions.descriptions(TEXT)
    assert described["shared_buffers"] == "Sets the number of shared memory buffers used by the server."
    for major in versions.TESTED:
        assert all(described[name].endswith(".") for name in versions.parameters(TEXT, major))


@pytest.mark.parametrize("major", [9, 13, 19])
def test_an_unknown_version_is_refused(major: int) -> None:
    """A version whose parameters nobody captured is no guess but an error that names the known ones."""
    with pytest.raises(BadInput, match=f"PostgreSQL {major} are not known; known are 14, 15, 16, 17, 18"):
        versions.parameters(TEXT, major)


def test_loading_is_quick() -> None:
    """The table is read in some tens of milliseconds of the processor (0.5 s here, for machines are shared)."""
    versions._table.cache_clear()
    start = time.process_time()
    versions.parameters(TEXT, 18)
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize(
    ("version", "corrupt"),
    [(130023, False), (140000, True), (140003, True), (140004, False), (150000, False), (180000, False)],
)
def test_rebuilds_are_refused_on_14_0_to_14_3_alone(version: int, corrupt: bool) -> None:
    """REINDEX CONCURRENTLY could lose rows there (release notes of 14.4)."""
    assert features.rebuilds_corrupt(version) is corrupt
