"""`pgtune schedule list`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgtune.cli import options
from pgtune.cli.schedule import given

if TYPE_CHECKING:
    from pgtune.report.paper import Paper
    from pgtune.schedule.policy import Policy

EXAMPLES = """\b
Examples:
  pgtune schedule list
  pgtune schedule list --schedule night.toml --output json
"""


@click.command(epilog=EXAMPLES)
@given.schedule_file
@given.timezone
@options.output("table", "json")
def command(file: Path | None, timezone: str | None, output: str) -> int:
    """Show the policies: what runs when, on what, within which bounds."""
    from pgtune.usecases import schedule

    policies = schedule.read(file, timezone)
    if output == "json":
        form = {"schema": schedule.LIST_SCHEMA, "policies": [_described(policy) for policy in policies]}
        options.write(json.dumps(form, indent=2, ensure_ascii=False) + "\n")
    else:
        paper = options.paper()
        options.write(paper.finish(line for policy in policies for line in _block(policy, paper)))
    return 0


def _described(policy: "Policy") -> dict[str, Any]:
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
