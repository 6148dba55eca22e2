"""`pgtune demo`."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from pgtune.cli import options
from pgtune.model.units import human_bytes

if TYPE_CHECKING:
    from pgtune.cluster.shop import Progress, Tell
    from pgtune.usecases.demo import Demo

BAR = 24  # columns: beside it, the longest step still fits into 80
EXAMPLES = """\b
Examples:
  pgtune demo                              build it once, then start it
  pgtune tune "$(pgtune demo dsn)"
  pgtune demo stop
  pgtune demo remove
"""

NEXT = """\
try next:
  pgtune tune "$(pgtune demo dsn)"                     which settings to change, and why
  pgtune tune "$(pgtune demo dsn)" --apply --restart   change them; pgtune undo takes it back
  psql "$(pgtune demo dsn)"                            look around
  pgtune demo stop                                     or: pgtune demo remove"""


@click.group(epilog=EXAMPLES, invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """Start a server of pgtune's own with a sample shop in it.

    An embedded PostgreSQL 18 with customers, orders, products to search, JSON events, a log, some wear and a workload
    that was played on it: built in half a minute, kept until `pgtune demo remove`. Prints its connection string.
    """
    if context.invoked_subcommand is None:
        _start()


@command.command()
def start() -> None:
    """Build it if there is none, start it if it is stopped; the same as `pgtune demo`."""
    _start()


@command.command()
def dsn() -> None:
    """Print the connection string of the running server."""
    from pgtune.usecases import demo

    click.echo(demo.conninfo())


@command.command()
def stop() -> None:
    """Stop the server; the shop is kept."""
    from pgtune.usecases import demo

    options.say("stopped" if demo.stop(options.say) else "it did not run")


@command.command()
def remove() -> None:
    """Stop the server and delete all of it."""
    from pgtune.usecases import demo

    place = demo.folder()
    options.say(f"removed {place}" if demo.remove(options.say) else f"there was none in {place}")


def _start() -> None:
    from pgtune.usecases import demo

    with _progress() as tell:
        running = demo.start(tell, options.say)
    options.say(_summary(running))
    click.echo(NEXT, err=True)
    click.echo(running.conninfo)


@contextmanager
def _progress() -> Iterator["Tell"]:
    """A bar on a terminal, one line a step otherwise."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda step: options.say(f"{step.done:4.0%} {step.doing}")
        return
    try:
        yield lambda step: click.echo(f"\r{_bar(step)}{options.CLEAR}", err=True, nl=False)
    finally:
        click.echo(f"\r{options.CLEAR}", err=True, nl=False)


def _bar(step: "Progress") -> str:
    filled = round(step.done * BAR)
    return f"[{'#' * filled}{'.' * (BAR - filled)}] {step.done:4.0%} {step.doing}"


def _summary(running: "Demo") -> str:
    took = f", built in {running.seconds:.0f} s" if running.seconds else ""
    size = human_bytes(running.bytes)
    return f"the sample shop is up: PostgreSQL {running.version}, {size}{took}, in {running.folder}"
