"""Comments that silence findings: with a code and a reason alone, and never unseen."""

from pgtune.model.finding import Finding
from pgtune.review.policy import Policy
from pgtune.review.suppression import FORBIDDEN, REASON, UNUSED, suppressed
from pgtune.sources.project import Comment

STAR = Finding("query.select-star", "note", "a.sql", 5, "m", "h")
REWRITE = Finding("migration.rewrite", "error", "a.sql", 5, "m", "h")
ANYTHING = Policy()


def comment(*codes, reason="the export needs it", covers=(5, 7), path="a.sql"):
    return Comment(path, 4, codes, reason, covers)


def said(result):
    return [each.code for each, _ in result.remarks]


def test_a_code_with_a_reason_silences():
    """What it silences is kept, with the reason; another code on the same line is not silenced."""
    result = suppressed([STAR, REWRITE], [comment("query.select-star")], ANYTHING)
    assert result.findings == (REWRITE,)
    assert [(each.finding, each.line, each.reason) for each in result.silenced] == [(STAR, 4, "the export needs it")]
    assert said(result) == []


def test_a_family_silences_its_codes():
    """`query.*` is all of query, `*` is nothing."""
    assert suppressed([STAR], [comment("query.*")], ANYTHING).findings == ()
    result = suppressed([STAR], [comment("*")], ANYTHING)
    assert (result.findings, said(result)) == ((STAR,), [UNUSED.code])


def test_without_a_reason_nothing_is_silenced():
    """And it is said, as a warning."""
    result = suppressed([STAR], [comment("query.select-star", reason="")], ANYTHING)
    assert (result.findings, said(result)) == ((STAR,), [REASON.code])
    assert result.remarks[0][0].severity == "warning"


def test_only_the_covered_lines_of_the_same_file():
    """The last line is covered too; a comment that silences nothing is said, as a note."""
    for quiet in (comment("query.select-star", covers=(1, 4)), comment("query.select-star", covers=(6, 9)),
                  comment("query.select-star", path="b.sql")):  # fmt: skip
        result = suppressed([STAR], [quiet], ANYTHING)
        assert (result.findings, said(result)) == ((STAR,), [UNUSED.code])
    assert suppressed([STAR], [comment("query.select-star", covers=(1, 5))], ANYTHING).findings == ()


def test_each_unused_code_is_said():
    """Of two codes one is used: the other one is named."""
    result = suppressed([STAR], [comment("query.select-star", "query.ofset")], ANYTHING)
    assert said(result) == [UNUSED.code]
    assert "query.ofset" in result.remarks[0][0].message
    assert "select-star" not in result.remarks[0][0].message


def test_the_policy_can_forbid_it():
    """Then the finding stays, and the attempt is said."""
    policy = Policy(not_suppressible=("migration.*",))
    result = suppressed([STAR, REWRITE], [comment("query.select-star", "migration.rewrite")], policy)
    assert (result.findings, said(result)) == ((REWRITE,), [FORBIDDEN.code])
