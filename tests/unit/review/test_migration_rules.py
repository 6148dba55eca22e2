"""Every migration rule: its own two examples, its place in the catalogue, and the names others have for it."""

import pytest

from pgtune.model.finding import SEVERITIES
from pgtune.review.catalogue import MIGRATION
from pgtune.review.rule import Rule
from pgtune.sqltext.parse import trees
from tests.unit.review.migrating import codes, review

RULES = [rule for rule, _ in MIGRATION]

# The rules that other linters have for migrations, by their own names.
SQUAWK = [
    "require-concurrent-index-creation", "ban-concurrent-index-creation-in-transaction",
    "require-concurrent-index-deletion", "require-concurrent-reindex", "adding-field-with-default",
    "adding-required-field", "adding-not-nullable-field", "changing-column-type", "constraint-missing-not-valid",
    "adding-foreign-key-constraint", "disallowed-unique-constraint", "adding-serial-primary-key-field",
    "ban-drop-column", "ban-drop-table", "ban-drop-database", "ban-drop-not-null", "renaming-column", "renaming-table",
    "ban-truncate-cascade", "prefer-repack", "require-concurrent-partition-detach", "require-lock-timeout",
    "require-statement-timeout", "transaction-nesting", "ban-uncommitted-transaction", "prefer-bigint-over-int",
    "prefer-bigint-over-smallint", "prefer-identity", "prefer-text-field", "prefer-timestamp-tz", "ban-char-field",
    "require-enum-value-ordering", "ban-alter-domain-with-add-constraint", "ban-create-domain-with-constraint",
    "prefer-robust-stmts",
]  # fmt: skip
EUGENE = [*(f"E{number}" for number in range(1, 12)), "E15", "W12", "W13", "W14"]
STRONG_MIGRATIONS = (
    "removing a column", "changing the type of a column", "renaming a column", "renaming a table",
    "renaming a schema", "creating a table with the force option", "adding an auto-incrementing column",
    "adding a stored generated column", "adding a check constraint", "backfilling data",
    "adding an index non-concurrently", "removing an index", "adding a reference", "adding a foreign key",
    "adding a unique constraint", "adding an exclusion constraint", "adding a json column",
    "setting NOT NULL on an existing column", "adding a column with a default value",
)  # fmt: skip
UNSAFE = set(range(1, 32)) - {7, 30}  # dropping a tablespace; a mistake that does not parse
PGRUBIC = [
    *(f"US{number:03}" for number in sorted(UNSAFE)), *(f"TP{number:03}" for number in (1, 4, 5, 6, 7, 8, 9, 10)),
    "GN006", "GN022", "GN023",
]  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_wrong_is_found_and_right_is_not(rule: Rule) -> None:
    """The first example of a rule is found by it, on no server at all; the second is not."""
    assert rule.code in codes(review(rule.wrong, transaction=False), minor=True)
    assert rule.code not in codes(review(rule.right, transaction=False), minor=True)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_words_are_whole(rule: Rule) -> None:
    """A rule has all the words that its page is made of, and its examples are SQL."""
    assert rule.title
    assert not rule.title.endswith(".")
    assert rule.why.endswith(".")
    assert rule.remedy.endswith(".")
    assert rule.source
    assert rule.severity in SEVERITIES
    assert trees(rule.wrong)
    assert trees(rule.right)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_nothing_is_graver_than_its_rule_says(rule: Rule) -> None:
    """`severity` of a rule is the gravest that it gives."""
    for code, remark in review(rule.wrong, transaction=False):
        gravest = next(each.severity for each in RULES if each.code == code)
        assert SEVERITIES.index(remark.severity) >= SEVERITIES.index(gravest), code


def test_codes_are_unique() -> None:
    """A code names one rule."""
    assert len({rule.code for rule in RULES}) == len(RULES)


@pytest.mark.parametrize(
    "name",
    [
        *(f"squawk {each}" for each in SQUAWK),
        *(f"eugene {each}" for each in EUGENE),
        *(f"strong_migrations {each}" for each in STRONG_MIGRATIONS),
        *(f"pgrubic {each}" for each in PGRUBIC),
    ],
)
def test_rules_of_others_are_covered(name: str) -> None:
    """What another linter finds in a migration has a rule here, known by that name."""
    assert any(name in rule.known_as for rule in RULES)
