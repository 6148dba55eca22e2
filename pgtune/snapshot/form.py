"""Frozen values as JSON and back: fields that hold their default are left out, and nothing unknown is let in."""

import dataclasses
import math
import types
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from pgtune.model.errors import BadInput

Reader = Callable[[Any], Any]


def to_json(value: Any) -> Any:
    """The value in JSON's own types, mappings by name, so that equal values have equal forms."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            name: to_json(held) for name, default in _fields(type(value)) if (held := getattr(value, name)) != default
        }
    if isinstance(value, tuple):
        return [to_json(each) for each in value]
    if isinstance(value, Mapping):
        return {key: to_json(value[key]) for key in sorted(value)}
    return value


@cache
def _fields(kind: type) -> tuple[tuple[str, Any], ...]:
    return tuple((each.name, each.default) for each in dataclasses.fields(kind))


def from_json(kind: type, value: Any, what: str) -> Any:
    """A value of this type; `what` is its name in an error.

    Raises:
        BadInput: something is missing, unknown or of another type.
    """
    try:
        return _reader(kind)(value)
    except _Wrong as error:
        place = ".".join([what, *reversed(error.path)])
        raise BadInput(f"{place} {error.reason}") from None


class _Wrong(Exception):
    """A value of the wrong form; the path to it is put together on the way out, since most values are right."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason, self.path = reason, list[str]()

    def inside(self, name: str) -> "_Wrong":
        self.path.append(name)
        return self


@cache
def _reader(kind: Any) -> Reader:
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _of_fields(kind)
    if get_origin(kind) in (Union, types.UnionType):
        return _optional(kind)
    if get_origin(kind) is tuple:
        return _sequence(get_args(kind)[0])
    if get_origin(kind) is not None:
        return _mapping(get_args(kind)[1])
    return _SIMPLE[kind]


def _of_fields(kind: type) -> Reader:
    hints = get_type_hints(kind)
    readers = {each.name: _reader(hints[each.name]) for each in dataclasses.fields(kind)}
    demanded = {
        each.name
        for each in dataclasses.fields(kind)
        if each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING
    }

    def read(value: Any) -> Any:
        if type(value) is not dict:
            raise _Wrong("is no object")
        if not value.keys() <= readers.keys():
            raise _Wrong(f"holds unknown {', '.join(sorted(map(repr, value.keys() - readers.keys())))}")
        if not demanded <= value.keys():
            raise _Wrong(f"lacks {', '.join(sorted(demanded - value.keys()))}")
        return kind(**_each_read(value, readers))

    return read


def _each_read(value: Mapping[str, Any], readers: Mapping[str, Reader]) -> dict[str, Any]:
    made = {}
    for name, held in value.items():
        try:
            made[name] = readers[name](held)
        except _Wrong as error:
            raise error.inside(name) from None
    return made


def _optional(kind: Any) -> Reader:
    inner = _reader(next(each for each in get_args(kind) if each is not types.NoneType))
    return lambda value: None if value is None else inner(value)


def _sequence(kind: Any) -> Reader:
    inner = _reader(kind)

    def read(value: Any) -> Any:
        if type(value) is not list:
            raise _Wrong("is no list")
        return tuple([inner(each) for each in value])

    return read


def _mapping(kind: Any) -> Reader:
    inner = _reader(kind)

    def read(value: Any) -> Any:
        if type(value) is not dict:
            raise _Wrong("is no object")
        return {key: inner(held) for key, held in value.items()}

    return read


def _text(value: Any) -> str:
    if type(value) is not str:
        raise _Wrong("is no text")
    return value


def _number(value: Any) -> float:
    if type(value) not in (int, float):
        raise _Wrong("is no number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):  # 1e999 is JSON too
        raise _Wrong("is too large a number")
    return number


LARGEST = 2**63 - 1  # PostgreSQL's bigint


def _integer(value: Any) -> int:
    if type(value) is not int or abs(value) > LARGEST:
        raise _Wrong("is no whole number of 64 bits")
    return value


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise _Wrong("is neither true nor false")
    return value


_SIMPLE: Mapping[Any, Reader] = {str: _text, int: _integer, float: _number, bool: _flag}
