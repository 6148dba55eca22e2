"""A review as GitLab's code quality report."""

from collections.abc import Mapping
from typing import Any

from pgtune.model.finding import Finding, Severity
from pgtune.report.json import dumps
from pgtune.report.paper import visible
from pgtune.review.result import Review

SEVERITIES: Mapping[Severity, str] = {"error": "critical", "warning": "major", "note": "info"}


def gitlab(review: Review) -> str:
    """The list of findings; lines count from 1, as everywhere."""
    return dumps([_entry(each) for each in review.findings])


def _entry(finding: Finding) -> dict[str, Any]:
    unverified = "" if finding.verified else " (unverified)"
    return {
        "description": visible(f"{finding.message}{unverified}. {finding.help}"),
        "check_name": finding.code,
        "fingerprint": finding.fingerprint,
        "severity": SEVERITIES[finding.severity],
        "location": {"path": finding.path, "lines": {"begin": max(1, finding.line)}},
    }
