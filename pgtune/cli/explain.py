"""`pgtune explain`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgtune.cli import options

if TYPE_CHECKING:
    from pgtune.plans.explained import Explained

EXAMPLES = """\b
Examples:
  pgtune explain "select * from orders where id = $1" "dbname=shop"
  pgtune explain -f query.sql --snapshot prod.pgtune
  pgtune explain < plan.txt           a plan as psql or a log shows it
  psql -XqAtc "explain (analyze, buffers, format json) select ..." |
      pgtune explain --output html > plan.html
"""


@click.command(epilog=EXAMPLES)
@click.argument("query", required=False)
@options.conninfo
@click.option("-f", "--file", "file", type=click.Path(path_type=Path), help="Read the query or the plan from a file.")
@click.option("--snapshot", type=click.Path(path_type=Path), metavar="FILE",
              help="The database as `pgtune snapshot` saved it, instead of CONNINFO.")  # fmt: skip
@options.output("table", "json", "markdown", "html")
def command(query: str | None, conninfo: str, *, file: Path | None, snapshot: Path | None, output: str) -> int:
    """Explain a query or a pasted plan: what is wrong, and what would help.

    A query is planned on a twin of the database: nothing is executed anywhere, and the server is only read from. A
    plan is read from -f or standard input, as text or JSON, also from psql's frame and auto_explain's log; what its
    ANALYZE measured counts. Placeholders of every kind are taken for parameters.
    """
    from pgtune.usecases.explain import Request, explain

    if file is not None and query is not None and not conninfo:  # with -f the one argument is the database
        conninfo, query = query, None
    text = _text(query, file)
    if snapshot is not None and conninfo:
        raise click.UsageError("CONNINFO and --snapshot are two ways to say the same: give one")
    explained = explain(Request(text, conninfo or None, snapshot), options.say)
    options.write(_rendered(explained, output))
    return 1 if explained.insights or explained.proposals else 0


def _text(query: str | None, file: Path | None) -> str:
    if query is not None and file is not None:
        raise click.UsageError("a query and -f are two ways to say the same: give one")
    if query is not None:
        return query
    if file is None and sys.stdin.isatty():
        raise click.UsageError("give a query, a file with -f, or a plan on standard input")
    try:
        raw = sys.stdin.buffer.read() if file is None or str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise click.UsageError(f"{file}: {error.strerror}") from error
    return raw.decode("utf-8-sig", "replace")


def _rendered(explained: "Explained", output: str) -> str:
    from pgtune.report.plan.html import html
    from pgtune.report.plan.json import json_text
    from pgtune.report.plan.markdown import markdown
    from pgtune.report.plan.table import table

    forms = {"json": json_text, "markdown": markdown, "html": html}
    return forms[output](explained) if output in forms else table(explained, options.paper())
