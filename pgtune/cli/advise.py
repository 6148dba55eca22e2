"""`pgtune advise`."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgtune.cli import options
from pgtune.cli.tune import Size
from pgtune.model.errors import CannotConnect

if TYPE_CHECKING:
    from pgtune.indexes.advice import Progress
    from pgtune.report.advice.answer import Answer
    from pgtune.usecases.advise import Advised, Request, Tell

EXAMPLES = """\b
Examples:
  pgtune advise "host=db1 dbname=shop"
  pgtune advise --budget 2GB --max-indexes 5
  pgtune advise --snapshot prod.pgtune --workload queries.sql
  pgtune advise --workload postgresql.csv --output html > advice.html
  pgtune advise "host=db1 dbname=shop" --apply
  pgtune advise --prove "host=staging dbname=shop"
"""


@click.command(epilog=EXAMPLES)
@options.conninfo
@click.option("--snapshot", type=click.Path(path_type=Path), metavar="FILE",
              help="The database as `pgtune snapshot` saved it, instead of CONNINFO.")  # fmt: skip
@click.option("--workload", type=click.Path(path_type=Path), multiple=True, metavar="FILE",
              help="An .sql file or a server's log, instead of what was recorded; repeatable.")  # fmt: skip
@click.option("--budget", type=Size(), help="Storage for new indexes, as 2GB.")
@click.option("--max-indexes", type=click.IntRange(0), metavar="N", help="At most so many new indexes.")
@click.option("--time-limit", type=click.FloatRange(1), default=60.0, show_default=True, metavar="SECONDS",
              help="How long to search.")  # fmt: skip
@click.option("--partition-from", type=Size(), help="Tables of this size may be partitioned (10GB).")
@click.option("--scripts", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
              help="Write the migrations of tables to partition there.")  # fmt: skip
@options.output("table", "json", "markdown", "html")
@click.option(
    "--prove",
    metavar="CONNINFO",
    help="Build and measure the indexes on this copy, give up what slows a query; removes them again.",
)
@click.option("--may-lose", type=click.IntRange(0, 100), metavar="PERCENT",
              help="With --prove: lose at most so much of the gain so that none is slower (25; 100: all).")  # fmt: skip
@click.option("--apply", "apply_", is_flag=True, help="Create the indexes concurrently; asks, or --yes.")
@options.yes
@click.option("--lock-timeout", type=click.FloatRange(0), default=60.0, show_default=True, metavar="SECONDS",
              help="Give a build up that others block for so long (with --apply).")  # fmt: skip
def command(conninfo: str, output: str, prove: str | None, *, apply_: bool, **given: Any) -> int:
    """Say which indexes to create and drop, and which tables to partition.

    Everything is planned on a twin: an empty server with the database's schema, sizes and statistics. The database
    itself is only read from, once; nothing is changed without --apply.
    """
    from pgtune.usecases.advise import advise

    _check(conninfo, given, apply_=apply_, prove=bool(prove))
    try:
        with _progress() as tell:
            advised = advise(_request(conninfo, given), options.say, tell)
    except CannotConnect as error:
        raise CannotConnect(f"{error}; to try it on a server that pgtune brings itself: pgtune demo") from error
    if prove:
        advised = _proven(advised, prove, given["may_lose"])
    gone = [*(["--apply"] if apply_ else []), *(["--prove"] if prove else [])]
    options.write(_rendered(advised.answer, output, live=given["snapshot"] is None, gone=gone))
    _write_scripts(advised.answer, given["scripts"])
    if apply_:
        return _apply(advised, conninfo, given)
    return 1 if advised.answer.advises else 0


def _check(conninfo: str, given: dict[str, Any], *, apply_: bool, prove: bool) -> None:
    if given["snapshot"] and conninfo:
        raise click.UsageError("CONNINFO and --snapshot are two ways to say the same: give one")
    if given["snapshot"] and apply_:
        raise click.UsageError("--apply needs a server: give CONNINFO instead of --snapshot")
    if given["yes"] and not apply_:
        raise click.UsageError("--yes goes with --apply")
    if given["may_lose"] is not None and not prove:
        raise click.UsageError("--may-lose goes with --prove")


def _request(conninfo: str, given: dict[str, Any]) -> "Request":
    from pgtune.usecases.advise import Request

    return Request(
        conninfo, given["snapshot"], given["workload"], given["budget"], given["max_indexes"], given["time_limit"],
        given["partition_from"],
    )  # fmt: skip


@contextmanager
def _progress() -> Iterator["Tell"]:
    """The same for the progress of the advice."""
    with options.changing_line() as show:
        yield lambda progress: show(_line(progress))


def _line(progress: "Progress") -> str:
    of = f" {progress.done} of {progress.total}" if progress.total else ""
    cost = f", cost {progress.cost:,.0f}" if progress.cost is not None else ""
    return f"{progress.step}{of}{cost}"


def _rendered(answer: "Answer", output: str, *, live: bool, gone: Sequence[str]) -> str:
    from pgtune.report.advice.forms import FORMS
    from pgtune.report.advice.table import LIVE, OFFLINE, table

    if output in FORMS:
        return FORMS[output](answer)
    return table(answer, options.paper(), options.onward(LIVE if live else OFFLINE, gone))


def _write_scripts(answer: "Answer", folder: Path | None) -> None:
    """Each migration as a file."""
    if folder is None or not answer.partitions.partitionings:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for each in answer.partitions.partitionings:
        name = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in str(each.table))
        path = folder / f"partition_{name}.sql"
        path.write_text(each.script, encoding="utf-8")
        options.say(f"wrote {path}")
        if each.partman:
            path.with_suffix(".partman.sql").write_text(each.partman + "\n", encoding="utf-8")


def _proven(advised: "Advised", conninfo: str, may_lose: int | None) -> "Advised":
    from pgtune.indexes.slowed import MAY_LOSE
    from pgtune.usecases.prove_indexes import prove

    return prove(advised, conninfo, options.say, MAY_LOSE if may_lose is None else may_lose / 100)


def _apply(advised: "Advised", conninfo: str, given: dict[str, Any]) -> int:
    """Ask, then hand over to the one writer."""
    from pgtune.usecases.build import build

    wanted = advised.answer.indexes.recommendations
    if not wanted:
        options.say("there is no index to create")
        return 0
    if not given["yes"]:
        if not sys.stdin.isatty():
            raise click.UsageError("--apply asks before it changes anything; without a terminal say --yes")
        click.confirm(f"Create {len(wanted)} indexes in {advised.answer.target}?", abort=True, err=True)
    with options.changing_line() as show:
        built = build(advised, conninfo, given["lock_timeout"], options.say, show)
    return options.report_built(built)
