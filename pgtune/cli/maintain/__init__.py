"""`pgtune maintain`: a group whose commands are files here, imported when they are called."""

import click

from pgtune.cli.lazy import Lazy

COMMANDS = ("plan", "run", "history", "init")
EXAMPLES = """\b
Examples:
  pgtune maintain plan               what needs work now, and why
  pgtune maintain plan --dry-run     the SQL of it, for psql
  pgtune maintain run                does it, and leaves nothing behind
  pgtune maintain history            what was done, and how it ended
"""


@click.group(cls=Lazy, package=__name__, order=COMMANDS, epilog=EXAMPLES)
def command() -> None:
    """Vacuum, analyze and rebuild what needs it, beside a living application.

    Only what needs work gets it; nothing broken is left behind; what was skipped is said, and who stood in the way.
    """
