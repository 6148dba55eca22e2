"""`pgtune why`."""

import click

from pgtune.cli import options

EXAMPLES = """\b
Examples:
  pgtune why                          all that there is a rule for
  pgtune why shared_buffers           what it does, the rule, its source
  pgtune why work_mem --output json
  pgtune why migration.not-null       a rule of the review, with examples
"""


@click.command(epilog=EXAMPLES)
@click.argument("name", required=False)
@options.output("table", "json", "markdown")
def command(name: str | None, output: str) -> int:
    """Explain a setting or a finding: what it means, the rule behind it, its source.

    NAME is a setting, as work_mem, or the code of a finding of `pgtune review`, as
    migration.index. Without NAME, list everything that pgtune has a rule for.
    """
    options.write(_everything(output) if name is None else _one(name, output))
    return 0


def _everything(output: str) -> str:
    from pgtune.report import rule, why
    from pgtune.usecases.why import overview, rules

    entries, found = overview(), rules()
    if output == "json":
        return why.json_of_all(entries, rule.rows(found))
    if output == "markdown":
        return f"{why.markdown_of_all(entries)}\n{rule.markdown_of_all(found)}"
    paper = options.paper()
    return why.table_of_all(entries, paper, rule.table_of_all(found, paper))


def _one(name: str, output: str) -> str:
    from pgtune.report import rule, why
    from pgtune.usecases.why import explain, rule_of

    found = rule_of(name)
    if found is not None:
        ways = {"json": rule.json, "markdown": rule.markdown}
        return ways[output](found) if output in ways else rule.table(found, options.paper())
    explained = explain(name)
    forms = {"json": why.json, "markdown": why.markdown}
    return forms[output](explained) if output in forms else why.table(explained, options.paper())
