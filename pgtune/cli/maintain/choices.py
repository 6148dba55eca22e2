"""The options that say which work is meant and how much time there is; `plan` and `run` share them."""

from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from pgtune.model import units
from pgtune.model.errors import BadInput, MustNotRunHere

if TYPE_CHECKING:
    from pgtune.maintenance.selection import Selection
    from pgtune.maintenance.survey import Scope
    from pgtune.maintenance.window import Window

Command = TypeVar("Command", bound=Callable[..., Any])

guide = click.option(
    "--guide", "guide_file", type=click.Path(path_type=Path), help="A TOML file with thresholds of your own."
)


def selection(command: Command) -> Command:
    """`--databases`, `--tables`, `--task` and `--all`."""
    for option in (
        click.option("--all", "everything", is_flag=True, help="Rebuild every index, whatever its state."),
        click.option("--task", "tasks", metavar="LIST",
                     help="Of vacuum, analyze, reindex (clears leftovers first), leftovers; else all."),
        click.option("--tables", metavar="LIST", help="Tables: 'app.%, -app.log_%'."),
        click.option("--databases", metavar="LIST", help="Databases: 'USER_DATABASES, -db1, app_%'."),
    ):  # fmt: skip
        command = option(command)
    return command


def time(command: Command) -> Command:
    """`--window`, `--timezone`, `--deadline` and `-j`."""
    for option in (
        click.option("--jobs", "-j", type=click.IntRange(1, 64), default=1, show_default=True,
                     help="Objects worked on at once, never two of one table."),
        click.option("--deadline", metavar="TIME", help="How long it may take, as 4h or 90min."),
        click.option("--timezone", metavar="ZONE", help="Whose times --window tells: Europe/Berlin, local; else UTC."),
        click.option("--window", metavar="FROM-TO", help="Times of day between which work may run, as 01:00-05:00."),
    ):  # fmt: skip
        command = option(command)
    return command


def databases(given: dict[str, Any]) -> "Selection | None":
    """The databases that were asked for.

    Raises:
        BadInput: the list cannot be read.
    """
    from pgtune.maintenance.selection import databases as parse

    return None if given["databases"] is None else parse(given["databases"])


def scope(given: dict[str, Any]) -> "Scope":
    """The tasks and tables that were asked for.

    Raises:
        BadInput: a list cannot be read, or names no task.
    """
    from pgtune.maintenance.selection import tables
    from pgtune.maintenance.survey import Scope
    from pgtune.maintenance.work import Kind

    known = [kind.value for kind in Kind]
    asked = known if given["tasks"] is None else [word.strip() for word in given["tasks"].split(",")]
    unknown = sorted(set(asked) - set(known))
    if unknown:
        raise BadInput(f"--task: there is no {', '.join(map(repr, unknown))}; there are {', '.join(known)}")
    chosen = None if given["tables"] is None else tables(given["tables"])
    return Scope(frozenset(Kind(word) for word in asked), chosen, given["everything"])


def window(given: dict[str, Any]) -> "Window | None":
    """The window that was asked for.

    Raises:
        BadInput: it cannot be read, or there is no such time zone.
    """
    from pgtune.maintenance.window import window as parse

    if given["timezone"] is not None and given["window"] is None:
        raise BadInput("--timezone goes with --window")
    return None if given["window"] is None else parse(given["window"], _zone(given["timezone"]))


def deadline(given: dict[str, Any]) -> float | None:
    """The seconds that were asked for.

    Raises:
        BadInput: no time.
    """
    if given["deadline"] is None:
        return None
    try:
        seconds = units.parse_ms(given["deadline"]) / 1000
    except ValueError as error:
        raise BadInput(f"--deadline: {error}") from None
    if seconds <= 0:
        raise BadInput("--deadline: a time that has length, as 4h or 90min")
    return seconds


def seconds(given: dict[str, Any]) -> float | None:
    """The time there is from now, None if it has no limit; outside the window, what it will be when it opens.

    Raises:
        BadInput: as `window` and `deadline`.
    """
    limits = [deadline(given)]
    opening = window(given)
    if opening is not None:
        now = datetime.now(UTC)
        limits.append(opening.left(now) or opening.left(opening.next_opening(now)))
    return min((limit for limit in limits if limit is not None), default=None)


def require_open(opening: "Window | None") -> None:
    """Refuse to begin outside the window.

    Raises:
        MustNotRunHere: it is closed; the message says when it opens.
    """
    now = datetime.now(UTC)
    if opening is not None and opening.left(now) is None:
        opens = opening.next_opening(now).astimezone(opening.zone)
        raise MustNotRunHere(f"the window {opening} is closed; it opens {opens:%Y-%m-%d %H:%M}; nothing was done")


def _zone(name: str | None) -> tzinfo:
    from pgtune.schedule.local import LOCAL
    from pgtune.schedule.local import zone_name as local_zone

    if name is None:
        return UTC
    try:
        return ZoneInfo((local_zone() or "of no name") if name == LOCAL else name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(f"--timezone {name!r}: no such zone, as Europe/Berlin") from None
