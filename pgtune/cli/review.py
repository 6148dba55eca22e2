"""`pgtune review`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgtune.cli import options
from pgtune.model.errors import NotAllowed

if TYPE_CHECKING:
    from pgtune.report.paper import Paper
    from pgtune.review.result import Review
    from pgtune.usecases.review import Request

FILE = click.Path(path_type=Path)
FORMS = ("table", "json", "sarif", "github", "gitlab", "markdown", "html", "junit")
EXAMPLES = """\b
Examples:
  pgtune review --diff main --snapshot prod.pgtune
  pgtune review db/migrations app/ --snapshot prod.pgtune
  pgtune review --diff origin/main --schema db/schema.sql
  pgtune review --diff main --dsn "host=db1 dbname=shop" -o html > review.html
  pgtune review --diff main --output github --also sarif=review.sarif
  pgtune review --baseline known.json --write-baseline
"""


class Written(click.ParamType[tuple[str, Path]]):
    """A form and the file that it is written to: `sarif=review.sarif`."""

    name = "form=file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Path]:
        """The form and the file."""
        form, _, path = str(value).partition("=")
        if form not in FORMS or not path:
            self.fail(f"{value!r} is no FORM=FILE; forms are {', '.join(FORMS)}", param, ctx)
        return form, Path(path)


@click.command(epilog=EXAMPLES)
@click.argument("paths", nargs=-1, type=FILE, metavar="[PATHS]...")
@click.option("--diff", "base", metavar="BASE", help="Only what this branch adds or alters since it left BASE.")
@click.option("--snapshot", type=FILE, metavar="FILE", help="Production as `pgtune snapshot` saved it.")
@click.option("--dsn", "conninfo", metavar="CONNINFO", help="Take that snapshot now; the server is only read from.")
@click.option("--schema", type=FILE, metavar="FILE", help="A schema as SQL where there is no snapshot.")
@click.option("--workload", type=FILE, multiple=True, metavar="FILE",
              help="An .sql file or a server's log of known queries, instead of those that the snapshot recorded; "
                   "repeatable.")  # fmt: skip
@click.option("--baseline", type=FILE, metavar="FILE", help="Findings to live with: they are not said again.")
@click.option("--write-baseline", "write", is_flag=True, help="Write what is found to the file of --baseline.")
@click.option("--policy", type=FILE, metavar="FILE", help="The project's policy, instead of its pgtune.toml.")
@click.option("--down", is_flag=True, help="Review migrations that take others back, too.")
@click.option("--render", metavar="CMD",
              help="Review what CMD prints as a migration. CMD runs the branch's own code: never with a branch that "
                   "you do not trust.")  # fmt: skip
@options.output(*FORMS)
@click.option("--also", type=Written(), multiple=True, metavar="FORM=FILE",
              help="Write another form to a file, as sarif=review.sarif; repeatable.")  # fmt: skip
@click.option("--fail-on", type=click.Choice(["error", "warning", "never"]),
              help="Exit with 1 from this severity on; else as the policy says (error).")  # fmt: skip
@click.option("--show-values", is_flag=True, help="Show the constants of known queries, which are production's.")
@click.option("--time-limit", type=click.FloatRange(1), default=300.0, show_default=True, metavar="SECONDS",
              help="How long the whole may take.")  # fmt: skip
def command(output: str, *, write: bool, **given: Any) -> int:
    """Review SQL: migrations, query files and SQL inside code.

    Migrations are traced and queries planned on a twin of production: an empty server with its schema, sizes and
    statistics. Nothing of the files is run anywhere else. With --diff, policy and baseline are read from BASE.
    """
    from pgtune.report.paper import Paper
    from pgtune.usecases.review import review, write_baseline

    _check(given, write=write)
    with options.changing_line() as tell:
        found = review(_request(given, write=write), tell)
    if write:
        write_baseline(given["baseline"], found)
        options.say(f"{len(found.findings)} findings are known from now on: {given['baseline']}")
        return 0
    for form, path in given["also"]:
        _write(path, _rendered(found, form, Paper()))
    options.write(_rendered(found, output, options.paper()))
    return 1 if found.failing else 0


def _check(given: dict[str, Any], *, write: bool) -> None:
    ways = [name for name in ("snapshot", "conninfo", "schema") if given[name] is not None]
    if len(ways) > 1:
        raise click.UsageError("--snapshot, --dsn and --schema are ways to say the same: give one")
    if write and given["baseline"] is None:
        raise click.UsageError("--write-baseline goes with --baseline FILE")
    if write and given["base"] is not None:
        raise click.UsageError("--write-baseline knows all findings or none: leave --diff out")


def _request(given: dict[str, Any], *, write: bool) -> "Request":
    from pgtune.usecases.review import Request

    known = None if write else given["baseline"]
    return Request(
        given["paths"], given["base"], given["snapshot"], given["conninfo"], given["schema"], given["workload"], known,
        given["policy"], given["fail_on"], given["down"], given["render"], given["show_values"], given["time_limit"],
    )  # fmt: skip


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise NotAllowed(f"{path} cannot be written: {error.strerror}") from None


def _rendered(found: "Review", output: str, paper: "Paper") -> str:
    from pgtune.report.review.forms import FORMS as OTHERS
    from pgtune.report.review.table import table

    return OTHERS[output](found) if output in OTHERS else table(found, paper)
