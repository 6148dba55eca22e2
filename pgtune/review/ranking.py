"""In which order findings are read: where only the first ones are shown, they are those that hurt most."""

from collections.abc import Iterable

from pgtune.model.finding import SEVERITIES, Finding, Severity


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The gravest first, what was verified before what was not; among equals as they stand in the files."""
    return tuple(sorted(findings, key=_rank))


def _rank(finding: Finding) -> tuple[int, bool, str, int, str, str]:
    gravity = SEVERITIES.index(finding.severity)
    return gravity, not finding.verified, finding.path, finding.line, finding.code, finding.fingerprint


def at_least(findings: Iterable[Finding], least: Severity) -> tuple[Finding, ...]:
    """Those that are at least so grave."""
    grave = SEVERITIES[: SEVERITIES.index(least) + 1]
    return tuple(each for each in findings if each.severity in grave)
