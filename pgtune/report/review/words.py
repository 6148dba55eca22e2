"""The words that every form of a review uses."""

from collections.abc import Iterable, Iterator, Mapping

from pgtune.model.finding import SEVERITIES, Finding, Severity
from pgtune.model.units import human_bytes
from pgtune.report.plain import count
from pgtune.review.result import Moved, Review

CLEAN = "Nothing to say."
WHY = "pgtune why CODE says more about a finding, and how to mend it."
PLURALS: Mapping[Severity, str] = {"error": "errors", "warning": "warnings", "note": "notes"}


def title(review: Review) -> str:
    """What was reviewed against what."""
    return f"Review: {review.origin}"


def looked(review: Review) -> str:
    """`3 files, 2 migrations, 14 queries (13 planned)`."""
    found = review.looked
    planned = f" ({found.planned} planned)" if found.queries else ""
    return (
        f"{count(found.files, 'file')}, {count(found.migrations, 'migration')}, "
        f"{count(found.queries, 'query', 'queries')}{planned}"
    )


def summary(review: Review) -> str:
    """How many findings of which gravity, and how many are not shown for which reason."""
    counts = [
        count(number, severity, PLURALS[severity])
        for severity in SEVERITIES
        if (number := sum(each.severity == severity for each in review.findings))
    ]
    more = beside(review)
    return ", ".join(counts or [CLEAN.rstrip(".")]) + (f"; {more}" if more else "")


def beside(review: Review) -> str:
    """How many findings are not shown, and why; empty where there are none."""
    return ", ".join(_beside(review))


def _beside(review: Review) -> Iterator[str]:
    if review.silenced:
        yield f"{len(review.silenced)} silenced by {'a comment' if len(review.silenced) == 1 else 'comments'}"
    if review.known:
        yield f"{review.known} known from the baseline"
    if review.elsewhere:
        yield f"{review.elsewhere} on lines that the change did not touch"
    if review.skipped:
        yield f"{len(review.skipped)} not reviewed"


def severity(finding: Finding) -> str:
    """How grave it is, and whether anybody could look at what it depends on."""
    return finding.severity if finding.verified else f"{finding.severity}, unverified"


def place(path: str, line: int) -> str:
    """`db/1.sql:12`; the whole file has no line."""
    return f"{path}:{line}" if line else path


def by_path(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """The findings by their files; the file with the gravest one comes first."""
    found: dict[str, list[Finding]] = {}
    for each in findings:
        found.setdefault(each.path, []).append(each)
    return found


def size(moved: Moved) -> str:
    """The size of its table, `unknown` where nobody knows."""
    return "unknown" if moved.bytes is None else human_bytes(moved.bytes)


def work(moved: Moved) -> str:
    """What happens to the table while it is locked."""
    done = [word for word, holds in (("rewritten", moved.rewritten), ("read whole", moved.scanned)) if holds]
    return " and ".join(done) or "no row is read"


def shortened(sql: str, room: int = 200) -> str:
    """The statement on one line, cut where it is longer than the room."""
    line = " ".join(sql.split())
    return line if len(line) <= room else f"{line[: room - 4].rstrip()} ..."
