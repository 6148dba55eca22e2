"""The JSON form of the answer of `pgtune tune`."""

from typing import Any

from pgtune.report.json import dumps, form
from pgtune.settings.tuning import SCHEMA, Tuning


def tuning_json(tuning: Tuning) -> dict[str, Any]:
    """The answer of `pgtune tune` in the form that docs/schemas/pgtune.tune.1.json describes."""
    return {
        "schema": SCHEMA,
        "target": tuning.target,
        "version": tuning.version,
        "profile": tuning.profile,
        "hardware": form(tuning.hardware),
        "memory_budget": form(tuning.budget),
        "settings": form(tuning.lines),
        "notes": form(tuning.notes),
        "kernel": form(tuning.kernel),
        "standby_first": form(tuning.standby_first),
        "waiting": form(tuning.waiting),
    }


def json_text(tuning: Tuning) -> str:
    """The same as text."""
    return dumps(tuning_json(tuning))
