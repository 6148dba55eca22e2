"""`pgtune history`."""

import json
from typing import TYPE_CHECKING, Any

import click

from pgtune.cli import options

if TYPE_CHECKING:
    from pgtune.model.step import Run
    from pgtune.report.paper import Paper

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
    """A block a run: how it ended, where, what it changed."""
    paper = options.paper()
    return paper.finish(line for run in runs for line in ["", *_block(run, paper)])


def _block(run: "Run", paper: "Paper") -> list[str]:
    lines = paper.wrapped(f"run {run.id}, {run.started[:19].replace('T', ' ')} UTC: {run.state}", role="heading")
    lines += paper.wrapped(run.detail, 2) if run.detail else []
    where = f"on {run.target}" if run.place.builds else f"on {run.target}, in {run.place.file}"
    lines += paper.wrapped(where, 2, role="faint")
    width = max((len(step.name) for step in run.steps), default=0)
    for step in run.steps:
        if step.before != step.after:
            undone = ", taken back" if step.undone else ""
            lines += paper.wrapped(f"{step.name:{width}}  {step.shown} → {step.after}{undone}", 4, width + 2)
    return lines
