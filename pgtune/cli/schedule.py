"""`pgtune schedule`."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgtune.cli import options

if TYPE_CHECKING:
    from pgtune.report.paper import Paper
    from pgtune.schedule.export import File
    from pgtune.schedule.policy import Policy

KINDS = ("cron", "systemd", "kubernetes", "airflow")
EXAMPLES = """\b
Examples:
  pgtune schedule list
  pgtune schedule next -n 3 --timezone Europe/Berlin
  pgtune schedule run "host=db1 user=maintenance"
  pgtune schedule export --systemd --directory /etc/systemd/system
"""
RUN_EXAMPLES = """\b
Examples:
  pgtune schedule run "host=db1 user=maintenance"
  pgtune schedule run --schedule night.toml --heartbeat /tmp/pgtune.beat
"""
LIST_EXAMPLES = """\b
Examples:
  pgtune schedule list
  pgtune schedule list --schedule night.toml --output json
"""
NEXT_EXAMPLES = """\b
Examples:
  pgtune schedule next
  pgtune schedule next -n 50 --timezone America/New_York --output json
"""
EXPORT_EXAMPLES = """\b
Examples:
  pgtune schedule export --cron "host=db1" | crontab -
  pgtune schedule export --systemd --user postgres --directory DIR
  pgtune schedule export --kubernetes --timezone Europe/Berlin
"""
HEALTH_EXAMPLES = """\b
Examples:
  pgtune schedule health --heartbeat /tmp/pgtune.beat
"""

Command = Callable[..., Any]

schedule_file = click.option(
    "--schedule",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="PGTUNE_SCHEDULE",
    help="Policies of your own instead of the shipped ones.",
)
timezone = click.option("--timezone", metavar="ZONE", help="The zone of policies that name none; else the machine's.")


def heartbeat(*, required: bool) -> Callable[[Command], Command]:
    """The option that names the sign of life."""
    kind = click.Path(path_type=Path, dir_okay=False)
    words = "File that shows, written anew every 10 s, that the daemon lives."
    return click.option("--heartbeat", type=kind, envvar="PGTUNE_HEARTBEAT", required=required, help=words)


class InOrder(click.Group):
    """A group that lists its commands as they stand in the file."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        """Every command, in the order a newcomer meets them."""
        return list(self.commands)


@click.group(cls=InOrder, epilog=EXAMPLES)
def command() -> None:
    """Run maintenance at its times, or let another scheduler do it.

    Policies say which tasks run when, on which databases and within which bounds. The shipped ones: VACUUM with ANALYZE
    daily, REINDEX CONCURRENTLY weekly, a look for leftovers hourly.
    """


@command.command(epilog=RUN_EXAMPLES)
@options.conninfo
@schedule_file
@timezone
@heartbeat(required=False)
def run(conninfo: str, file: Path | None, timezone: str | None, heartbeat: Path | None) -> int:
    """Stay and run each policy at its time.

    Several may stay: the one that holds a lock on the server acts, another takes over when it goes. What was missed
    meanwhile is made up for, once and within its window, as the history tells. On SIGTERM the object being worked on is
    cleaned up, then the daemon ends with exit code 0.
    """
    from pgtune.usecases import schedule, schedule_run

    return schedule_run.serve(schedule.read(file, timezone), conninfo, _runner(conninfo), heartbeat, _stamped)


@command.command("list", epilog=LIST_EXAMPLES)
@schedule_file
@timezone
@options.output("table", "json")
def list_(file: Path | None, timezone: str | None, output: str) -> int:
    """Show the policies: what runs when, on what, within which bounds."""
    from pgtune.usecases import schedule

    policies = schedule.read(file, timezone)
    if output == "json":
        form = {"schema": schedule.LIST_SCHEMA, "policies": [described(policy) for policy in policies]}
        options.write(json.dumps(form, indent=2, ensure_ascii=False) + "\n")
    else:
        paper = options.paper()
        options.write(paper.finish(line for policy in policies for line in _block(policy, paper)))
    return 0


@command.command("next", epilog=NEXT_EXAMPLES)
@click.option("-n", "count", type=click.IntRange(1, 1000), default=5, show_default=True, help="How many times of each.")
@schedule_file
@timezone
@options.output("table", "json")
def next_(count: int, file: Path | None, timezone: str | None, output: str) -> int:
    """Show each policy's next times, by the clock of its zone, the soonest first."""
    from pgtune.usecases import schedule

    found = schedule.upcoming(schedule.read(file, timezone), count, datetime.now(UTC))
    if output == "json":
        times = [
            {"at": moment.isoformat(), "utc": moment.astimezone(UTC).isoformat(), "timezone": policy.timezone,
             "policy": policy.name, "tasks": list(policy.tasks)}
            for moment, policy in found
        ]  # fmt: skip
        options.write(json.dumps({"schema": schedule.NEXT_SCHEMA, "times": times}, indent=2) + "\n")
    else:
        width = max((len(policy.name) for _, policy in found), default=0)
        for moment, policy in found:
            clock = f"{moment:%a %Y-%m-%d %H:%M %z} {policy.timezone}"
            options.write(f"{clock}  {policy.name:{width}}  {', '.join(policy.tasks)}\n")
    return 0


@command.command(epilog=EXPORT_EXAMPLES)
@options.conninfo
@click.option("--cron", "kind", flag_value="cron", help="A crontab; with --user a file for /etc/cron.d.")
@click.option("--systemd", "kind", flag_value="systemd", help="A service and a persistent timer for each policy.")
@click.option("--kubernetes", "kind", flag_value="kubernetes", help="CronJobs.")
@click.option("--airflow", "kind", flag_value="airflow", help="A file for the DAGs of Airflow 3.")
@schedule_file
@timezone
@click.option("--program", metavar="PATH", help="How pgtune is called; else this one.")
@click.option("--user", metavar="NAME", help="The account that cron or systemd runs it as.")
@click.option("--image", metavar="NAME", help="The container image; else pgtune of this version.")
@click.option("--directory", type=click.Path(path_type=Path, file_okay=False), help="Write files here, not to stdout.")
def export(conninfo: str, kind: str | None, directory: Path | None, **given: Any) -> int:
    """Write the policies for cron, systemd, Kubernetes or Airflow.

    Each line calls `pgtune maintain run` with the policy's words, which decides, keeps its window and records what it
    did as the daemon does. A password is never written.
    """
    from pgtune.schedule.export import IMAGE, Call
    from pgtune.usecases import schedule, schedule_export

    if kind is None:
        raise click.UsageError("one of --cron, --systemd, --kubernetes and --airflow says for whom")
    program = given["program"] or (_program() if kind in {"cron", "systemd"} else "pgtune")
    call = Call(program, conninfo, given["user"], given["image"] or IMAGE)
    files = schedule_export.export(kind, schedule.read(given["file"], given["timezone"]), call)
    if directory is None:
        options.write(_together(files))
    else:
        _put(files, directory)
    return 0


@command.command(epilog=HEALTH_EXAMPLES)
@heartbeat(required=True)
def health(heartbeat: Path) -> int:
    """Say whether the daemon with this sign of life is alive: exit code 0, else 3."""
    from pgtune.usecases import schedule

    state = schedule.alive(heartbeat)
    click.echo(f"standing by: {state.standing}" if state.standing else "leading", nl=False)
    click.echo(f", running {state.running}" if state.running else "")
    return 0


def described(policy: "Policy") -> dict[str, Any]:
    """A policy as JSON."""
    return {
        "name": policy.name,
        "tasks": list(policy.tasks),
        "cron": str(policy.cron),
        "timezone": policy.timezone,
        "window": policy.window,
        "deadline_s": policy.deadline,
        "catch_up_s": policy.catch_up,
        "databases": policy.databases,
        "schemas": policy.schemas,
        "tables": policy.tables,
        "jobs": policy.jobs,
        "lock_timeout": policy.lock_timeout,
        "max_lag": policy.max_lag,
        "max_wal_rate": policy.max_wal_rate,
    }


def _block(policy: "Policy", paper: "Paper") -> Iterator[str]:
    from pgtune.report.paper import visible
    from pgtune.schedule.command import seconds

    yield ""
    yield from paper.wrapped(f"{policy.name}: {', '.join(policy.tasks)}", role="heading")
    facts = {
        "when": f"{policy.cron} ({policy.timezone})",
        "window": policy.window,
        "deadline": seconds(policy.deadline) if policy.deadline else None,
        "catch up": seconds(policy.catch_up) if policy.catch_up else None,
        "databases": policy.databases,
        "schemas": policy.schemas,
        "tables": policy.tables,
        "sessions": policy.jobs,
        "patience": policy.lock_timeout,
        "lag": policy.max_lag,
        "WAL rate": policy.max_wal_rate,
    }
    yield from (f"  {name:10} {visible(str(value))}" for name, value in facts.items() if value is not None)


def _runner(conninfo: str) -> Callable[["Policy"], int]:
    """A policy's work is `pgtune maintain run` with the policy's words, in this process."""
    from pgtune.cli import root
    from pgtune.model.errors import PgtuneError
    from pgtune.schedule.command import arguments

    context = click.Context(root)
    maintain = root.get_command(context, "maintain")
    work = maintain.get_command(context, "run") if isinstance(maintain, click.Group) else None
    if work is None:
        raise PgtuneError("this pgtune has no maintain run")

    def run_policy(policy: "Policy") -> int:
        try:
            with work.make_context("pgtune maintain run", list(arguments(policy, conninfo)[2:])) as called:
                return int(work.invoke(called) or 0)
        except click.exceptions.Exit as stop:
            return stop.exit_code
        except click.ClickException as error:
            return _failed(policy, error.format_message(), 2)
        except PgtuneError as error:
            return _failed(policy, str(error), error.exit_code)
        except Exception as error:  # noqa: BLE001  (a run that breaks must not take the daemon with it)
            return _failed(policy, f"internal error: {type(error).__name__}: {error}", PgtuneError.exit_code)

    return run_policy


def _failed(policy: "Policy", text: str, code: int) -> int:
    _stamped(f"{policy.name}: {' '.join(text.split())}")
    return code


def _stamped(text: str) -> None:
    """A line of the daemon's log."""
    options.say(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC  {text}")


def _program() -> str:
    """This pgtune by its whole path: cron and systemd know no other."""
    places = (Path(sys.argv[0]), Path(sys.executable).with_name("pgtune"), Path(shutil.which("pgtune") or "."))
    found = next((path for path in places if path.name == "pgtune" and path.is_file()), None)
    if found is None:
        raise click.UsageError("--program must say how pgtune is called here")
    return str(found.absolute())


def _together(files: "Sequence[File]") -> str:
    """All files as one text; where there are several, each has its place above it."""
    if len(files) == 1:
        return files[0].text
    return "\n".join(f"# {file.place}/{file.name}\n{file.text}" for file in files)


def _put(files: "Sequence[File]", directory: Path) -> None:
    from pgtune.model.errors import BadInput

    for file in files:
        path = directory / file.name
        try:
            path.write_text(file.text, encoding="utf-8")
        except OSError as error:
            raise BadInput(f"{path} cannot be written: {error.strerror}") from None
        options.say(f"wrote {path}")
