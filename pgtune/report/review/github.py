"""A review as GitHub's workflow commands: each becomes an annotation on its line of the pull request.

GitHub shows ten errors, ten warnings and ten notices of a step; the findings are ranked, so that these are the gravest.
What is beyond is printed as plain lines.
"""

from collections import Counter
from collections.abc import Mapping

from pgtune.model.finding import Finding, Severity
from pgtune.report.paper import visible
from pgtune.report.review import words
from pgtune.review.result import Review

SHOWN = 10  # annotations of each kind a step
LONGEST = 4_000  # characters of a fix: an annotation is a box beside a line
COMMANDS: Mapping[Severity, str] = {"error": "error", "warning": "warning", "note": "notice"}


def github(review: Review) -> str:
    """One command or one plain line a finding; then what was not reviewed, and the sum."""
    given: Counter[Severity] = Counter()
    lines = []
    for each in review.findings:
        given[each.severity] += 1
        lines.append(_command(each) if given[each.severity] <= SHOWN else plain(each))
    lines += [_harmless(f"not reviewed: {words.place(each.path, each.line)}: {each.why}") for each in review.skipped]
    return "\n".join([*lines, _harmless(words.summary(review))]) + "\n"


def _command(finding: Finding) -> str:
    properties = {"file": finding.path, "line": str(max(1, finding.line)), "title": _title(finding)}
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    fix = finding.fix if len(finding.fix) <= LONGEST else ""
    message = "\n".join(part for part in (finding.message, finding.help, fix) if part)
    return f"::{COMMANDS[finding.severity]} {told}::{_data(message)}"


def _title(finding: Finding) -> str:
    return finding.code if finding.verified else f"{finding.code} (unverified)"


def _data(text: str) -> str:
    """Text as a command's message takes it: the runner undoes just these three."""
    return _spelt(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(visible(text)).replace(":", "%3A").replace(",", "%2C")


def _spelt(text: str) -> str:
    return "\n".join(visible(line) for line in text.splitlines()).replace("##[", "## [")


def plain(finding: Finding) -> str:
    """The finding as compilers print theirs."""
    where = words.place(finding.path, max(1, finding.line))
    return _harmless(f"{where}: {words.severity(finding)}: {finding.message} [{finding.code}]")


def _harmless(text: str) -> str:
    """One line that the runner does not take for a command: those begin with two colons, or have ##[ in them."""
    line = visible(text).replace("##[", "## [")
    return f" {line}" if line.startswith("::") else line
