"""A review as SARIF 2.1.0, the form that code scanning takes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from pgtune import __version__
from pgtune.model.finding import Finding, Skipped
from pgtune.report.json import dumps
from pgtune.report.markdown import code, fenced, text
from pgtune.report.paper import visible
from pgtune.report.review import words
from pgtune.review.result import Review
from pgtune.review.rule import Rule

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LARGEST = 5_000  # results of a run that GitHub shows
DOCUMENTATION = "https://www.postgresql.org/docs/current/"
PAGES: Mapping[str, str] = {"migration": "explicit-locking.html", "review": "index.html"}
PAGE = "using-explain.html"  # what codes that speak of queries and plans rest on


def sarif(review: Review) -> str:
    """One run: the rules of the findings, the findings ranked, and what was not reviewed as notifications."""
    shown = review.findings[:LARGEST]
    codes = list(dict.fromkeys(each.code for each in shown))
    run = {
        "tool": {"driver": {
            "name": "pgtune", "version": __version__, "semanticVersion": __version__,
            "rules": [_rule(each, review.rules.get(each)) for each in codes],
        }},
        "invocations": [{
            "executionSuccessful": True,
            "toolExecutionNotifications": [_notification(each) for each in review.skipped],
        }],
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, codes) for each in shown],
        "properties": {"statistics": review.origin},
    }  # fmt: skip
    return dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(name: str, rule: Rule | None) -> dict[str, Any]:
    family = name.split(".", maxsplit=1)[0]
    uri = DOCUMENTATION + PAGES.get(family, PAGE)
    if rule is None:
        return {"id": name, "helpUri": uri}
    return {
        "id": name,
        "name": "".join(word.capitalize() for word in name.replace("-", ".").split(".")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": f"{rule.title}. {rule.why}"},
        "help": {"text": f"{rule.why}\n\n{rule.remedy}\n\n{rule.source}", "markdown": _help(rule)},
        "helpUri": uri,
        "defaultConfiguration": {"level": rule.severity},
        "properties": {"tags": ["postgresql", family], "precision": "high"},
    }


def _help(rule: Rule) -> str:
    parts = [text(rule.why), f"**Instead:** {text(rule.remedy)}", "Found:", fenced(rule.wrong, "sql")]
    parts += ["Not found:", fenced(rule.right, "sql")] if rule.right else []
    return "\n\n".join([*parts, f"Source: {text(rule.source)}", f"More: {code(f'pgtune why {rule.code}')}"])


def _result(finding: Finding, codes: Sequence[str]) -> dict[str, Any]:
    return {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": finding.severity,
        "message": {"text": "\n\n".join(_message(finding))},
        "locations": [_location(finding.path, finding.line)],
        "partialFingerprints": {"pgtuneFinding/v1": finding.fingerprint},
        "properties": {"verified": finding.verified},
    }


def _message(finding: Finding) -> Iterator[str]:
    """The message; brackets would be links in it, and braces arguments."""
    unverified = "" if finding.verified else " (unverified)"
    yield _plain(f"{finding.message}{unverified}")
    if finding.help:
        yield _plain(finding.help)
    if finding.fix:
        yield "\n".join(_plain(line) for line in finding.fix.splitlines())


def _plain(line: str) -> str:
    escaped = visible(line).replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return escaped.replace("{", "{{").replace("}", "}}")


def _location(path: str, line: int) -> dict[str, Any]:
    """Where it is: a path from the project's root as a URI, and a line that counts from 1."""
    artifact = {"uri": quote(_bytes(path), safe="/"), "uriBaseId": "%SRCROOT%"}
    return {"physicalLocation": {"artifactLocation": artifact, "region": {"startLine": max(1, line)}}}


def _bytes(path: str) -> bytes:
    """The path as the file system has it, also where that is no UTF-8."""
    try:
        return path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return path.encode("utf-8", "surrogatepass")


def _notification(skipped: Skipped) -> dict[str, Any]:
    message = f"not reviewed: {words.place(skipped.path, skipped.line)}: {skipped.why}"
    return {"level": "note", "message": {"text": _plain(message)}, "locations": [_location(skipped.path, skipped.line)]}
