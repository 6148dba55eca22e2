"""A review as JSON: docs/schemas/pgtune.review.1.json."""

from pgtune.report.json import dumps
from pgtune.review.result import SCHEMA, Review


def json_text(review: Review) -> str:
    """The findings and what was not reviewed."""
    return dumps({"schema": SCHEMA, "findings": review.findings, "skipped": review.skipped})
