"""`pgtune schedule run`."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgtune.cli import options
from pgtune.cli.schedule import given

if TYPE_CHECKING:
    from pgtune.schedule.policy import Policy

EXAMPLES = """\b
Examples:
  pgtune schedule run "host=db1 user=maintenance"
  pgtune schedule run --schedule night.toml --heartbeat /tmp/pgtune.beat
"""


@click.command(epilog=EXAMPLES)
@options.conninfo
@given.schedule_file
@given.timezone
@given.heartbeat(required=False)
def command(conninfo: str, file: Path | None, timezone: str | None, heartbeat: Path | None) -> int:
    """Stay and run each policy at its time.

    Several may stay: the one that holds a lock on the server acts, another takes over when it goes. What was missed
    meanwhile is made up for, once and within its window, as the history tells. On SIGTERM the object being worked on is
    cleaned up, then the daemon ends with exit code 0.
    """
    from pgtune.usecases import schedule, schedule_run

    return schedule_run.serve(schedule.read(file, timezone), conninfo, _runner(conninfo), heartbeat, given.stamped)


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
    given.stamped(f"{policy.name}: {' '.join(text.split())}")
    return code
