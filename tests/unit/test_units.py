"""Sizes and durations, in PostgreSQL's grammar."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtune.model import units
from pgtune.model.units import BYTES, GB, KB, MB, MILLISECONDS

SIZES = st.integers(min_value=0, max_value=1 << 53)  # 8192 TB; a float holds each of them
MICROSECONDS = st.integers(min_value=0, max_value=1 << 45)


@pytest.mark.parametrize(
    ("text", "size"),
    [("64MB", 64 * MB), ("1.5GB", 1536 * MB), (" 8 kB ", 8192), ("0B", 0), (".5kB", 512), ("2TB", 2048 * GB)],
)
def test_sizes_are_read(text: str, size: int) -> None:
    """What PostgreSQL takes for a size is read as the bytes that it means."""
    assert units.parse_bytes(text) == size


@pytest.mark.parametrize(("text", "ms"), [("5min", 300_000), ("100us", 0.1), ("1d", 86_400_000), ("1.5 s", 1500)])
def test_durations_are_read(text: str, ms: float) -> None:
    """What PostgreSQL takes for a duration is read as the milliseconds that it means."""
    assert units.parse_ms(text) == ms


@pytest.mark.parametrize(
    "text", ["", "64", "64mb", "64KB", "64 GiB", "-1MB", "1,5GB", "MB", "64\u00a0MB", "٦MB", "5min"]
)
def test_what_postgres_refuses_as_a_size_is_refused(text: str) -> None:
    """A unit is needed, case counts, and neither a sign, a comma nor foreign blanks and digits are taken."""
    with pytest.raises(ValueError, match="is not a size: a number and one of B, kB, MB, GB, TB"):
        units.parse_bytes(text)


@pytest.mark.parametrize("text", ["5", "5 m", "5MIN", "-1s", "5mins", "1h30min", "64MB"])
def test_what_postgres_refuses_as_a_duration_is_refused(text: str) -> None:
    """The same for durations."""
    with pytest.raises(ValueError, match="is not a duration"):
        units.parse_ms(text)


@given(SIZES)
def test_a_size_printed_is_the_size_read(size: int) -> None:
    """format_bytes loses nothing, prints a whole number, and uses the largest unit that can do so."""
    text = units.format_bytes(size)
    assert units.parse_bytes(text) == size
    number = text.rstrip("BkMGT")
    assert number.isdigit()
    larger = [unit for unit, scale in BYTES.items() if size and scale > size // int(number or 1) and size % scale == 0]
    assert not larger


@given(MICROSECONDS)
def test_a_duration_printed_is_the_duration_read(microseconds: int) -> None:
    """format_ms loses nothing down to the microsecond, and prints a whole number with a unit, or a plain 0."""
    text = units.format_ms(microseconds / 1000)
    if microseconds == 0:
        assert text == "0"
    else:
        assert round(units.parse_ms(text) * 1000) == microseconds
        assert text.rstrip("usminhd").isdigit()


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"), (1023, "1023 B"), (1024, "1 kB"), (1536 * MB, "1.5 GB"), (999.6 * KB, "1000 kB"),
        (1023 * KB, "1023 kB"), (123_456_789, "118 MB"), (-1536 * MB, "-1.5 GB"), (-1000 * MB, "-1000 MB"),
        (5000 * 1024 * GB, "5000 TB"),
    ],
)  # fmt: skip
def test_a_size_for_a_person(size: float, text: str) -> None:
    """Three digits that count, never in scientific notation."""
    assert units.human_bytes(size) == text


@given(st.floats(min_value=-1e18, max_value=1e18))
def test_a_size_for_a_person_never_has_an_exponent(size: float) -> None:
    """Whatever the size, no exponent, and within 1 % of the truth."""
    text = units.human_bytes(size)
    number, unit = text.split(" ")
    assert "e" not in number
    assert float(number) * BYTES[unit] == pytest.approx(size, rel=0.01, abs=1)


@given(SIZES, st.integers(min_value=1, max_value=1 << 40))
def test_floor_to(size: int, step: int) -> None:
    """The greatest multiple that is not above."""
    assert units.floor_to(size, step) == size - size % step


@given(st.integers(min_value=0, max_value=1 << 50))
def test_power_of_two(size: int) -> None:
    """The least power of two that is not below, at least 1."""
    power = units.power_of_two(size)
    assert power.bit_count() == 1
    assert power >= size
    assert power == 1 or power // 2 < size


def test_the_units_are_postgres_own() -> None:
    """Multipliers of memory are 1024, those of time exact."""
    assert list(BYTES.values()) == [1024**power for power in range(5)]
    assert MILLISECONDS["d"] == 24 * MILLISECONDS["h"] == 24 * 60 * MILLISECONDS["min"]
