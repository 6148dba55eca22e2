"""`pgtune maintain run`."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgtune.cli import options
from pgtune.cli.maintain import choices, progress
from pgtune.model import units
from pgtune.model.errors import BadInput, PgtuneError

if TYPE_CHECKING:
    from pgtune.maintenance.patience import Limits
    from pgtune.maintenance.record import Run
    from pgtune.server.maintain.gates import Free
    from pgtune.server.maintain.run import Orders
    from pgtune.usecases.maintain_plan import Request as PlanRequest
    from pgtune.usecases.maintain_run import Request

EXAMPLES = """\b
Examples:
  pgtune maintain run                     the database of PGDATABASE ...
  pgtune maintain run "host=db1" --databases USER_DATABASES -j 2
  pgtune maintain run --task vacuum,analyze --deadline 90min
  pgtune maintain run --window 01:00-05:00 --timezone Europe/Berlin
  pgtune maintain run --max-lag 64MB --max-wal-rate 50MB/s
  pgtune maintain run --dry-run           the SQL of it, for psql
"""


@click.command(epilog=EXAMPLES)
@options.conninfo
@choices.selection
@choices.time
@choices.guide
@click.option("--schemas", metavar="LIST", help="Schemas: 'app, -log%'; short for --tables 'app.%, -log%.%'.")
@click.option(
    "--lock-timeout",
    metavar="TIME",
    default="2s",
    show_default=True,
    help="Patience with others; the work is cancelled then, and cleaned up after.",
)
@click.option(
    "--max-lag",
    metavar="SIZE",
    help="No start, and no going on, while a standby, or the slot of one, is further behind.",
)
@click.option("--max-wal-rate", metavar="RATE", help="No start while the server writes more WAL, as 50MB/s.")
@click.option("--max-active", type=click.IntRange(0), help="No start while more sessions are at work.")
@click.option("--wait", metavar="TIME", default="10min", show_default=True, help="How long these are waited for.")
@click.option("--cost-delay", metavar="TIME", help="Slow VACUUM down: its vacuum_cost_delay, as 2ms.")
@click.option("--free-disk", metavar="SIZE", help="Free space there, where the server is on another machine.")
@click.option("--resume", is_flag=True, help="Leave out what was done by runs like this one that were cut off.")
@click.option(
    "--keep",
    "keep_days",
    type=click.IntRange(1),
    default=400,
    show_default=True,
    help="Days that the history keeps a run.",
)
@click.option(
    "--most-deferrals",
    type=click.IntRange(0),
    default=7,
    show_default=True,
    help="Put off more often in a row, an object is a finding.",
)
@click.option("--dry-run", is_flag=True, help="Print the exact SQL of every step instead, in order, for psql.")
@click.option(
    "--metrics", type=click.Path(path_type=Path, dir_okay=False), help="Write a Prometheus text file in the end."
)
@click.option("--on-failure", metavar="CMD", help="Run this, with the run's JSON at its input, unless all went well.")
@click.option("--webhook", metavar="URL", help="Post the run's JSON there, unless all went well.")
@options.output("table", "json")
def command(conninfo: str, output: str, **given: Any) -> int:  # fmt: skip
    """Vacuum, analyze, rebuild and clean up what needs it now.

    Everything is looked at again before it begins, and in the end whether it happened. What waits for others is given
    up after a while and cleaned up after; so is what runs when the time is over, a standby falls behind, or Ctrl-C
    comes. Exit code 0: all is done, or waits for the next window; 1: look at what is told; 5: not here, not now.
    """
    if given["webhook"] is not None:
        from pgtune.usecases import maintain_webhook

        maintain_webhook.require_url(given["webhook"])
    plan = _plan_request(conninfo, given)
    if given["dry_run"]:
        return _script(plan)
    choices.require_open(choices.window(given))
    run = _run(_request(plan, given))
    options.write(_rendered(run, output))
    _tell(run, given)
    return run.exit_code


def _run(request: "Request") -> "Run":
    from pgtune.usecases import maintain_run

    with progress.ears() as ears:
        return maintain_run.run(request, ears)


def _script(plan: "PlanRequest") -> int:
    from pgtune.report.maintain.script import script
    from pgtune.usecases.maintain_plan import plan as decide

    options.write(script(decide(plan, options.say), plan.workers))
    return 0


def _rendered(run: "Run", output: str) -> str:
    if output == "json":
        from pgtune.report.json import dumps

        return dumps(run)
    from pgtune.report.maintain.run import table

    return table(run, options.paper())


def _tell(run: "Run", given: dict[str, Any]) -> None:
    """Metrics, command and webhook; one that fails is said, and changes nothing of how the run ended."""
    from pgtune.usecases import maintain_after

    failed = run.exit_code != 0
    steps: tuple[tuple[Any, Callable[[], None]], ...] = (
        (given["metrics"], lambda: maintain_after.write_metrics(run, given["metrics"])),
        (failed and given["on_failure"], lambda: maintain_after.call(given["on_failure"], run)),
        (failed and given["webhook"], lambda: _post(given["webhook"], run)),
    )
    for wanted, tell in steps:
        try:
            if wanted:
                tell()
        except PgtuneError as error:
            options.say(f"pgtune: {error}")


def _post(url: str, run: "Run") -> None:
    from pgtune.usecases.maintain_webhook import post

    post(url, run)


def _plan_request(conninfo: str, given: dict[str, Any]) -> "PlanRequest":
    from pgtune.usecases.maintain_plan import Request

    scope = choices.scope(given | {"tables": _tables(given)})
    return Request(
        conninfo, choices.databases(given), scope, given["guide_file"], choices.seconds(given), given["jobs"]
    )


def _tables(given: dict[str, Any]) -> str | None:
    """`--schemas` as a list of tables: every item is all tables of it."""
    if given["schemas"] is None:
        return str(given["tables"]) if given["tables"] is not None else None
    if given["tables"] is not None:
        raise BadInput("--schemas and --tables both say which tables; keep one")
    from pgtune.maintenance.selection import of_schemas

    return of_schemas(given["schemas"])


def _request(plan: "PlanRequest", given: dict[str, Any]) -> "Request":
    from pgtune.maintenance.record import scope
    from pgtune.usecases.maintain_run import Request

    tasks = sorted(plan.scope.kinds)
    return Request(
        plan, _orders(plan, given), scope(tasks, given["databases"], given["schemas"], given["tables"]),
        given["resume"], given["keep_days"], given["most_deferrals"],
    )  # fmt: skip


def _orders(plan: "PlanRequest", given: dict[str, Any]) -> "Orders":
    from pgtune.server.maintain.run import Orders
    from pgtune.usecases.maintain_run import deadline

    delay = _seconds(given, "cost_delay")
    return Orders(
        workers=given["jobs"], limits=_limits(given), deadline=deadline(plan.seconds),
        settings={} if delay is None else {"vacuum_cost_delay": f"{delay * 1000:g}ms"},
        free=_free(plan, _bytes(given, "free_disk")),
    )  # fmt: skip


def _free(plan: "PlanRequest", given: int | None) -> "Free":
    """How much space a rebuild finds; who asks for none is spared the import, a tenth of the start."""
    from pgtune.maintenance.work import Kind
    from pgtune.server.maintain.gates import unknown

    if Kind.REINDEX not in plan.scope.kinds:
        return unknown
    from pgtune.usecases.maintain_disk import free

    return free(plan.conninfo, given)


def _limits(given: dict[str, Any]) -> "Limits":
    from pgtune.maintenance.patience import Limits

    rate = _bytes(given, "max_wal_rate", "/s")
    limits = Limits(max_lag=_bytes(given, "max_lag"), max_wal_rate=rate, max_active=given["max_active"])
    patience, wait = _seconds(given, "lock_timeout"), _seconds(given, "wait")
    limits = limits if patience is None else replace(limits, patience=patience)
    return limits if wait is None else replace(limits, wait=wait)


def _seconds(given: dict[str, Any], name: str) -> float | None:
    try:
        return None if given[name] is None else units.parse_ms(given[name]) / 1000
    except ValueError as error:
        raise BadInput(f"--{name.replace('_', '-')}: {error}") from None


def _bytes(given: dict[str, Any], name: str, suffix: str = "") -> int | None:
    try:
        return None if given[name] is None else units.parse_bytes(given[name].removesuffix(suffix))
    except ValueError as error:
        raise BadInput(f"--{name.replace('_', '-')}: {error}") from None
