"""The options that several of `pgtune schedule`'s commands share."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from pgtune.cli import options

Command = Callable[..., Any]

schedule_file = click.option(
    "--schedule",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="PGTUNE_SCHEDULE",
    help="Policies of your own instead of the shipped ones.",
)
timezone = click.option("--timezone", metavar="ZONE", help="The zone of policies that name none; else the machine's.")


def heartbeat(*, required: bool) -> Callable[[Command], Command]:
    """The option that names the sign of life."""
    kind = click.Path(path_type=Path, dir_okay=False)
    words = "File that shows, written anew every 10 s, that the daemon lives."
    return click.option("--heartbeat", type=kind, envvar="PGTUNE_HEARTBEAT", required=required, help=words)


def stamped(text: str) -> None:
    """A line of the daemon's log."""
    options.say(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC  {text}")
