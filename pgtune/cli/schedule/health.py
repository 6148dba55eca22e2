"""`pgtune schedule health`."""

from pathlib import Path

import click

from pgtune.cli.schedule import given

EXAMPLES = """\b
Examples:
  pgtune schedule health --heartbeat /tmp/pgtune.beat
"""


@click.command(epilog=EXAMPLES)
@given.heartbeat(required=True)
def command(heartbeat: Path) -> int:
    """Say whether the daemon with this sign of life is alive: exit code 0, else 3."""
    from pgtune.usecases import schedule

    state = schedule.alive(heartbeat)
    click.echo(f"standing by: {state.standing}" if state.standing else "leading", nl=False)
    click.echo(f", running {state.running}" if state.running else "")
    return 0
