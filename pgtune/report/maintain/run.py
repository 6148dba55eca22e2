"""A finished run of maintenance for a terminal: how it ended, what was done, what was not and who stood in the way."""

from collections import Counter
from collections.abc import Iterator
from itertools import repeat

from pgtune.maintenance.outcomes import DONE
from pgtune.maintenance.record import Entry, Recorded, Run, Working
from pgtune.maintenance.work import Outcome, Result
from pgtune.model.units import human_bytes
from pgtune.report.maintain import words
from pgtune.report.maintain.table import MOST_ITEMS, more
from pgtune.report.paper import Paper, visible
from pgtune.report.plain import count, version_text

GOOD = DONE | {Outcome.GONE, Outcome.DEFERRED}


def table(run: Run, paper: Paper | None = None) -> str:
    """The whole run; what went well is only counted."""
    paper = paper or Paper()
    lines = [*paper.wrapped(_title(run), role="title"), *paper.wrapped(summary(run))]
    for heading, items, mark, role in (
        ("Alarms", [_alarm(run, number) for number in range(len(run.alarms))], "!", "warning"),
        ("Left behind", list(run.debris), "!", "warning"),
        ("Not done", list(_not_done(run)), "-", "heading"),
        ("Put off", [f"{each.job.target.shown}: {each.why}" for each in run.deferred], "-", "heading"),
        ("Skipped", [_skipped(run, number) for number in range(len(run.skipped))], "-", "heading"),
        ("Notes", list(run.notes), "-", "heading"),
    ):
        if items:
            shown = [*items[:MOST_ITEMS], *more(len(items) - MOST_ITEMS)]
            lines += ["", paper.paint(heading, role), *paper.bullets(shown, repeat(mark))]
    return paper.finish(lines)


def summary(run: Run) -> str:
    """How it ended, in one line."""
    kinds = Counter(r.job.kind.value for r in run.results if r.outcome in DONE)
    done = ", ".join(f"{number} {kind}" for kind, number in kinds.items()) or "nothing"
    others = Counter(r.outcome.value for r in run.results if r.outcome not in DONE)
    parts = [f"Done: {done}", *(f"{outcome}: {number}" for outcome, number in others.items())]
    won = sum(given_back(r) for r in run.results)
    parts += [f"{human_bytes(won)} given back"] if won > 0 else []
    parts += [f"{len(run.deferred)} put off"] if run.deferred else []
    parts += [f"ended early: {run.ended_early}"] if run.ended_early else []
    return "; ".join(parts)


def line(result: Result) -> str:
    """One result for a log."""
    took = f" in {words.duration(result.seconds)}" if result.seconds is not None else ""
    sizes = f", {human_bytes(given_back(result))} given back" if given_back(result) > 0 else ""
    detail = f": {result.detail}" if result.detail else ""
    return f"{result.job.kind.value} {result.job.target.shown}: {result.outcome.value}{took}{sizes}{detail}"


def working(each: Working) -> str:
    """What a session is doing, short enough for a line of a terminal."""
    share = f" {each.share:.0%}" if each.share is not None else ""
    phase = f" {each.phase}{share}" if each.phase else ""
    waits = ", waiting" if each.waiting else ""
    return visible(f"{each.kind.value} {each.shown} {words.duration(each.seconds)}{phase}{waits}")


def given_back(result: Result) -> int:
    """Bytes that a job gave back to the disk; what grew meanwhile gave none."""
    if result.bytes_before is None or result.bytes_after is None or result.outcome not in DONE:
        return 0
    return max(0, result.bytes_before - result.bytes_after)


def history(runs: tuple[Recorded, ...], paper: Paper | None = None, *, entries: bool = False) -> str:
    """The runs that the history knows; with `entries` every statement of them."""
    paper = paper or Paper()
    lines: list[str] = []
    for run in runs:
        lines += ["", *paper.wrapped(_heading(run), role="heading")]
        lines += paper.wrapped(_counts(run), 2)
        lines += paper.wrapped(run.detail, 2, role="warning") if run.detail else []
        for entry in run.entries if entries else ():
            lines += paper.wrapped(_entry(entry), 4, 2)
    return paper.finish(lines)


def _title(run: Run) -> str:
    return f"Maintenance run {run.number} on {run.target}: PostgreSQL {version_text(run.version)}"


def _alarm(run: Run, number: int) -> str:
    alarm = run.alarms[number]
    where = f"{alarm.target.shown} in {alarm.database}" if alarm.target else alarm.database
    return f"{where}: {alarm.what}"


def _skipped(run: Run, number: int) -> str:
    each = run.skipped[number]
    help_ = f"; {each.grant}" if each.grant else ""
    return f"{each.kind.value} {each.target.shown} in {each.database}: {each.why}{help_}"


def _not_done(run: Run) -> Iterator[str]:
    for result in run.results:
        if result.outcome in GOOD:
            continue
        yield f"{result.job.kind.value} {result.job.target.shown}: {result.outcome.value}, {result.detail}"
        yield from (f"{result.job.target.shown}: {words.blocker(each)}" for each in result.blocked_by)


def _heading(run: Recorded) -> str:
    ended = "not ended: it is at work, or was cut off" if run.ended is None else f"exit code {run.exit_code}"
    return f"run {run.number}, {run.began[:19].replace('T', ' ')} UTC, {ended}"


def _counts(run: Recorded) -> str:
    outcomes = Counter(each.outcome.value if each.outcome else "begun, no end" for each in run.entries)
    told = ", ".join(f"{number} {outcome}" for outcome, number in outcomes.items())
    return f"on {run.target}: {count(len(run.entries), 'statement')}{f' ({told})' if told else ''}"


def _entry(entry: Entry) -> str:
    took = f" in {words.duration(entry.seconds)}" if entry.seconds is not None else ""
    outcome = entry.outcome.value if entry.outcome else "begun, no end"
    detail = f": {entry.detail}" if entry.detail else ""
    return f"{entry.kind.value} {entry.schema}.{entry.name} in {entry.database}: {outcome}{took}{detail}"
