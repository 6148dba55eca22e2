"""A project's policy: read strictly, applied to codes, their families and paths."""

import pytest

from pgtune.model.errors import BadInput
from pgtune.model.finding import Finding
from pgtune.review.policy import Policy, load, matches

TEXT = """
[maintain]
window = "whatever other commands have"
[review]
fail-on = "warning"
ignore = ["db/seeds/**", "./vendor/*.sql"]
not-suppressible = ["migration.*"]
[review.severity]
"query.*" = "note"
"query.select-star" = "off"
"migration.rewrite" = "error"
"""


def finding(code, severity="warning"):
    return Finding(code, severity, "a.sql", 1, "m", "h")


def test_a_policy_is_read():
    """Other tables are other commands' business."""
    policy = load(TEXT)
    assert (policy.fail_on, policy.not_suppressible) == ("warning", ("migration.*",))
    assert load("") == Policy()


def test_severities_by_code_and_family():
    """The longest pattern that fits counts; off leaves the finding out."""
    codes = ["query.select-star", "query.offset", "migration.rewrite", "guide.limit"]
    judged = load(TEXT).judged(finding(code) for code in codes)
    assert [(each.code, each.severity) for each in judged] == [
        ("query.offset", "note"), ("migration.rewrite", "error"), ("guide.limit", "warning")
    ]  # fmt: skip


def test_paths_that_are_not_reviewed():
    """Stars reach over folders."""
    policy = load(TEXT)
    assert [path for path in ("db/seeds/a/b.sql", "vendor/x/y.sql", "vendor/y.py", "db/seeds.sql", "Vendor/y.sql")
            if policy.ignores(path)] == ["db/seeds/a/b.sql", "vendor/x/y.sql"]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[review", "pgtune.toml"),
        ("review = 3", "must be a table"),
        ("[review]\nfail_on = 'error'", "has no fail_on"),
        ("[review]\nfail-on = 'note'", "one of error, warning, never"),
        ("[review]\nfail-on = ['error']", "one of error, warning, never"),
        ("[review]\nignore = 'db'", "list of strings"),
        ("[review]\nignore = [1]", "list of strings"),
        ("[review]\nseverity = 'off'", "must be a table"),
        ("[review.severity]\n'a.b' = 'fatal'", "fatal is none of"),
        ("[review.severity]\na = {b = 'off'}", "is none of"),
        ("x = " + "[" * 100_000, "pgtune.toml"),
    ],
)
def test_a_wrong_policy_is_refused(text, why):
    """A misspelt word must not switch a check off unseen."""
    with pytest.raises(BadInput, match=why):
        load(text)


def test_a_pattern_is_a_code_or_a_whole_family():
    """A lone star silences nothing."""
    assert matches("migration.rewrite", "migration.*")
    assert not matches("migrations.rewrite", "migration.*")
    assert not matches("migration.rewrite", "*")
    assert not matches("migration.rewrite", ".*")
    assert not matches("migration.rewrite", "migration.re*")
