"""The words that the forms of a maintenance plan share."""

from collections import Counter
from collections.abc import Iterator

from pgtune.maintenance.work import Blocker, Job, Plan, Skipped, Spare, Surplus
from pgtune.model.units import human_bytes
from pgtune.report.plain import count, version_text

SPARES = {
    Surplus.UNUSED: "Unused indexes",
    Surplus.DUPLICATE: "Duplicate indexes",
    Surplus.REDUNDANT: "Redundant indexes",
}
LONGEST_QUERY = 60  # letters of a blocker's query; enough to know it again
MINUTE, HOUR, DAY = 60, 3600, 86400


def title(plan: Plan) -> str:
    """What the plan is for, and of when."""
    moment = plan.at[:16].replace("T", " ")
    server = f"{plan.target}: PostgreSQL {version_text(plan.version)}"
    return f"Maintenance of {', '.join(plan.databases)} on {server}, {moment} UTC"


def summary(plan: Plan) -> str:
    """How much there is to do, in one line."""
    if not plan.jobs and not plan.deferred:
        if plan.skipped:
            return f"Nothing that can be done now: {count(len(plan.skipped), 'object')} skipped, each with its reason."
        return "Nothing to do: no table and no index needs maintenance now."
    kinds = Counter(job.kind.value for job in plan.jobs)
    parts = [f"{count(len(plan.jobs), 'job')} ({', '.join(f'{number} {kind}' for kind, number in kinds.items())})"]
    known = [job.seconds for job in plan.jobs if job.seconds is not None]
    parts += [f"about {duration(sum(known))} one after the other"] if known else []
    won = sum(job.gain.bytes or 0 for job in plan.jobs)
    parts += [f"{human_bytes(won)} given back"] if won else []
    parts += [f"{len(plan.deferred)} left for later"] if plan.deferred else []
    parts += [f"{len(plan.skipped)} skipped"] if plan.skipped else []
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """A time for a person: `340 ms`, `12 s`, `3.4 min`, `2 h`."""
    for size, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (1, "s")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1000:.0f} ms"


def takes(job: Job) -> str:
    """How long it takes, and how that is known."""
    if job.seconds is None:
        return "time unknown"
    source = {"history": "by its own past", "throughput": "by the speed of others"}.get(job.predicted_from, "assumed")
    return f"about {duration(job.seconds)}, {source}"


def brings(job: Job) -> str:
    """What the job is expected to bring; "" where that is not counted."""
    rows = [f"{count(job.gain.rows, 'dead row')} made reusable"] if job.gain.rows else []
    return ", ".join([*rows, *([f"{human_bytes(job.gain.bytes)} given back"] if job.gain.bytes else [])])


def needs(job: Job) -> str:
    """The space that the job takes meanwhile; "" where it is none to speak of."""
    if not job.needs.total:
        return ""
    parts = (("disk", job.needs.disk), ("WAL", job.needs.wal), ("sorting", job.needs.sort))
    return ", ".join(f"{human_bytes(size)} {what}" for what, size in parts if size)


def blocker(each: Blocker) -> str:
    """Who stands in the way, since when, and what that means."""
    who = f"{each.hold.value} {each.name}"
    who += f" of {each.user}" if each.user else ""
    who += f" ({each.application})" if each.application else ""
    since = f", for {duration(each.age)}" if each.age is not None else ""
    since += f", {each.xids:,} transactions back" if each.xids else ""
    query = " ".join((each.query or "").split())
    shown = f"; {query[:LONGEST_QUERY]}{'...' if len(query) > LONGEST_QUERY else ''}" if query else ""
    return f"{who}{since}: {each.effect}{shown}"


def name(database: str, shown: str, plan: Plan) -> str:
    """The object's name, with its database where the plan is for several."""
    return f"{database}: {shown}" if len(plan.databases) > 1 else shown


def details(job: Job) -> Iterator[tuple[str, str]]:
    """What a person wants to know of a job beside its name: a label and its text."""
    yield "why", job.why
    if brings(job):
        yield "brings", brings(job)
    yield "takes", f"{takes(job)}; lock: {job.lock}"
    if needs(job):
        yield "needs", needs(job)
    for each in job.blockers:
        yield "in the way", blocker(each)


def skipped(each: Skipped, plan: Plan) -> str:
    """An object that gets no work, why, and the statement that would help."""
    help_ = f": {each.grant}" if each.grant else ""
    return f"{each.kind.value} of {name(each.database, each.target.shown, plan)}: {each.why}{help_}"


def spare(each: Spare, plan: Plan) -> str:
    """An index that may not be worth its upkeep."""
    size = f", {human_bytes(each.bytes)}" if each.bytes is not None else ""
    return f"{name(each.database, each.index.shown, plan)} on {each.table.shown}{size}: {each.why}"


def spares(plan: Plan) -> Iterator[tuple[str, list[Spare]]]:
    """The spare indexes by kind, largest first."""
    for surplus, heading in SPARES.items():
        found = [each for each in plan.spares if each.surplus is surplus]
        yield heading, sorted(found, key=lambda each: -(each.bytes or 0))


def lists(plan: Plan) -> Iterator[tuple[str, list[str]]]:
    """Everything but the jobs and alarms, as headings and paragraphs."""
    yield (
        "Left for later",
        [
            f"{each.job.kind.value} of {name(each.job.database, each.job.target.shown, plan)}: {each.why}"
            for each in plan.deferred
        ],
    )
    yield "Skipped", [skipped(each, plan) for each in plan.skipped]
    yield "Old snapshots", [blocker(each) for each in plan.blockers]
    for heading, found in spares(plan):
        yield heading, [spare(each, plan) for each in found]
    yield "Notes", list(plan.notes)
    yield "Not seen", list(plan.missing)


def alarms(plan: Plan) -> list[str]:
    """What a person has to look at."""
    return [
        f"{name(each.database, each.target.shown, plan)}: {each.what}"
        if each.target
        else f"{each.database}: {each.what}"
        for each in plan.alarms
    ]
