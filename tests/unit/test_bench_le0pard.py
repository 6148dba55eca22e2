"""The peer's rules in the benchmark give what the peer itself gave."""

import json
from pathlib import Path

import pytest

from benchmarks.settings.le0pard import Form, differences, form, settings
from benchmarks.settings.target import Target
from pgtune.model.units import GB, parse_bytes

CASES = json.loads(
    (Path(__file__).parents[2] / "benchmarks" / "settings" / "le0pard-cases.json").read_text(encoding="utf-8")
)


def _form(given: dict[str, object]) -> Form:
    return Form(
        major=int(str(given["pg"])),
        profile=str(given["type"]),
        memory=parse_bytes(str(given["ram"])) // 1024,
        cpus=int(str(given["cpu"])),
        disk=str(given["disk"]),
        data=str(given["data"]),
        connections=None if given["conn"] is None else int(str(given["conn"])),
        system=str(given["os"]),
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(str(value) for value in case["in"].values()))
def test_the_reference_cases_are_met_to_the_letter(case):
    """Every setting of the calculator's own answer, none more, none less."""
    assert differences(settings(_form(case["in"])), case["out"]) == []


def test_a_difference_is_seen():
    """The comparison can fail: a value changed, one missing and one too many are each named."""
    assert differences({"a": "1", "b": "2"}, {"a": 2, "c": 3}) == [
        "a: 1 instead of 2", "b: 2 instead of None", "c: None instead of 3",
    ]  # fmt: skip


@pytest.mark.parametrize(("data", "size"), [(1, "less_ram"), (4, "mid_ram"), (7, "greater_ram")])
def test_the_form_is_filled_in_from_the_data_size(data, size):
    """Data against memory chooses the calculator's class of data."""
    target = Target(4 * GB, 2.5, "gp3", "web", 100, data * GB, 18)
    filled = form(target)
    assert (filled.data, filled.cpus, filled.disk, filled.connections) == (size, 2, "san", 100)
