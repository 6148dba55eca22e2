"""The one JSON form of every value: a frozen dataclass becomes an object, field by field, with a schema version."""

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from math import isfinite
from typing import Any


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
