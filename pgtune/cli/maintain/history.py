"""`pgtune maintain history`."""

import click

from pgtune.cli import options

EXAMPLES = """\b
Examples:
  pgtune maintain history                  the last runs
  pgtune maintain history --run 12         every statement of one
  pgtune maintain history --output json
"""


@click.command(epilog=EXAMPLES)
@options.conninfo
@click.option("--run", "number", type=int, help="This run, with each of its statements.")
@click.option("--last", "limit", type=click.IntRange(1), default=10, show_default=True, help="How many runs.")
@options.output("table", "json")
def command(conninfo: str, output: str, *, number: int | None, limit: int) -> int:
    """Say what maintenance did on this server, when, and how each statement ended.

    A statement without an end is at work now, or whoever ran it died before it could say more; of small tables and
    indexes, up to 128 are begun together, and it may not have had its turn.
    """
    from pgtune.maintenance.record import History
    from pgtune.model.errors import BadInput
    from pgtune.report.json import dumps
    from pgtune.report.maintain.run import history
    from pgtune.usecases import maintain_run

    runs = maintain_run.recorded(conninfo, limit, number)
    if number is not None and not runs:
        raise BadInput(f"the history has no run {number}")
    if output == "json":
        options.write(dumps(History(runs=tuple(runs))))
    elif runs:
        options.write(history(runs, options.paper(), entries=number is not None))
    else:
        options.say("no maintenance was run yet")
    return 0
