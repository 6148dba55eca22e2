"""What `pgtune maintain run` says while it works: a line that changes on a terminal, a line a result elsewhere."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from pgtune.cli import options

if TYPE_CHECKING:
    from pgtune.maintenance.record import Working
    from pgtune.maintenance.work import Result
    from pgtune.server.maintain.run import Ears

CLEAR = "\r\x1b[K"


@contextmanager
def ears() -> Iterator["Ears"]:
    """Who hears the run; the changing line is gone in the end."""
    from pgtune.server.maintain.run import Ears

    terminal = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    try:
        yield Ears(_results(terminal=terminal), _working if terminal else None, options.say)
    finally:
        if terminal:
            click.echo(CLEAR, err=True, nl=False)


def _results(*, terminal: bool) -> Callable[[Sequence["Result"]], None]:
    from pgtune.report.maintain.run import line

    def tell(results: Sequence["Result"]) -> None:
        if terminal:
            click.echo(CLEAR, err=True, nl=False)
        options.say(*map(line, results))

    return tell


def _working(sessions: Sequence["Working"]) -> None:
    """All sessions in one line, cut to the terminal."""
    from pgtune.report.maintain.run import working

    text = " | ".join(working(each) for each in sessions)
    click.echo(f"{CLEAR}{text[: shutil.get_terminal_size().columns - 1]}", err=True, nl=False)
