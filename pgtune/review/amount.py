"""How much a statement has to do: the rows that it reads or writes, as a person says it."""

from typing import NamedTuple

from pgtune.model.finding import Severity
from pgtune.model.name import Name
from pgtune.plans.sizes import BIG_PAGES, HUGE_PAGES, SOME_PAGES
from pgtune.plans.words import rows_of
from pgtune.review.step import Step

CHANGES = {"UpdateStmt": "updates", "DeleteStmt": "deletes", "MergeStmt": "merges", "InsertStmt": "inserts"}


class Work(NamedTuple):
    """What a statement does that takes long: how grave, in words, and whether its size is known."""

    severity: Severity
    words: str
    known: bool


def touched(step: Step) -> Work | None:
    """The long work of a step, None if there is none, or none that anybody knows of."""
    if step.kind in CHANGES:
        return changed(step)
    if step.kind == "TruncateStmt":
        return None  # a new file, but an empty one
    rewritten = [each for each in step.does.rewritten if step.old(each)]
    scanned = [each for each in step.does.scanned if step.old(each)]
    found = [(each, "rewrites") for each in rewritten] + [(each, "reads") for each in scanned]
    if not found:
        return None
    table, verb = max(found, key=lambda each: step.scene.pages(each[0]) or 0)
    grave = step.graveness(table)
    return None if grave in {None, "note"} else Work(grave, f"{verb} all of {step.shown(table)}", step.sized(table))


def changed(step: Step) -> Work | None:
    """What a statement that changes rows of a table of before has to do."""
    table, verb = step.relation, CHANGES[step.kind]
    if not step.old(table):
        return None
    rows = step.does.rows if step.traced else None
    if rows is None and "whereClause" not in step.node and step.kind in {"UpdateStmt", "DeleteStmt"}:
        return _all_of(step, table, verb)
    pages = _pages(step, table, rows)
    severity = _grave(pages)
    return Work(severity, f"{verb} {rows_of(rows or 0)} of {step.called(table)}", known=True) if severity else None


def _all_of(step: Step, table: Name, verb: str) -> Work | None:
    grave = step.graveness(table)
    return Work(grave, f"{verb} all of {step.shown(table)}", step.sized(table)) if grave else None


def _pages(step: Step, table: Name, rows: float | None) -> float:
    """The pages' worth of rows that are touched; 100 rows are taken to fill one where nobody knows."""
    if rows is None:
        return 0.0
    known = step.scene.table(table)
    each = known.pages / known.rows if known is not None and known.rows > 0 and known.pages else 0.01
    return rows * each


def _grave(pages: float) -> Severity | None:
    if pages >= HUGE_PAGES:
        return "error"
    return None if pages < SOME_PAGES else "warning" if pages >= BIG_PAGES else "note"
