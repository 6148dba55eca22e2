"""The published schemas that are made from dataclasses: true to the code, and to what is printed."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pgtune.maintenance.record import History
from pgtune.report.json import form
from pgtune.report.schemas import of, written
from tests.unit.report.maintenance import NOTHING, PLAN
from tests.unit.report.test_maintenance_run import HISTORY, QUIET, RUN


@dataclass
class Odd:
    """Holds what JSON does not know."""

    number: complex


FOLDER = Path(__file__).parents[3] / "docs/schemas"


@pytest.mark.parametrize("name", written())
def test_the_published_schemas_are_those_of_the_code(name: str) -> None:
    """`./run docs` writes them anew."""
    assert (FOLDER / name).read_text(encoding="utf-8") == written()[name]


@pytest.mark.parametrize("answer", [PLAN, NOTHING, RUN, QUIET, History(runs=HISTORY)])
def test_what_is_printed_is_valid(answer: Any) -> None:
    """No field is missing, none undocumented."""
    printed = form(answer)
    name = printed["schema"].replace("/", ".") + ".json"
    jsonschema.Draft202012Validator(json.loads((FOLDER / name).read_text(encoding="utf-8"))).validate(printed)


def test_a_changed_answer_is_not_valid() -> None:
    """The schema tells a wrong type, a missing field and an unknown one."""
    schema = jsonschema.Draft202012Validator(of(type(RUN)))
    printed = form(RUN)
    for wrong in ({"number": "12"}, {"more": 1}, {"results": [{"outcome": "done"}]}):
        assert not schema.is_valid(printed | wrong)
    assert not schema.is_valid({key: value for key, value in printed.items() if key != "target"})


def test_a_type_without_a_json_form_is_refused() -> None:
    """Nothing is left vague."""
    with pytest.raises(TypeError, match="no JSON form"):
        of(Odd)
