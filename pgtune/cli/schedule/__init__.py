"""`pgtune schedule`: a group whose commands are files here, imported when they are called."""

import click

from pgtune.cli.lazy import Lazy

COMMANDS = ("run", "list", "next", "export", "health")
EXAMPLES = """\b
Examples:
  pgtune schedule list
  pgtune schedule next -n 3 --timezone Europe/Berlin
  pgtune schedule run "host=db1 user=maintenance"
  pgtune schedule export --systemd --directory /etc/systemd/system
"""


@click.group(cls=Lazy, package=__name__, order=COMMANDS, epilog=EXAMPLES)
def command() -> None:
    """Run maintenance at its times, or let another scheduler do it.

    Policies say which tasks run when, on which databases and within which bounds. The shipped ones: VACUUM with ANALYZE
    daily, REINDEX CONCURRENTLY weekly, a look for leftovers hourly.
    """
