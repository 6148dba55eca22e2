"""A parameter's values: natural units in, PostgreSQL's own out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgtune import resources, versions
from pgtune.model.setting import Setting
from pgtune.model.units import GB, KB, MB

TABLE = versions.parameters(resources.text("versions", "settings.toml"), 18)
NUMERIC = [setting for setting in TABLE.values() if setting.type in {"integer", "real"}]
FREE = [setting for setting in NUMERIC if setting.context != "internal"]


def numbers(setting: Setting) -> st.SearchStrategy[float]:
    """Any number near or beyond the setting's bounds, in natural units."""
    top = min(float(setting.natural(setting.high or "1")) or 1.0, 1e15)
    return st.one_of(
        st.integers(min_value=-2, max_value=int(top * 2) + 2), st.floats(min_value=-2, max_value=top * 2 + 1)
    )


@pytest.mark.parametrize(
    ("name", "natural", "shown", "raw"),
    [
        ("shared_buffers", 4 * GB, "4GB", "524288"), ("work_mem", 1536 * KB, "1536kB", "1536"),
        ("checkpoint_timeout", 300_000.0, "5min", "300"), ("autovacuum_vacuum_cost_delay", 0.5, "500us", "0.5"),
        ("random_page_cost", 1.1, "1.1", "1.1"), ("max_connections", 200, "200", "200"), ("jit", False, "off", "off"),
        ("wal_compression", "pglz", "pglz", "pglz"), ("wal_buffers", -1, "-1", "-1"), ("log_temp_files", 0, "0B", "0"),
        ("max_wal_size", 8 * GB, "8GB", "8192"), ("cpu_operator_cost", 0.0025, "0.0025", "0.0025"),
        ("seq_page_cost", 1234567.5, "1234567.5", "1234567.5"),
    ],
)  # fmt: skip
def test_a_value_as_people_files_and_services_have_it(name: str, natural: object, shown: str, raw: str) -> None:
    """show gives what a file takes, raw the bare number in the row's unit, and both lose nothing."""
    setting = TABLE[name]
    assert setting.show(natural) == shown
    assert setting.raw(natural) == raw
    assert setting.natural(raw) == natural
    assert setting.parse(shown) == natural


@pytest.mark.parametrize(
    ("name", "text", "natural"),
    [
        ("work_mem", "0x400", MB), ("work_mem", "0100", 64 * KB), ("work_mem", "30.1GB", 30822 * MB),
        ("work_mem", "1500B", KB), ("work_mem", " 4 MB ", 4 * MB), ("work_mem", "4096", 4 * MB),
        ("shared_buffers", "16384", 128 * MB), ("autovacuum_work_mem", "-1", -1), ("jit", "of", False),
        ("jit", "T", True), ("jit", "1", True), ("wal_compression", "PGLZ", "pglz"), ("vacuum_cost_delay", "2ms", 2.0),
        ("checkpoint_timeout", "0.5h", 1_800_000.0), ("random_page_cost", "1e0", 1.0), ("max_connections", "1e2", 100),
    ],
)  # fmt: skip
def test_a_text_of_a_file_is_read_as_the_server_reads_it(name: str, text: str, natural: object) -> None:
    """Hexadecimal, octal, fractions, blanks, cases and beginnings of words, as the server takes them."""
    assert TABLE[name].parse(text) == natural


@pytest.mark.parametrize(
    ("name", "text"),
    [("jit", "o"), ("jit", ""), ("jit", "maybe"), ("work_mem", "4mb"), ("work_mem", "4s"), ("max_connections", "4kB"),
     ("work_mem", ""), ("work_mem", "4 M B"), ("random_page_cost", "cheap")],
)  # fmt: skip
def test_a_text_that_the_server_refuses_is_refused(name: str, text: str) -> None:
    """What cannot be a value of the setting's type raises ValueError."""
    with pytest.raises(ValueError, match="is not a"):
        TABLE[name].parse(text)


@pytest.mark.parametrize("setting", FREE, ids=lambda setting: setting.name)
@settings(max_examples=20)  # for each of two hundred parameters
@given(data=st.data())
def test_fit_gives_what_the_server_takes(setting: Setting, data: st.DataObject) -> None:
    """Whatever number comes in, the fitted one is within the bounds, whole in its unit, and fitting again is idle."""
    value = setting.fit(data.draw(numbers(setting)))
    raw = float(setting.raw(value))
    assert float(setting.low or raw) <= raw <= float(setting.high or raw)
    if setting.type == "integer":
        assert "." not in setting.raw(value)
    assert setting.fit(value) == value


@pytest.mark.parametrize("setting", FREE, ids=lambda setting: setting.name)
@settings(max_examples=20)  # for each of two hundred parameters
@given(data=st.data())
def test_what_is_shown_is_what_is_read(setting: Setting, data: st.DataObject) -> None:
    """A fitted value, printed as a file takes it, means the same value again; so does its bare number."""
    value = setting.fit(data.draw(numbers(setting)))
    assert setting.natural(setting.raw(value)) == pytest.approx(value, rel=1e-12)
    if setting.type == "integer":
        assert setting.parse(setting.show(value)) == value
    else:
        assert setting.parse(setting.show(value)) == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "value", "fitted"),
    [
        ("work_mem", 1, 64 * KB), ("work_mem", -1, 64 * KB), ("work_mem", 100_000.7, 97 * KB),
        ("autovacuum_work_mem", -1, -1), ("log_temp_files", 100, KB), ("max_connections", 10**9, 262143),
        ("max_connections", 20.9, 20), ("random_page_cost", -5, 0.0), ("checkpoint_completion_target", 3.0, 1.0),
        ("checkpoint_timeout", 1, 30_000.0), ("jit", True, True), ("io_method", "worker", "worker"),
    ],
)  # fmt: skip
def test_fit_by_example(name: str, value: object, fitted: object) -> None:
    """Bounds hold on both sides, -1 stays where it is allowed, and a little is never made nothing."""
    assert TABLE[name].fit(value) == fitted


def test_an_enum_takes_only_what_it_offers() -> None:
    """An enum's choices bound it; other types are bounded by fit."""
    assert TABLE["wal_compression"].takes("pglz")
    assert not TABLE["wal_compression"].takes("lz4")
    assert TABLE["work_mem"].takes(5)
