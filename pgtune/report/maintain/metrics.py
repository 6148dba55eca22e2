"""A run as a Prometheus text file, for node_exporter's textfile collector (exposition format 0.0.4)."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from pgtune.maintenance.record import Run
from pgtune.report.maintain.run import given_back


def metrics(run: Run) -> str:
    """The whole file. Objects are counted, not named: a series for each would outlive it."""
    return "".join(_lines(run))


def _lines(run: Run) -> Iterator[str]:
    where = {"target": run.target}
    began, ended = (datetime.fromisoformat(text).timestamp() for text in (run.began, run.ended))
    jobs = Counter((r.job.database, r.job.kind.value, r.outcome.value) for r in run.results)
    won = sum(given_back(r) for r in run.results)
    yield from _family("exit_code", "Exit code of the last run.", [(where, run.exit_code)])
    yield from _family("last_run_timestamp_seconds", "When the last run ended.", [(where, ended)])
    yield from _family("duration_seconds", "How long the last run took.", [(where, ended - began)])
    yield from _family("given_back_bytes", "Bytes that the last run gave back to the disk.", [(where, won)])
    yield from _family("deferred", "Objects that the last run put off.", [(where, len(run.deferred))])
    yield from _family("skipped", "Objects that the last run had to skip.", [(where, len(run.skipped))])
    yield from _family("alarms", "What a person has to look at.", [(where, len(run.alarms))])
    yield from _family("debris", "Invalid indexes that could not be removed.", [(where, len(run.debris))])
    series = [
        (where | {"database": database, "task": kind, "outcome": outcome}, number)
        for (database, kind, outcome), number in sorted(jobs.items())
    ]
    yield from _family("jobs", "Jobs of the last run by their outcome.", series)


def _family(name: str, words: str, series: Sequence[tuple[dict[str, str], float]]) -> Iterator[str]:
    full = f"pgtune_maintain_{name}"
    yield f"# HELP {full} {words}\n# TYPE {full} gauge\n"
    for labels, value in series:
        told = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"{full}{{{told}}} {value:g}\n" if abs(value) < 1e6 else f"{full}{{{told}}} {value:.3f}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
