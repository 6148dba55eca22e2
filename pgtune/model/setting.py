"""One parameter of PostgreSQL, as a row of pg_settings describes it, and its values in natural units.

Natural units: bytes for memory, milliseconds for time, int and float for plain numbers, bool, and text. The row's
own unit (8kB, kB, MB, ms, s, min) appears only where a value is read from or written for the server.
"""

import re
from dataclasses import dataclass
from math import ceil, isclose

from pgtune.model import units

Value = bool | int | float | str

# A bool is one of these words or an unambiguous beginning of one (documentation, 20.1.1).
_WORDS = {"on": True, "off": False, "true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}
# A number as a file gives it: decimal, hexadecimal or (integers with a leading 0) octal, and perhaps a unit.
_NUMBER = re.compile(r"\s*([+-]?)(0[xX][0-9a-fA-F]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*([A-Za-z]*)\s*")
_OCTAL = re.compile("0[0-7]+")
_UNITS: dict[str, float] = {**units.BYTES, **units.MILLISECONDS}


@dataclass(frozen=True, slots=True)
class Setting:
    """A row of pg_settings.

    `boot`, `value`, `low` and `high` are in the row's `unit` as the server gives them; `context` is the view's
    (postmaster: needs a restart; sighup, superuser, user, backend, superuser-backend: needs a reload). `waiting` is
    what a restart would bring instead of `value`, None where nothing waits or where this role may not see it.
    """

    name: str
    type: str
    context: str
    boot: str | None
    value: str
    unit: str | None = None
    low: str | None = None
    high: str | None = None
    choices: tuple[str, ...] = ()
    source: str = "default"
    file: str | None = None
    line: int | None = None
    pending_restart: bool = False
    waiting: str | None = None

    @property
    def restart(self) -> bool:
        """True if a change needs the server to be restarted."""
        return self.context == "postmaster"

    @property
    def _scale(self) -> float | None:
        """How many natural units (bytes, milliseconds) one unit of this setting is; None without a unit."""
        if not self.unit:
            return None
        digits = self.unit.rstrip("BkMGTusminhd")
        return int(digits or 1) * _UNITS[self.unit[len(digits) :]]

    @property
    def is_memory(self) -> bool:
        """True if the natural unit is the byte."""
        return bool(self.unit) and str(self.unit).endswith("B")

    def natural(self, text: str | None = None) -> Value:
        """The value (or `text`, in the row's unit) in natural units; -1 and 0 keep their special meaning."""
        text = self.value if text is None else text
        if self.type == "bool":
            return _truth(text)
        if self.type not in {"integer", "real"}:
            return text
        number = float(text)
        if self._scale is None or number < 0:
            return int(number) if self.type == "integer" else number
        natural = number * self._scale
        return int(natural) if self.is_memory else natural

    def coming(self) -> Value:
        """The value that the next restart leaves in force, in natural units: what waits for it, else what holds now."""
        return self.natural(self.waiting)

    def parse(self, text: str) -> Value:
        """The natural value of a text as a configuration file or ALTER SYSTEM gives it: `64MB`, `yes`, `0x10`, `pglz`.

        Raises:
            ValueError: PostgreSQL would not take it as a value of this type.
        """
        if self.type == "bool":
            return _truth(text)
        if self.type == "enum":
            return next((choice for choice in self.choices if choice.lower() == text.lower()), text)
        if self.type not in {"integer", "real"}:
            return text
        number = self._in_own_unit(text)
        return self.natural(str(round(number)) if self.type == "integer" else repr(number))

    def _in_own_unit(self, text: str) -> float:
        """The number that a text with or without a unit means, in this setting's unit.

        A fraction is rounded to the next smaller unit, as the server does: 30.1GB is 30822MB.
        """
        match = _NUMBER.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a value of {self.name}")
        sign, digits, unit = match.groups()
        number = _number(digits, integer=self.type == "integer") * (-1 if sign == "-" else 1)
        if not unit:
            return number
        table = units.BYTES if self.is_memory else units.MILLISECONDS
        if self._scale is None or unit not in table:
            raise ValueError(f"{text!r} is not a value of {self.name}")
        smaller = max((size for size in table.values() if size < table[unit]), default=None)
        natural = number * table[unit]
        return (round(natural / smaller) * smaller if smaller else natural) / self._scale

    def raw(self, value: Value) -> str:
        """A natural value as the bare number in the row's unit, as pg_settings and managed services give it."""
        if isinstance(value, bool):
            return "on" if value else "off"
        if isinstance(value, str):
            return value
        number = value / self._scale if self._scale and value > 0 else value
        return str(round(number)) if self.type == "integer" else f"{number:.15g}"

    def show(self, value: Value | None = None) -> str:
        """A natural value (or the current one) as PostgreSQL parses it in a file, with a whole number and a unit.

        A real number finer than a microsecond, which no unit gives as a whole one, is given bare.
        """
        value = self.natural() if value is None else value
        if self._scale is None or isinstance(value, (bool, str)) or value < 0:
            return self.raw(value)
        if self.type == "real" and not isclose(value * 1000, round(value * 1000)):
            return self.raw(value)
        return units.format_bytes(int(value)) if self.is_memory else units.format_ms(value)

    def fit(self, value: Value) -> Value:
        """The nearest value that this server can take: inside its bounds and a whole number of its units.

        A fraction is cut off, but never down to 0, which often means something else (off, or automatic).
        """
        if isinstance(value, (bool, str)) or self.type not in {"integer", "real"}:
            return value
        number = value / self._scale if self._scale and value > 0 else value
        if self.type == "integer":
            number = ceil(number) if number < 1 else int(number)
        if self.low is not None:
            number = max(number, float(self.low))
        if self.high is not None:
            number = min(number, float(self.high))
        return self.natural(repr(number))

    def takes(self, value: Value) -> bool:
        """True if an enum offers the value; every other type is bounded by `fit`."""
        return self.type != "enum" or str(value) in self.choices


def _truth(text: str) -> bool:
    """A bool by the server's grammar; ValueError for anything else."""
    found = {truth for word, truth in _WORDS.items() if text and word.startswith(text.lower())}
    if len(found) != 1:
        raise ValueError(f"{text!r} is not a truth value")
    return found.pop()


def _number(digits: str, *, integer: bool) -> float:
    if digits[:2].lower() == "0x":
        return int(digits, 16)
    return int(digits, 8) if integer and _OCTAL.fullmatch(digits) else float(digits)
