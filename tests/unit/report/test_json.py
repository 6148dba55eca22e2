"""The JSON form."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pgtune.model.hardware import DiskSpeed
from pgtune.report.json import dumps, form
from pgtune.report.tuning import json_text, tuning_json
from tests.unit.report.sample import HOSTILE, LINES, NOTHING, TIGHT, TUNING

SCHEMA = json.loads((Path(__file__).parents[3] / "docs/schemas/pgtune.tune.1.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("tuning", [TUNING, TIGHT, NOTHING, HOSTILE])
def test_valid_by_the_published_schema(tuning) -> None:
    """What is printed is what the schema describes: no field missing, none undocumented."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(json.loads(json_text(tuning)), SCHEMA)


def test_the_promised_fields() -> None:
    """The names that programs rely on."""
    answer = tuning_json(TUNING)
    assert answer["schema"] == "pgtune.tune/1"
    assert {"hardware", "memory_budget", "settings", "notes", "target", "version", "profile"} <= answer.keys()
    first = answer["settings"][0]
    assert {"name", "current", "proposed", "why", "source", "restart", "set_by"} <= first.keys()
    assert [line["name"] for line in answer["settings"]] == [line.name for line in LINES]
    assert answer["hardware"]["memory"] == {"value": 24 << 30, "source": TUNING.hardware.memory.source}


def paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in pairs:
        yield (*path, key)
        yield from paths(each, (*path, key))


def test_schema_misses_nothing() -> None:
    """Taking any single field away makes the answer invalid: the schema requires every one."""
    answer, validator = json.loads(json_text(TUNING)), jsonschema.Draft202012Validator(SCHEMA)
    assert validator.is_valid(answer)
    for path in [path for path in paths(answer) if isinstance(path[-1], str)]:
        broken = json.loads(json_text(TUNING))
        here = broken
        for key in path[:-1]:
            here = here[key]
        del here[path[-1]]
        assert not validator.is_valid(broken), path


def test_form_of_values() -> None:
    """Mappings, sets, tuples and what JSON has no number for."""
    assert form({"a": frozenset({"y", "x"}), 1: (1, 2.5, None)}) == {"a": ["x", "y"], "1": [1, 2.5, None]}
    assert form(float("nan")) is None
    assert form(DiskSpeed(1, 2, 3, 4, 5, 6, float("inf")))["seconds"] is None
    with pytest.raises(TypeError, match="has no JSON form"):
        form(Path())


def test_text_is_utf8_and_ends_the_line() -> None:
    """Letters stay as they are, and the text ends with a newline."""
    assert dumps({"name": "Müller"}) == '{\n  "name": "Müller"\n}\n'
