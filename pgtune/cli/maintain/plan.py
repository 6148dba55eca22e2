"""`pgtune maintain plan`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgtune.cli import options
from pgtune.cli.maintain import choices

if TYPE_CHECKING:
    from pgtune.maintenance.work import Plan
    from pgtune.usecases.maintain_plan import Request

EXAMPLES = """\b
Examples:
  pgtune maintain plan                     the database of PGDATABASE ...
  pgtune maintain plan "host=db1" --databases "USER_DATABASES, -old%"
  pgtune maintain plan --tables "app.%, -app.log_%" --task vacuum
  pgtune maintain plan --window 01:00-05:00 --timezone Europe/Berlin
  pgtune maintain plan --dry-run | psql
  pgtune maintain plan --output json | jq '.jobs[].sql'
"""


@click.command(epilog=EXAMPLES)
@options.conninfo
@choices.selection
@choices.time
@choices.guide
@click.option("--dry-run", is_flag=True, help="Print the exact SQL of every step instead, in order, for psql.")
@options.output("table", "json", "markdown")
def command(conninfo: str, output: str, *, dry_run: bool, guide_file: Path | None, **given: Any) -> int:
    """Say what needs VACUUM, ANALYZE or REINDEX now, and why; change nothing.

    Each line says what it brings, how long it takes, which lock it takes and who would stand in its way. Without
    --databases the one that CONNINFO names is looked at. Exit code 1: there is something to do, or to look at.
    """
    from pgtune.usecases.maintain_plan import plan

    found = plan(_request(conninfo, guide_file, given), options.say)
    options.write(_rendered(found, "script" if dry_run else output, given["jobs"]))
    return 1 if found.jobs or found.deferred or found.skipped or found.alarms else 0


def _request(conninfo: str, guide_file: Path | None, given: dict[str, Any]) -> "Request":
    from pgtune.usecases.maintain_plan import Request, remembered

    databases, scope, seconds = choices.databases(given), choices.scope(given), choices.seconds(given)
    return Request(conninfo, databases, scope, guide_file, seconds, given["jobs"], remembered(conninfo))


def _rendered(found: "Plan", form: str, workers: int) -> str:
    if form == "json":
        from pgtune.report.json import dumps

        return dumps(found)
    if form == "markdown":
        from pgtune.report.maintain.markdown import markdown

        return markdown(found)
    if form == "script":
        from pgtune.report.maintain.script import script

        return script(found, workers)
    from pgtune.report.maintain.table import table

    return table(found, options.paper())
