"""`pgtune history`."""

import json
from typing import TYPE_CHECKING, Any

import click
from tabulate import tabulate

from pgtune.cli import options

if TYPE_CHECKING:
    from pgtune.model.step import Run

EXAMPLES = """\b
Examples:
  pgtune history                     every run on every server
  pgtune history "host=db1"          the runs on one server
  pgtune history --output json
"""


@click.command(epilog=EXAMPLES)
@options.conninfo
@options.output("table", "json")
def command(conninfo: str, output: str) -> int:
    """List what pgtune changed, on which server, and how each run ended.

    With CONNINFO the server is asked who it is and only its runs are listed; without it nothing is connected to.
    """
    from pgtune.usecases.history import SCHEMA, history

    runs = history(conninfo)
    if output == "json":
        options.write(json.dumps({"schema": SCHEMA, "runs": [described(run) for run in runs]}, indent=2) + "\n")
    elif runs:
        options.write(_table(runs))
    else:
        options.say("pgtune has changed nothing yet")
    return 0


def described(run: "Run") -> dict[str, Any]:
    """A run as JSON."""
    return {
        "id": run.id,
        "started": run.started,
        "server": run.server,
        "target": run.target,
        "via": run.place.via,
        "file": run.place.file,
        "state": run.state,
        "detail": run.detail,
        "can_be_undone": run.open,
        "settings": [
            {"name": s.name, "before": s.before, "after": s.after, "restart": s.restart, "undone": s.undone}
            for s in run.steps
        ],
        "events": [{"at": event.at, "state": event.state, "detail": event.detail} for event in run.events],
    }


def _table(runs: "list[Run]") -> str:
    rows = [
        (run.id, run.started[:19].replace("T", " "), run.target, run.state, _settings(run), run.detail or "")
        for run in runs
    ]
    head = ("run", "started (UTC)", "server", "state", "settings", "")
    widths = (None, None, 34, None, 40, 44)
    return tabulate(rows, head, tablefmt="plain", maxcolwidths=list(widths)) + "\n"


def _settings(run: "Run") -> str:
    changed = [f"{step.name} = {step.after}" for step in run.steps if step.before != step.after]
    return ", ".join(changed)
