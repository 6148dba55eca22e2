"""A maintenance plan for a ticket or a wiki, in GitHub's Markdown."""

from collections.abc import Sequence

from tabulate import tabulate

from pgtune.maintenance.work import Job, Plan
from pgtune.report.maintain import words
from pgtune.report.markdown import code, text

HEADERS = ("#", "task", "object", "why", "brings", "takes", "lock", "in the way", "SQL")


def markdown(plan: Plan) -> str:
    """The whole plan; the jobs are one table."""
    parts = [f"# {text(words.title(plan))}", text(words.summary(plan)), *_list("Alarms", words.alarms(plan))]
    if plan.jobs:
        rows = [_row(number, job, plan) for number, job in enumerate(plan.jobs, 1)]
        parts += ["## To do, in this order", str(tabulate(rows, HEADERS, tablefmt="pipe", disable_numparse=True))]
    for heading, items in words.lists(plan):
        parts += _list(heading, items)
    return "\n\n".join(parts) + "\n"


def _row(number: int, job: Job, plan: Plan) -> tuple[str, ...]:
    way = "<br>".join(text(words.blocker(each)) for each in job.blockers)
    statements = "<br>".join(code(statement) for statement in job.sql)
    return (
        str(number), job.kind.value, code(words.name(job.database, job.target.shown, plan)), text(job.why),
        text(words.brings(job)), text(words.takes(job)), job.lock, way, statements,
    )  # fmt: skip


def _list(heading: str, items: Sequence[str]) -> list[str]:
    return [f"## {heading}", "\n".join(f"- {text(item)}" for item in items)] if items else []
