"""The figures of the house guide: text in, values out. No such figure stands anywhere else in the code."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pgtune.model import units
from pgtune.model.errors import BadInput

SCHEMA = "pgtune.guide/1"


@dataclass(frozen=True, slots=True)
class Guide:
    """The guide's tables, as in guide.toml."""

    tables: Mapping[str, Any]

    def figure(self, *path: str) -> Any:
        """The figure at this path, as ("targets", "disk", "iops"); raises BadInput where a user's file lost it."""
        here: Any = self.tables
        for key in path:
            if not isinstance(here, Mapping) or key not in here:
                raise BadInput(f"the guide has no figure {'.'.join(path)}")
            here = here[key]
        return here

    def share(self, setting: str) -> float:
        """A setting given as a share of memory, 0.25 for "25%"."""
        return _checked(setting, self.figure("settings", setting), _percent)

    def bytes(self, setting: str) -> int:
        """A setting given as a size."""
        return int(_checked(setting, self.figure("settings", setting), units.parse_bytes))

    def ms(self, setting: str) -> float:
        """A setting given as a duration, in milliseconds."""
        return _checked(setting, self.figure("settings", setting), units.parse_ms)

    def number(self, setting: str) -> float:
        """A setting given as a plain number."""
        return _checked(setting, self.figure("settings", setting), float)


def _percent(text: str) -> float:
    share = float(text.removesuffix("%")) / 100
    if not 0 < share <= 1:
        raise ValueError("a share of memory is more than 0% and at most 100%")
    return share


def _checked(setting: str, value: Any, parse: Any) -> float:
    try:
        return float(parse(value))
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise BadInput(f"the guide's settings.{setting} = {value!r} cannot be read: {error}") from None


def load(shipped: str, override: str | None = None, name: str = "guide") -> Guide:
    """The shipped guide, with the figures of a user's file laid over it.

    Raises:
        BadInput: the file is no TOML, or names a figure that the guide does not have.
    """
    tables = tomllib.loads(shipped)
    if override is None:
        return Guide(tables)
    try:
        changes = tomllib.loads(override)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError, as is a number of 5,000 digits
        raise BadInput(f"{name}: {error}") from None
    return Guide(_laid_over(tables, changes, name))


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any], where: str) -> dict[str, Any]:
    unknown = sorted(set(above) - set(below))
    if unknown:
        raise BadInput(f"{where}: the guide has no {', '.join(unknown)}; it has {', '.join(sorted(below))}")
    result = dict(below)
    for key, value in above.items():
        nested = isinstance(below[key], Mapping)
        if nested != isinstance(value, Mapping):
            raise BadInput(f"{where}: {key} must be {'a table' if nested else 'a figure'}")
        result[key] = _laid_over(below[key], value, f"{where}: {key}") if nested else value
    return result
