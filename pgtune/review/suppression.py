"""Comments that silence findings: honoured with a code and a reason, and said where they silence nothing."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pgtune.model.finding import Finding
from pgtune.review.policy import Policy, matches
from pgtune.review.rule import Rule
from pgtune.sources.project import Comment

_SOURCE = "docs/review.md, Silencing a finding"

REASON = Rule(
    code="review.suppression-reason",
    severity="warning",
    title="A comment silences a finding without saying why",
    why="Who reads the statement later cannot tell whether the danger was weighed or only the message was unwelcome.",
    remedy="Say behind the code why the finding does not matter here.",
    wrong="-- pgtune: ignore query.select-star\nSELECT * FROM orders WHERE id = $1;",
    right="-- pgtune: ignore query.select-star the export needs every column\nSELECT * FROM orders WHERE id = $1;",
    source=_SOURCE,
)
UNUSED = Rule(
    code="review.suppression-unused",
    severity="note",
    title="A comment silences nothing",
    why="The statement was mended, or the code is misspelt; left alone, the comment silences the next finding unseen.",
    remedy="Take the comment out, or correct its code.",
    wrong="-- pgtune: ignore query.offset small table\nSELECT id FROM orders WHERE id = $1;",
    right="SELECT id FROM orders WHERE id = $1;",
    source=_SOURCE,
)
FORBIDDEN = Rule(
    code="review.suppression-forbidden",
    severity="warning",
    title="A comment wants to silence what the project's policy does not let it",
    why="The policy names codes that are decided by whoever keeps the policy, not in the change itself.",
    remedy="Mend the finding, or change `not-suppressible` in pgtune.toml in a change of its own.",
    wrong="-- pgtune: ignore migration.rewrite it is late\nALTER TABLE orders ALTER id TYPE bigint;",
    right="ALTER TABLE orders ADD COLUMN id_new bigint;",
    source=_SOURCE,
)
RULES = (REASON, UNUSED, FORBIDDEN)


@dataclass(frozen=True, slots=True)
class Silenced:
    """A finding that a comment silences, with the comment's line and reason."""

    finding: Finding
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Sorted:
    """The findings that are left, what comments silence, and what is to be said of the comments themselves."""

    findings: tuple[Finding, ...]
    silenced: tuple[Silenced, ...]
    remarks: tuple[tuple[Finding, str], ...]  # each with a text to take its fingerprint from


Judges = Callable[[Comment, str], bool]


def suppressed(
    findings: Iterable[Finding], comments: Sequence[Comment], policy: Policy, judges: Judges = lambda *_: True
) -> Sorted:
    """The findings after the comments: one without a reason, or against the policy, silences nothing.

    `judges` says of a comment and its code whether what it covers was looked at by that rule, so that it is unused if
    nothing was found; of a comment without a reason (and with the code "") whether it is to be said.
    """
    left, silenced = [], []
    remarks: list[tuple[Finding, str]] = []
    used: set[tuple[int, str]] = set()
    by_path: dict[str, list[tuple[int, Comment]]] = {}
    for number, comment in enumerate(comments):
        by_path.setdefault(comment.path, []).append((number, comment))
    for finding in findings:
        speaking = list(_speaking(finding, by_path.get(finding.path, ())))
        used.update((number, code) for number, _, code in speaking)
        honoured = [comment for _, comment, _ in speaking if comment.reason]
        forbidden = any(matches(finding.code, each) for each in policy.not_suppressible)
        if honoured and not forbidden:
            silenced.append(Silenced(finding, honoured[0].line, honoured[0].reason))
            continue
        left.append(finding)
        if honoured:
            remarks.append(_forbidden(finding, honoured[0]))
    remarks += [_without_reason(each) for each in comments if not each.reason and judges(each, "")]
    for number, comment in enumerate(comments):
        idle = [code for code in comment.codes if (number, code) not in used and judges(comment, code)]
        remarks += [_unused(comment, idle)] if idle and comment.reason else []
    return Sorted(tuple(left), tuple(silenced), tuple(remarks))


def _speaking(finding: Finding, comments: Iterable[tuple[int, Comment]]) -> Iterator[tuple[int, Comment, str]]:
    """The comments that cover the finding's line and name its code, each with the code as it names it."""
    for number, comment in comments:
        first, last = comment.covers
        if first <= finding.line <= last:
            yield from ((number, comment, code) for code in comment.codes if matches(finding.code, code))


def _remark(rule: Rule, comment: Comment, message: str) -> tuple[Finding, str]:
    remedy = rule.remedy[:1].lower() + rule.remedy[1:].rstrip(".")
    finding = Finding(rule.code, rule.severity, comment.path, max(1, comment.line), message, remedy)
    return finding, f"{', '.join(comment.codes)} {comment.reason}"


def _without_reason(comment: Comment) -> tuple[Finding, str]:
    codes = ", ".join(comment.codes) or "no code"
    return _remark(REASON, comment, f"the comment names {codes} and no reason, so it silences nothing")


def _unused(comment: Comment, codes: Sequence[str]) -> tuple[Finding, str]:
    return _remark(UNUSED, comment, f"nothing is found here that is called {', '.join(codes)}")


def _forbidden(finding: Finding, comment: Comment) -> tuple[Finding, str]:
    return _remark(FORBIDDEN, comment, f"{finding.code} cannot be silenced by a comment: the policy says so")
