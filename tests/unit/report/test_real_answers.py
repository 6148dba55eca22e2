"""Every form of the answers that the rules really give, for each version and profile, without a server."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from pgtune import versions
from pgtune.model.units import GB
from pgtune.report.forms import FORMS
from pgtune.report.managed import FORMS as MANAGED
from pgtune.report.paper import Paper
from pgtune.report.table import table
from pgtune.settings.situation import PROFILES, Wishes
from pgtune.settings.tuning import Tuning
from pgtune.usecases.tune import Request, tune

SCHEMA = json.loads((Path(__file__).parents[3] / "docs/schemas/pgtune.tune.1.json").read_text(encoding="utf-8"))


@pytest.fixture(params=versions.TESTED, ids=lambda major: f"pg{major}", scope="module")
def major(request) -> int:
    return request.param


@pytest.fixture(params=PROFILES, scope="module")
def answer(request, major: int) -> Tuning:
    wishes = Wishes(profile=request.param, connections=400, statistics=True)
    return tune(Request(version=major, ram=16 * GB, cpus=3.5, storage="nvme", wishes=wishes)).tuning


def test_table_fits(answer: Tuning) -> None:
    """The page fits 80 columns and names every setting."""
    page = table(answer, Paper(80))
    assert max(map(len, page.splitlines())) <= 80
    assert all(line.name in page for line in answer.lines)
    assert len(answer.lines) > 5


def test_json_is_valid(answer: Tuning) -> None:
    """The JSON is as the published schema says."""
    jsonschema.validate(json.loads(FORMS["json"](answer)), SCHEMA)


@pytest.mark.parametrize("form", [*FORMS, *MANAGED])
def test_every_form_speaks_of_every_setting(answer: Tuning, form: str) -> None:
    """No form loses a setting: it is there, or left out in so many words."""
    text = (FORMS | MANAGED)[form](answer)
    assert all(line.name in text for line in answer.lines)


@pytest.mark.parametrize("form", ["cloudnativepg", "zalando", "patroni"])
def test_yaml_is_yaml(answer: Tuning, form: str) -> None:
    """A YAML parser reads each value back as the string that was proposed."""
    document = yaml.safe_load(MANAGED[form](answer))
    given = (document.get("spec") or document)["postgresql"]["parameters"]
    assert given.items() <= {line.name: line.proposed for line in answer.lines}.items()
