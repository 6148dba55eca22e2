"""A maintenance plan for a terminal: alarms, the jobs in order, what is left out and why, how to go on."""

from collections.abc import Iterator, Sequence
from itertools import repeat

from pgtune.maintenance.work import Job, Plan
from pgtune.report.maintain import words
from pgtune.report.paper import Paper

MOST_JOBS, MOST_ITEMS = 50, 20  # in a terminal; a database of many tables would scroll what matters away
STEPS: Sequence[tuple[str, str]] = (
    ("pgtune maintain plan --dry-run", "the exact SQL, for psql"),
    ("pgtune maintain run", "does it, and leaves nothing behind"),
)


def table(plan: Plan, paper: Paper | None = None) -> str:
    """The whole plan."""
    paper = paper or Paper()
    lines = [*paper.wrapped(words.title(plan), role="title"), *paper.wrapped(words.summary(plan))]
    alarms = words.alarms(plan)
    if alarms:
        lines += ["", paper.paint("Alarms", "warning"), *paper.bullets(alarms, repeat("!"))]
    if plan.jobs:
        lines += ["", paper.paint("To do, in this order", "heading"), *_jobs(plan, paper)]
    for heading, items in words.lists(plan):
        if items:
            shown = [*items[:MOST_ITEMS], *more(len(items) - MOST_ITEMS)]
            lines += ["", paper.paint(heading, "heading"), *paper.bullets(shown, repeat("-"))]
    if plan.jobs:
        lines += ["", paper.paint("How to go on", "heading"), *_steps(paper)]
    return paper.finish(lines)


def _jobs(plan: Plan, paper: Paper) -> Iterator[str]:
    for number, job in enumerate(plan.jobs[:MOST_JOBS], 1):
        yield from _job(number, job, plan, paper)
    for line in more(len(plan.jobs) - MOST_JOBS):
        yield from paper.wrapped(line, 2, role="faint")


def more(count: int) -> list[str]:
    """What a cut list ends with."""
    return [f"... and {count:,} more; --output json has all"] if count > 0 else []


def _job(number: int, job: Job, plan: Plan, paper: Paper) -> Iterator[str]:
    head = f"{number}. {job.kind.value} {words.name(job.database, job.target.shown, plan)}"
    yield from paper.wrapped(head, 2, 3, role="name")
    for label, text in words.details(job):
        role = "warning" if label == "in the way" else None
        yield from paper.wrapped(f"{label}: {text}", 5, 2, role=role)


def _steps(paper: Paper) -> Iterator[str]:
    for command, what in STEPS:
        yield from paper.wrapped(f"{command}: {what}", 2, 2)
