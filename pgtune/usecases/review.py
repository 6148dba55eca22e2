"""`pgtune review`: the SQL of files or of a change, traced and planned on a twin, becomes findings on its lines."""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from pgtune.model.errors import NotAllowed, TookTooLong
from pgtune.model.finding import Finding
from pgtune.review import baseline, suppression
from pgtune.review.catalogue import MIGRATION, QUERY
from pgtune.review.fingerprint import copies, fingerprinted
from pgtune.review.policy import matches
from pgtune.review.ranking import ranked
from pgtune.review.result import Looked, Review
from pgtune.review.rule import Rule
from pgtune.review.suppression import Sorted, suppressed
from pgtune.sources.project import Comment, Sql
from pgtune.usecases.deadline import within
from pgtune.usecases.review_ground import Ground, stand
from pgtune.usecases.review_judging import Judge, Judged, finding_of
from pgtune.usecases.review_matter import Matter, Request, gather

Tell = Callable[[str], None]

GRACE = 10.0  # seconds that a step may go on when the time is over: none that ends by itself takes so long

__all__ = ["Request", "review", "write_baseline"]


def review(request: Request, tell: Tell) -> Review:
    """Review files or a change.

    Nothing of them is run anywhere but their DDL on the twin; a server is only read from, before that.

    Raises:
        BadInput: a path, revision, file or option cannot be used.
        CannotConnect, NotAllowed, ConnectionLost: as the server answers that a snapshot is taken of.
        TookTooLong: the time was over before anything could be judged.
    """
    until = time.monotonic() + request.seconds
    tell("reading the files")
    with ExitStack() as stack, within(request.seconds + GRACE):
        matter = gather(request)
        ground = stand(stack, request, matter, tell)
        judge = Judge(request, matter, ground, tell, until)
        try:
            judge.judge()
        except TookTooLong as error:
            ground.notes.append(f"{error} in the midst of a step: what came behind it was not reviewed")
    return _told(matter, ground, judge.found)


def _told(matter: Matter, ground: Ground, judged: Judged) -> Review:
    """What was found, after policy, comments and baseline."""
    spoken = [(finding_of(*each), *each[:2]) for each in judged.said]
    counting = [each for each in spoken if matter.counts(each[1])]
    findings = matter.policy.judged(_marked(counting, matter))
    sorted_ = suppressed(findings, matter.project.comments, matter.policy, _judges(matter, ground))
    remarks = matter.policy.judged(fingerprinted((finding, text, 0) for finding, text in sorted_.remarks))
    every = (*sorted_.findings, *remarks)
    new = baseline.without(every, matter.known)
    return Review(
        origin=ground.origin,
        findings=ranked(new),
        skipped=tuple(dict.fromkeys((*matter.skipped, *judged.skipped))),
        silenced=sorted_.silenced,
        known=len(every) - len(new),
        elsewhere=len(spoken) - len(counting),
        looked=Looked(matter.files, len(matter.migrations), len(matter.queries), judged.planned),
        rules=_rules((rule for _, _, rule in spoken), sorted_),
        plans=tuple(judged.plans),
        moved=tuple(judged.moved),
        notes=tuple(dict.fromkeys((*matter.notes, *ground.notes))),
        fail_on=matter.policy.fail_on,
    )


def _marked(spoken: Sequence[tuple[Finding, Sql, Rule]], matter: Matter) -> Iterable[Finding]:
    """The findings with their fingerprints, in the order of their files and lines."""
    paths = {sql.path for _, sql, _ in spoken}
    project = matter.project
    every = [*(each for migration in project.migrations for each in migration.statements), *project.queries]
    number = copies(sorted((each for each in every if each.path in paths), key=lambda each: (each.path, each.line)))
    ordered = sorted(spoken, key=lambda each: (each[0].path, each[0].line, each[0].code))
    return fingerprinted((finding, sql.text, number.get(sql, 0)) for finding, sql, _ in ordered)


def _judges(matter: Matter, ground: Ground) -> suppression.Judges:
    """Whether a comment is worth a word: what it covers was looked at, by a rule that could have spoken."""
    codes = {rule.code for rule, _ in (*QUERY, *MIGRATION)}

    def judges(comment: Comment, code: str) -> bool:
        change = matter.change
        if not code:
            return change is None or change.touches(comment.path, comment.line, comment.line)
        first, last = comment.covers
        if change is not None and not change.touches(comment.path, min(max(first, comment.line + 1), last), last):
            return False
        whole = ground.sized and ground.twin is not None
        return whole or not any(matches(each, code) for each in codes)

    return judges


def _rules(rules: Iterable[Rule], sorted_: Sorted) -> dict[str, Rule]:
    said = {finding.code for finding, _ in sorted_.remarks}
    return {rule.code: rule for rule in (*rules, *(each for each in suppression.RULES if each.code in said))}


def write_baseline(path: Path, found: Review) -> None:
    """Write what was found as a baseline.

    Raises:
        NotAllowed: the file cannot be written.
    """
    try:
        path.write_text(baseline.written(found.findings), encoding="utf-8")
    except OSError as error:
        raise NotAllowed(f"{path} cannot be written: {error.strerror}") from None
