"""What the commands share: options, and how their text reaches a terminal, a pipe or a file."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any, TextIO, TypeVar

import click

if TYPE_CHECKING:
    from pgtune.report.paper import Paper
    from pgtune.settings.tuning import Tuning
    from pgtune.usecases.apply import Applied
    from pgtune.usecases.build import Created

Command = TypeVar("Command", bound=Callable[..., Any])

CLEAR = "\x1b[K"  # what is left of a longer line before
WIDEST = 110  # columns; longer lines are hard to read

STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True},
    "heading": {"bold": True},
    "name": {"fg": "cyan"},
    "old": {"dim": True},
    "new": {"fg": "green", "bold": True},
    "restart": {"fg": "yellow"},
    "reload": {"dim": True},
    "faint": {"dim": True},
    "warning": {"fg": "red"},
    "good": {"fg": "green"},
}

conninfo = click.argument("conninfo", required=False, default="", metavar="[CONNINFO]")
"""A libpq connection string or URI, handed on as it is; empty means PGHOST, PGSERVICE and .pgpass."""

yes = click.option("--yes", "-y", is_flag=True, help="Do not ask, as a script needs it.")


def output(*forms: str) -> Callable[[Command], Command]:
    """`--output` with these forms; the first one is the default."""
    return click.option(
        "--output", "-o", type=click.Choice(forms), default=forms[0], show_default=True, help="Form of the answer."
    )


def coloured(stream: IO[str]) -> bool:
    """True if the stream wants colour: NO_COLOR says no, FORCE_COLOR yes, else a terminal that is not dumb does.

    A variable that is empty says nothing (no-color.org); FORCE_COLOR=0 says no.
    """
    if os.environ.get("NO_COLOR"):
        return False
    forced = os.environ.get("FORCE_COLOR")
    if forced:
        return forced != "0"
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def paint(text: str, role: str) -> str:
    """The text in the colour of its role."""
    return click.style(text, **STYLES[role]) if text.strip() else text


def paper() -> "Paper":
    """Standard output as it is: as wide as the terminal, 80 columns where there is none (COLUMNS says otherwise)."""
    from pgtune.report.paper import Paper, plain

    columns = min(shutil.get_terminal_size((80, 24)).columns, WIDEST)
    return Paper(columns, paint if coloured(sys.stdout) else plain, _speaks_unicode(sys.stdout))


def _speaks_unicode(stream: TextIO) -> bool:
    try:
        "→·─".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def write(text: str) -> None:
    """Data to standard output, with the colours that are in it; letters that its encoding lacks are spelt out."""
    encoding = sys.stdout.encoding or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding), nl=False, color=True)


def say(*lines: str) -> None:
    """Talk to standard error, these lines at once; nothing in them can act on the terminal.

    A terminal or a pipe that has gone away must not end the work that is talked about.
    """
    from pgtune.report.paper import visible

    with suppress(OSError, ValueError):
        click.echo("".join(f"{visible(line)}\n" for line in lines), err=True, nl=False)


def show(
    tuning: "Tuning", form: str, service: str | None = None, *, live: bool = True, gone: Sequence[str] = ()
) -> None:
    """The answer of `pgtune tune` in the form asked for, or in the words of a managed service.

    `live`: a server was asked, so that --apply and --prove are the ways to go on; `gone` are those taken already.
    """
    from pgtune.report.managed import FORMS as MANAGED

    write(MANAGED[service](tuning) if service else _rendered(tuning, form, live=live, gone=gone))


def _rendered(tuning: "Tuning", form: str, *, live: bool, gone: Sequence[str]) -> str:
    from pgtune.report.forms import FORMS as OTHERS
    from pgtune.report.table import LIVE, OFFLINE, table

    if form in OTHERS:
        return OTHERS[form](tuning)
    return table(tuning, paper(), onward(LIVE if live else OFFLINE, gone))


def onward(steps: Sequence[tuple[str, str]], gone: Sequence[str]) -> Sequence[tuple[str, str]]:
    """The ways to go on that are not taken already; who applies is on the last of them."""
    if "--apply" in gone:
        return ()
    return [step for step in steps if not any(option in step[0].split() for option in gone)]


def report_built(created: "Created") -> int:
    """Say what became of each index and how to take them back; the exit code that this means."""
    from pgtune.model.units import human_bytes

    for each in created.outcomes:
        name = each.wanted.name
        if each.fate == "created":
            say(f"created {name}: {human_bytes(each.bytes)} in {each.seconds:.1f} s")
        else:
            say(f"{each.fate} {name}: {each.why}")
    if created.ledger_id is not None and any(each.fate == "created" for each in created.outcomes):
        say(f"to take it back: pgtune undo {created.ledger_id}")
    return 1 if any(each.fate in {"left out", "failed"} for each in created.outcomes) else 0


def report_applied(applied: "Applied") -> int:
    """Say what `--apply` did, what it left out and how to take it back; the exit code that this means."""
    for text in _told(applied):
        say(text)
    return 1 if applied.left_out else 0


def _told(applied: "Applied") -> Iterator[str]:
    if applied.changed:
        names = ", ".join(step.name for step in applied.changed)
        yield f"changed {len(applied.changed)} in {applied.file}: {names}"
    elif not applied.restarted:
        yield "nothing to write: every setting is in place"
    if applied.restarted:
        yield "restarted the server: it is up, with the new values in force"
    if applied.pending:
        yield f"waiting for a restart (pgtune tune --apply --restart): {', '.join(applied.pending)}"
    yield from (f"left out {each.name}: {each.why}" for each in applied.left_out)
    if applied.ledger_id is not None:
        yield f"to take it back: pgtune undo {applied.ledger_id}"


@contextmanager
def changing_line() -> Iterator[Callable[[str], None]]:
    """One line of stderr that changes, on a terminal; nothing elsewhere."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda _text: None
        return
    try:
        yield lambda text: click.echo(f"\r{text[:79]}{CLEAR}\r", err=True, nl=False)
    finally:
        click.echo(f"\r{CLEAR}", err=True, nl=False)
