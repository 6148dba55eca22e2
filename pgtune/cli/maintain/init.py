"""`pgtune maintain init`."""

import click

from pgtune.cli import options

EXAMPLES = """\b
Examples:
  pgtune maintain init "host=db1 dbname=postgres"
  pgtune maintain init --grant-to maintenance
"""


@click.command(epilog=EXAMPLES)
@options.conninfo
@click.option("--grant-to", "roles", multiple=True, metavar="ROLE", help="Let this role keep its history there too.")
def command(conninfo: str, roles: tuple[str, ...]) -> int:
    """Make the schema pgtune, in which runs write down what they do.

    Two tables in the database that CONNINFO names: name the same one for every run. Without them the history is kept
    in a file on the machine that pgtune runs on. What is there already is left as it is.
    """
    from pgtune.usecases import maintain_run

    maintain_run.prepare(conninfo, roles)
    options.say("the history is kept in schema pgtune from now on; pgtune maintain history shows it")
    return 0
