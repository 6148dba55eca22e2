"""`pgtune schedule next`."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from pgtune.cli import options
from pgtune.cli.schedule import given

EXAMPLES = """\b
Examples:
  pgtune schedule next
  pgtune schedule next -n 50 --timezone America/New_York --output json
"""


@click.command(epilog=EXAMPLES)
@click.option("-n", "count", type=click.IntRange(1, 1000), default=5, show_default=True, help="How many times of each.")
@given.schedule_file
@given.timezone
@options.output("table", "json")
def command(count: int, file: Path | None, timezone: str | None, output: str) -> int:
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
