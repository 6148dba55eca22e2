"""Policies: which maintenance runs when, on what and within which bounds. Text in, values out.

A schedule file is TOML: a table for each policy, and `[defaults]` for what they share. A key that is not known, a value
that cannot be read and a time that never comes are refused with the file and the key, since a schedule that is silently
not followed is found out months later.
"""

import difflib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from pgtune.maintenance import selection
from pgtune.maintenance import window as windows
from pgtune.maintenance.work import Kind
from pgtune.model import units
from pgtune.model.errors import BadInput
from pgtune.schedule import cron as crons
from pgtune.schedule.cron import Cron
from pgtune.schedule.local import LOCAL

SCHEMA = "pgtune.schedule/1"
DEFAULTS = "defaults"
MOST_JOBS = 64  # sessions at once; above this a run is a load test

# A name becomes part of a unit's name and of a Kubernetes object's, which take these letters alone (RFC 1123).
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_PAST_THE_HOUR = re.compile(r":([0-5][0-9])")


@dataclass(frozen=True, slots=True)
class Policy:
    """One line of a schedule. `catch_up` is how many seconds late a missed run may still begin, `deadline` in seconds.

    Sizes, rates and durations of the run itself stay the text that `pgtune maintain run` takes; None leaves them to it.
    """

    name: str
    tasks: tuple[Kind, ...]
    cron: Cron
    timezone: str
    catch_up: float
    databases: str | None = None
    schemas: str | None = None
    tables: str | None = None
    window: str | None = None
    deadline: float | None = None
    jobs: int | None = None
    lock_timeout: str | None = None
    max_lag: str | None = None
    max_wal_rate: str | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its times; `LOCAL` must have been replaced by the machine's before."""
        return ZoneInfo(self.timezone)

    def open_at(self, moment: datetime) -> bool:
        """True if a run may begin now, as far as its window is concerned."""
        return self.window is None or windows.window(self.window, self.zone).left(moment) is not None


def load(text: str, name: str) -> tuple[Policy, ...]:
    """The policies of a schedule file, in the file's order; `name` is how errors call it.

    Raises:
        BadInput: no TOML, an unknown key, a value that cannot be used, or no policy at all.
    """
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError, as is a number of 5,000 digits
        raise BadInput(f"{name}: {error}") from None
    schema = tables.pop("schema", SCHEMA)
    if schema != SCHEMA:
        raise BadInput(f"{name}: schema: {schema!r} is not known; this pgtune reads {SCHEMA}")
    defaults = _read(tables.pop(DEFAULTS, {}), f"{name}: {DEFAULTS}")
    policies = tuple(_policy(key, table, defaults, f"{name}: {key}") for key, table in tables.items())
    if not policies:
        raise BadInput(f"{name}: there is no policy in it")
    return policies


def _policy(name: str, table: Any, defaults: Mapping[str, Any], where: str) -> Policy:
    if not _NAME.fullmatch(name):
        raise BadInput(f"{where}: a policy's name is small letters, digits and hyphens, 40 at most")
    values = _read(table, where)
    if {"cron", "every"} <= set(values):
        raise BadInput(f"{where}: cron and every both say when; keep one")
    if values.keys() & {"cron", "every", "at"}:  # a policy's own time replaces the whole of the defaults' time
        defaults = {key: value for key, value in defaults.items() if key not in {"cron", "every", "at"}}
    values = {"catch_up": 0.0, "timezone": LOCAL, **defaults, **values}
    if "tasks" not in values:
        raise BadInput(f"{where}.tasks is missing; it names some of {', '.join(Kind)}")
    when = _when(values.pop("cron", None), values.pop("every", None), values.pop("at", None), where)
    policy = Policy(name=name, cron=when, **values)
    if policy.schemas and policy.tables:
        raise BadInput(f"{where}: schemas and tables both say which tables; keep one")
    if policy.window and not _comes_within(when, policy.window):
        raise BadInput(f"{where}.window: {policy.window} is never open when {when} comes")
    return policy


def _comes_within(when: Cron, window: str) -> bool:
    some_day, parsed = date(2026, 1, 1), windows.window(window, UTC)
    times = (time(hour, minute, tzinfo=UTC) for hour in when.hours for minute in when.minutes)
    return any(parsed.left(datetime.combine(some_day, each)) is not None for each in times)


def _when(cron: Cron | None, every: str | None, at: str | None, where: str) -> Cron:
    if cron is not None:
        if at is not None:
            raise BadInput(f"{where}.at belongs to every; cron has its own hours")
        return cron
    if every is None:
        raise BadInput(f'{where}: it does not say when; as every = "day", at = "01:30", or cron = "30 1 * * *"')
    form = _PAST_THE_HOUR if every == "hour" else _CLOCK
    match = form.fullmatch(at or "")
    if match is None:
        raise BadInput(f"{where}.at must be the time of day as 01:30, or :17 past every hour; it is {at!r}")
    if every == "hour":
        return crons.parse(f"{match[1]} * * * *")
    return crons.parse(f"{match[2]} {match[1]} * * {'*' if every == 'day' else every}")


def _read(table: Any, where: str) -> dict[str, Any]:
    """The values of a table, each read by the reader of its key."""
    if not isinstance(table, Mapping):
        raise BadInput(f"{where} must be a table, as [daily]")
    found = {}
    for key, value in table.items():
        if key not in READERS:
            near = difflib.get_close_matches(key, READERS, 1)
            hint = f"is {near[0]} meant?" if near else f"there are {', '.join(READERS)}"
            raise BadInput(f"{where}.{key} is not known; {hint}")
        try:
            found[key] = READERS[key](value)
        except (ValueError, BadInput) as error:
            raise BadInput(f"{where}.{key}: {str(error).removeprefix(f'--{key} ')}") from None
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{value!r} is not text")
    if not value.isprintable():
        raise ValueError(f"{value!r} has letters that cannot be printed")
    return value.strip()


def _tasks(value: Any) -> tuple[Kind, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"{value!r} is not a list of some of {', '.join(Kind)}")
    unknown = [each for each in value if each not in tuple(Kind)]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no task; there are {', '.join(Kind)}")
    return tuple(Kind(each) for each in dict.fromkeys(value))


def _every(value: Any) -> str:
    """`day`, `hour`, or weekdays by name; a number is refused, since schedulers disagree on which day is 0."""
    words = [_text(each).lower() for each in (value if isinstance(value, list) else str(value).split(","))]
    if words in (["day"], ["hour"]):
        return words[0]
    if not words or not set(words) <= set(crons.DAYS):
        raise ValueError(f"{value!r} is not day, hour, or weekdays by name as sun or mon,thu")
    return ",".join(words)


def _cron(value: Any) -> Cron:
    return crons.parse(_text(value))


def zone(value: Any) -> str:
    """A zone's name that this machine knows, or `local`.

    Raises:
        ValueError: it is neither.
    """
    name = _text(value)
    if name != LOCAL:
        try:
            ZoneInfo(name)
        except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
            raise ValueError(f"{name!r} is no time zone that this machine knows, as Europe/Berlin") from None
    return name


def _window(value: Any) -> str:
    text = _text(value)
    windows.window(text, UTC)
    return text


def _list(read: Callable[[str], object]) -> Callable[[Any], str]:
    """A reader of a selection, in the grammar that the option of the same name takes."""

    def checked(value: Any) -> str:
        text = _text(value)
        read(text)
        return text

    return checked


def _duration(value: Any) -> str:
    text = _text(value)
    if units.parse_ms(text) <= 0:
        raise ValueError(f"{text!r} must be more than nothing")
    return text


def _seconds(value: Any) -> float:
    return units.parse_ms(_duration(value)) / 1000


def _size(value: Any) -> str:
    units.parse_bytes(_text(value))
    return _text(value)


def _rate(value: Any) -> str:
    text = _text(value)
    if not text.endswith("/s"):
        raise ValueError(f"{text!r} is not a rate as 50MB/s")
    units.parse_bytes(text.removesuffix("/s"))
    return text


def _jobs(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_JOBS:
        raise ValueError(f"{value!r} is not a number from 1 to {MOST_JOBS}")
    return value


READERS: dict[str, Callable[[Any], Any]] = {
    "tasks": _tasks,
    "every": _every,
    "at": _text,
    "cron": _cron,
    "timezone": zone,
    "catch_up": _seconds,
    "databases": _list(selection.databases),
    "schemas": _list(selection.of_schemas),
    "tables": _list(selection.tables),
    "window": _window,
    "deadline": _seconds,
    "jobs": _jobs,
    "lock_timeout": _duration,
    "max_lag": _size,
    "max_wal_rate": _rate,
}
"""What a policy may say, and how each is read."""
