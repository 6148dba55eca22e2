"""`pgtune maintain`: a group whose commands are files here, imported when they are called."""

from importlib import import_module

import click

COMMANDS = ("plan", "run", "history", "init")
EXAMPLES = """\b
Examples:
  pgtune maintain plan               what needs work now, and why
  pgtune maintain plan --dry-run     the SQL of it, for psql
  pgtune maintain run                does it, and leaves nothing behind
  pgtune maintain history            what was done, and how it ended
"""


class Lazy(click.Group):
    """A group that loads a command from the module of its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        """Every command, in the order a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the command's module and take its `command`."""
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = import_module(f"pgtune.cli.maintain.{cmd_name}").command
        return found


@click.group(cls=Lazy, epilog=EXAMPLES)
def command() -> None:
    """Vacuum, analyze and rebuild what needs it, beside a living application.

    Only what needs work gets it; nothing broken is left behind; what was skipped is said, and who stood in the way.
    """
