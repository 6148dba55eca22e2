"""How grave a remark is: by the size of the table, and at most a note where only a glance at the text was had."""

from collections.abc import Iterator

from pgtune.model.finding import SEVERITIES, Severity
from pgtune.model.name import Name
from pgtune.review.rule import Remark
from pgtune.review.step import Step


def by_size(  # noqa: PLR0913  (a remark's parts)
    step: Step, table: Name, message: str, help_: str, fix: str = "", *, at: int = 0, most: Severity = "error",
) -> Iterator[Remark]:  # fmt: skip
    """The remark, as grave as the table is big; none on a table too small to matter."""
    severity = step.graveness(table)
    if severity is not None:
        severity = capped(severity, most)
        yield Remark(severity, f"{message}{step.aside}", help_, fix, step.place(at), verified=step.sized(table))


def capped(severity: Severity, most: Severity) -> Severity:
    """The severity, but never graver than `most`."""
    return max(severity, most, key=SEVERITIES.index)
