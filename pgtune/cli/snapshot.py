"""`pgtune snapshot`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgtune.cli import options

if TYPE_CHECKING:
    from pgtune.usecases.snapshot import Taken

EXAMPLES = """\b
Examples:
  pgtune snapshot "host=db1 dbname=shop" -o prod.pgtune
  pgtune snapshot --tables orders --tables 'app.item*' -o part.pgtune
  pgtune snapshot --mask -o for-support.pgtune
  pgtune snapshot -o prod.pgtune --output json | jq .missing
"""


@click.command(epilog=EXAMPLES)
@options.conninfo
@click.option("--file", "-o", type=click.Path(path_type=Path), default=Path("snapshot.pgtune"), show_default=True,
              metavar="FILE", help="Where to write it; an old one is replaced.")  # fmt: skip
@click.option("--tables", "-t", multiple=True, metavar="PATTERN",
              help="Only these tables and their partitions: orders, app.order*. May be repeated.")  # fmt: skip
@click.option("--schemas", "-n", multiple=True, metavar="PATTERN", help="Only tables of these schemas.")
@click.option("--mask", is_flag=True, help="Replace every value, so that the file may leave the house.")
@click.option("--output", type=click.Choice(("table", "json")), default="table", show_default=True,
              help="Form of the summary.")  # fmt: skip
def command(
    conninfo: str, *, file: Path, tables: tuple[str, ...], schemas: tuple[str, ...], mask: bool, output: str
) -> int:
    """Write what the planner knows of a database into one file.

    Schema, sizes, statistics, settings, how tables and indexes are used, and the statements of pg_stat_statements: all
    that advice needs, without a row of data, so that it can be had elsewhere. Nothing on the server is changed, and
    nothing is locked but against DDL, for moments.

    The most common values and the histograms of statistics are values of yours, as are the least and the greatest of
    indexed columns, which the planner looks up in their indexes: the file has mode 0600. With --mask each is replaced
    by another, in the same order and as often, in statements, functions and constraints too. Passwords that stand in
    functions or comments are cut in any case.

    Exit code 1 means that something was left out: what, and the grant that would bring it, is printed.
    """
    from pgtune.usecases.snapshot import take

    taken = take(conninfo, file, tables=tables, schemas=schemas, masked=mask, say=options.say)
    if output == "json":
        from pgtune.report.json import dumps

        options.write(dumps(taken))
    else:
        options.write(_words(taken))
    return 0 if taken.whole else 1


def _words(taken: "Taken") -> str:
    from pgtune.model.units import human_bytes
    from pgtune.report.paper import visible

    of = f"database {taken.database} of PostgreSQL {taken.version}, {taken.taken}"
    figures = (
        f"{taken.tables} tables, {taken.columns_with_statistics} columns with statistics",
        f"{taken.objects} objects",
        f"{taken.statements} statements",
    )
    lines = [f"{taken.file}: {human_bytes(taken.size_bytes)}, {of}{', masked' if taken.masked else ''}"]
    lines.append(", ".join(figures))
    lines += [f"missing: {each.what}: {each.why}{f' ({each.grant})' if each.grant else ''}" for each in taken.missing]
    lines += [f"cut a credential: {each}" for each in taken.cut]
    if not taken.masked:
        lines.append("it holds values of your columns: keep it as you keep a backup, or make it with --mask")
    return "".join(f"{visible(line)}\n" for line in lines)
