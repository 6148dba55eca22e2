"""`pgtune why`."""

import click

from pgtune.cli import options

EXAMPLES = """\b
Examples:
  pgtune why                          every setting that has a rule
  pgtune why shared_buffers           what it does, the rule, its source
  pgtune why work_mem --output json
"""


@click.command(epilog=EXAMPLES)
@click.argument("name", required=False)
@options.output("table", "json", "markdown")
def command(name: str | None, output: str) -> int:
    """Explain a setting: what it does, the rule behind its value, its source.

    Without NAME, list every setting that pgtune has a rule for.
    """
    from pgtune.report import why
    from pgtune.usecases.why import explain, overview

    if name is None:
        entries = overview()
        forms = {"json": why.json_of_all, "markdown": why.markdown_of_all}
        options.write(forms[output](entries) if output in forms else why.table_of_all(entries, options.paper()))
        return 0
    explained = explain(name)
    ways = {"json": why.json, "markdown": why.markdown}
    options.write(ways[output](explained) if output in ways else why.table(explained, options.paper()))
    return 0
