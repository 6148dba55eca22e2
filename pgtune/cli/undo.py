"""`pgtune undo`."""

import sys
from typing import TYPE_CHECKING

import click

from pgtune.cli import options
from pgtune.model.errors import CannotConnect, ChangedSince

if TYPE_CHECKING:
    from pgtune.host.postmaster import Located
    from pgtune.usecases.undone import Plan, Undone

EXAMPLES = """\b
Examples:
  pgtune undo                        the last run on the server of PGHOST ...
  pgtune undo "host=db1" --yes
  pgtune undo 3 "host=db1" --restart
"""


LARGEST = 2**63 - 1  # SQLite's largest number


@click.command(epilog=EXAMPLES)
@click.argument("words", nargs=-1, metavar="[ID] [CONNINFO]")
@options.yes
@click.option("--restart", is_flag=True, help="Restart the server where a setting needs it; start one that is down.")
@click.option("--restart-command", metavar="CMD", help="How to restart it, as 'systemctl restart postgresql'.")
def command(words: tuple[str, ...], *, yes: bool, restart: bool, restart_command: str | None) -> int:
    """Take back what a run changed: the last one on this server, or the one with this ID.

    A setting that somebody changed since is left alone and named; where nothing else changed, the file is as it was,
    byte for byte. A server that is down is helped too, from the machine that it runs on. Indexes that a run created
    are dropped concurrently.
    """
    from pgtune.usecases.apply import How
    from pgtune.usecases.undo import undo

    number, conninfo = _words(words)
    asked = restart or bool(restart_command)
    how = How(restart=asked, restart_command=restart_command, located=_located(conninfo))
    return _report(undo(number, conninfo, how, options.say, (lambda _plan: True) if yes else _agree))


def _words(words: tuple[str, ...]) -> tuple[int | None, str]:
    """The run's number, if the first word is one, and the conninfo."""
    number = int(words[0]) if words and words[0].isdecimal() else None
    if number is not None and number > LARGEST:
        raise click.UsageError(f"there is no run {number}")
    rest = words if number is None else words[1:]
    if len(rest) > 1:
        raise click.UsageError("at most a run's number and one connection string, in this order")
    return number, rest[0] if rest else ""


def _located(conninfo: str) -> "Located | None":
    """The server's process on this machine; None if it is elsewhere or down."""
    from pgtune.usecases import machine

    try:
        return machine.of(conninfo).located
    except CannotConnect:
        return None


def _agree(plan: "Plan") -> bool:
    """Show what would go back and ask."""
    from pgtune.usecases.undo import summary

    options.say(f"run {plan.run.id} of {plan.run.started[:19].replace('T', ' ')} UTC on {plan.run.target}:")
    for text in summary(plan.restored):
        options.say(f"  {text}")
    for refusal in plan.refused:
        options.say(f"  {refusal.name} stays: {refusal.why}")
    if not sys.stdin.isatty():
        raise click.UsageError("undo asks before it changes anything; without a terminal say --yes")
    return click.confirm(f"Take back {len(plan.restored)} {plan.run.place.things}?", abort=True, err=True)


def _report(undone: "Undone") -> int:
    """What was done, on standard output; what was left alone makes the exit code 1."""
    run = undone.run
    if run is None:
        options.say("nothing to undo: no run of pgtune is in force on this server")
        return 0
    if not undone.restored and not undone.refused and not run.open:
        options.say(f"nothing to undo: run {run.id} is {run.state}")
        return 0
    from pgtune.usecases.undo import summary

    for text in summary(undone.restored):
        options.write(f"{text}\n")
    exact = f"; {run.place.file} is as it was, byte for byte" if undone.exact else ""
    options.say(f"run {run.id} undone: {len(undone.restored)} {run.place.things}{exact}")
    for note in undone.notes:
        options.say(note)
    if undone.pending:
        options.say(f"a restart is still needed for {', '.join(undone.pending)}")
    if undone.refused:
        raise ChangedSince("; ".join(f"{refusal.name} was left alone: {refusal.why}" for refusal in undone.refused))
    return 0
