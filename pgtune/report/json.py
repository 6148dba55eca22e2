"""The one JSON form of every value: a frozen dataclass becomes an object, field by field, with a schema version."""

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from math import isfinite
from typing import Any

from pgtune.settings.tuning import SCHEMA, Tuning


def form(value: Any) -> Any:
    """A value of dataclasses, mappings, sequences and scalars as what JSON can hold.

    Raises:
        TypeError: a value of a type that has no JSON form.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: form(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): form(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [form(each) for each in value]
    if isinstance(value, AbstractSet):
        return sorted(form(each) for each in value)
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, float) and not isfinite(value):
        return None  # JSON knows neither infinity nor NaN
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{type(value).__name__} has no JSON form")


def dumps(value: Any) -> str:
    """The value's JSON form as text with a newline at its end."""
    return json.dumps(form(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


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
