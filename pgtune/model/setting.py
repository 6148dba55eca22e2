"""One parameter of PostgreSQL, as a row of pg_settings describes it, and its values in natural units.

Natural units: bytes for memory, milliseconds for time, int and float for plain numbers, bool, and text. The row's
own unit (8kB, kB, MB, ms, s, min) appears only where a value is read from or written for the server.
"""

from dataclasses import dataclass
from math import ceil

from pgtune.model import units

Value = bool | int | float | str

_TRUE = {"on", "true", "yes", "1", "t", "y"}


@dataclass(frozen=True, slots=True)
class Setting:
    """A row of pg_settings.

    `boot`, `value`, `low` and `high` are in the row's `unit` as the server gives them; `context` is the view's
    (postmaster: needs a restart; sighup, superuser, user, backend, superuser-backend: needs a reload).
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
        kind = self.unit[len(digits) :]
        table: dict[str, float] = {**units.BYTES, **units.MILLISECONDS}
        return int(digits or 1) * table[kind]

    @property
    def is_memory(self) -> bool:
        """True if the natural unit is the byte."""
        return bool(self.unit) and str(self.unit).endswith("B")

    def natural(self, text: str | None = None) -> Value:
        """The value (or `text`, in the row's unit) in natural units; -1 and 0 keep their special meaning."""
        text = self.value if text is None else text
        if self.type == "bool":
            return text.lower() in _TRUE
        if self.type not in {"integer", "real"}:
            return text
        number = float(text)
        if self._scale is None or number < 0:
            return int(number) if self.type == "integer" else number
        natural = number * self._scale
        return int(natural) if self.is_memory else natural

    def raw(self, value: Value) -> str:
        """A natural value as the bare number in the row's unit, as pg_settings and managed services give it."""
        if isinstance(value, bool):
            return "on" if value else "off"
        if isinstance(value, str):
            return value
        number = value / self._scale if self._scale and value > 0 else value
        return str(round(number)) if self.type == "integer" else f"{number:g}"

    def show(self, value: Value | None = None) -> str:
        """A natural value (or the current one) as PostgreSQL parses it in a file, with a whole number and a unit."""
        value = self.natural() if value is None else value
        if self._scale is None or isinstance(value, (bool, str)) or value < 0:
            return self.raw(value)
        return units.format_bytes(int(value)) if self.is_memory else units.format_ms(value)

    def fit(self, value: Value) -> Value:
        """The nearest value that this server can take: inside its bounds and a whole number of its units."""
        if isinstance(value, (bool, str)) or self.type not in {"integer", "real"} or value < 0:
            return value
        number = value / (self._scale or 1)
        if self.low is not None:
            number = max(number, float(self.low))
        if self.high is not None:
            number = min(number, float(self.high))
        if self.type == "real":
            return number * (self._scale or 1)
        return self.natural(str(ceil(number) if self.low is not None and number <= float(self.low) else int(number)))

    def takes(self, value: Value) -> bool:
        """True if an enum offers the value; every other type is bounded by `fit`."""
        return self.type != "enum" or str(value) in self.choices
