"""A review as JUnit's XML, which nearly every CI shows: a finding is a test case, what makes it fail a failure."""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from pgtune.model.finding import Finding, Skipped
from pgtune.report import paper
from pgtune.report.review import words
from pgtune.review.result import Review


def junit(review: Review) -> str:
    """One suite; without a finding it holds one case, which passes."""
    failing = set(review.failing)
    suite = Element("testsuite", name="pgtune review", errors="0")
    for finding in review.findings:
        _case(suite, finding, fails=finding in failing)
    for skipped in review.skipped:
        _skipped(suite, skipped)
    if not len(suite):
        SubElement(suite, "testcase", classname="pgtune.review", name=words.CLEAN)
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(failing)))
    suite.set("skipped", str(len(review.skipped)))
    root = Element("testsuites", name="pgtune review")
    root.append(suite)
    indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(root, encoding="unicode")}\n'


def _case(suite: Element, finding: Finding, *, fails: bool) -> None:
    where = visible(words.place(finding.path, finding.line))
    case = SubElement(suite, "testcase", classname=visible(finding.path), name=f"{finding.code} at {where}")
    case.set("file", visible(finding.path))
    case.set("line", str(finding.line))
    parts = [where, finding.message, finding.help, finding.fix]
    told = "\n".join(_lines(part) for part in parts if part)
    if fails:
        failure = SubElement(case, "failure", type=finding.code, message=visible(finding.message))
        failure.text = told
    else:
        SubElement(case, "system-out").text = f"{words.severity(finding)}: {told}"


def visible(text: str) -> str:
    """The text on one line, without what XML 1.0 has no way to write: control characters and two that are none."""
    return paper.visible(text).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")


def _lines(text: str) -> str:
    """The text in its lines."""
    return "\n".join(visible(line) for line in text.splitlines())


def _skipped(suite: Element, skipped: Skipped) -> None:
    where = visible(words.place(skipped.path, skipped.line))
    case = SubElement(suite, "testcase", classname=visible(skipped.path), name=f"not reviewed: {where}")
    SubElement(case, "skipped", message=visible(skipped.why))
