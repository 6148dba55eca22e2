"""`pgtune why`, run as a user runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pgtune import resources, settings, versions
from pgtune.model.errors import BadInput
from pgtune.report import rule as rule_report
from pgtune.report.paper import Paper
from pgtune.report.why import Entry, Explanation, Facts, markdown, markdown_of_all, table, table_of_all
from pgtune.review.catalogue import RULES
from pgtune.review.rule import Rule
from pgtune.usecases.why import explain, overview, rule_of, rules
from tests.unit.report.golden import check

GOLDEN = Path(__file__).parent / "golden"


def pgtune(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "pgtune", *words], capture_output=True, text=True, check=False)


WORKERS = Explanation(
    name="autovacuum_max_workers",
    does="Sets the maximum number of simultaneously running autovacuum worker processes.",
    family="vacuum",
    rule="One worker more than the default's 3 from 16 CPUs on, two more from 32 on;\nnever fewer than are set.\n\n"
    "A second paragraph, which is long enough that it needs more than one line on a terminal of 80 columns.",
    source="PostgreSQL documentation, 19.10 Vacuuming, autovacuum_max_workers",
    guide="3",
    never_lower=True,
    group="statistics",
    facts=(Facts(14, 17, "3", True), Facts(18, 18, "", False, ("a", "b"))),
)
LEFT_ALONE = Explanation("fsync", "Forces updates to disk.", None, None, None, None, False, None, WORKERS.facts[:1])
ENTRIES = (
    Entry("shared_buffers", "memory", "Sets the number of shared memory buffers used by the server.", True),
    Entry("work_mem", "memory", "Sets the maximum memory.", False),
    Entry("max_parallel_maintenance_workers", "parallel", "Maximum number of workers for one index build.", False),
)


@pytest.mark.parametrize("explained", [WORKERS, LEFT_ALONE], ids=lambda each: each.name)
def test_golden(explained: Explanation) -> None:
    """The pages are as somebody last looked at them: with everything there can be, and without a rule."""
    check(table(explained, Paper(80)), GOLDEN / f"why-{explained.name}.txt")
    check(markdown(explained), GOLDEN / f"why-{explained.name}.md")


def test_golden_of_all() -> None:
    """The lists are as somebody last looked at them."""
    check(table_of_all(ENTRIES, Paper(80)), GOLDEN / "why.txt")
    check(markdown_of_all(ENTRIES), GOLDEN / "why.md")


def test_a_setting_without_a_rule_is_explained_too() -> None:
    """A user may ask about any setting that PostgreSQL has."""
    explained = explain("fsync")
    assert explained.rule is None
    assert "leaves it alone" in table(explained, Paper(80))


@pytest.mark.parametrize("name", settings.RULES)
def test_every_rule_is_explained(name: str) -> None:
    """Each rule says in words what it does and where its figure comes from, on a page and in a list that fit 80."""
    explained = explain(name)
    assert explained.rule
    assert explained.source
    assert explained.does
    assert explained.facts
    page = table(explained, Paper(80))
    assert max(map(len, page.splitlines())) <= 80
    assert " ".join(explained.rule.split()) in " ".join(page.split())


def test_all_lists_each_rule_once_in_80_columns() -> None:
    """One line a setting."""
    lines = table_of_all(overview(), Paper(80)).splitlines()
    names = [line.split()[0] for line in lines if line.startswith("  ")]
    assert names == list(settings.RULES)
    assert max(map(len, lines)) <= 80


def test_the_guides_figure_stands_beside_the_rule() -> None:
    """A user sees what the house guide says, and that there are settings it does not speak of."""
    assert explain("work_mem").guide == "64MB"
    assert explain("jit").guide is None


def test_versions_that_agree_are_taken_together() -> None:
    """Each known version is told of once, in order, and a difference starts a new line."""
    text = resources.text("versions", "settings.toml")
    workers = explain("autovacuum_max_workers").facts
    assert [(each.versions, each.restart) for each in workers] == [("14 to 17", True), ("18", False)]
    assert [each.versions for each in explain("io_method").facts] == ["18"]
    for name in settings.RULES:
        told = [major for each in explain(name).facts for major in range(each.first, each.last + 1)]
        assert told == [major for major in versions.TESTED if name in versions.parameters(text, major)]


def test_command() -> None:
    """`pgtune why NAME` prints the page and succeeds; names are case-insensitive as in PostgreSQL."""
    done = pgtune("why", "Shared_Buffers")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == table(explain("shared_buffers"), Paper(80))


def test_json() -> None:
    """One setting and all of them have a JSON form with a schema version."""
    one = json.loads(pgtune("why", "work_mem", "--output", "json").stdout)
    assert one["schema"] == "pgtune.why/1"
    assert one["name"] == "work_mem"
    assert one["facts"][0]["default"] == "4MB"
    everything = json.loads(pgtune("why", "--output", "json").stdout)
    assert everything["schema"] == "pgtune.why/1"
    assert [each["name"] for each in everything["settings"]] == list(settings.RULES)
    assert {each["code"] for each in everything["rules"]} == set(RULES)


def test_markdown() -> None:
    """Both have a Markdown form."""
    assert pgtune("why", "work_mem", "-o", "markdown").stdout.startswith("# `work_mem`\n\n## What it does\n")
    assert len(pgtune("why", "-o", "markdown").stdout.splitlines()) == len(settings.RULES) + 2 + 1 + len(RULES) + 2


def test_unknown_name_offers_close_ones() -> None:
    """A typing error is a usage error in one line that names what was meant."""
    done = pgtune("why", "shared_bufers")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("pgtune: no setting and no finding shared_bufers: did you mean shared_buffers")
    assert done.stderr.count("\n") == 1


def test_unknown_name_without_anything_close() -> None:
    """Where nothing is near, the list is offered."""
    with pytest.raises(BadInput, match="`pgtune why` lists"):
        explain("zzzzzzzz")


RULE = Rule(
    "migration.made-up", "error", "A title | with a bar", "What goes wrong,\nin two lines.", "What to do instead.",
    "DROP TABLE a;\nDROP TABLE `b`;", "SELECT 1;", "documentation, 1.1", ("squawk a-name", "eugene E0"), once=True,
)  # fmt: skip


def test_golden_of_a_rule() -> None:
    """A rule's two forms are as somebody last looked at them."""
    check(rule_report.table(RULE, Paper(80)), GOLDEN / "why-rule.txt")
    check(rule_report.markdown(RULE), GOLDEN / "why-rule.md")


@pytest.mark.parametrize("code", RULES)
def test_every_rule_of_the_review_is_explained(code: str) -> None:
    """Each code of a finding has its words, whatever its letters' case; prose fits a terminal of 80 columns."""
    rule = rule_of(f" {code.upper()} ")
    assert rule is not None
    assert rule.code == code
    page = rule_report.table(rule, Paper(80))
    examples = (*rule.wrong.splitlines(), *rule.right.splitlines())
    assert all(len(line) <= 80 for line in page.splitlines() if line.strip() not in {each.strip() for each in examples})
    for words in (rule.title, rule.why, rule.remedy, rule.source, *rule.known_as):
        assert " ".join(words.split()) in " ".join(page.split())


def test_all_lists_each_rule_of_the_review_once() -> None:
    """One line a rule, those of a kind together."""
    lines = rule_report.table_of_all(rules(), Paper(80)).splitlines()
    assert sorted(line.split()[0] for line in lines if line.startswith("  ")) == sorted(RULES)
    assert max(map(len, lines)) <= 80
    headings = [line for line in lines if line and not line.startswith("  ")]
    assert len(headings) == len(set(headings))


def test_command_of_a_rule() -> None:
    """`pgtune why CODE` prints the rule in each form, and a mistyped code is offered the right one."""
    done = pgtune("why", "migration.not-null")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == rule_report.table(RULES["migration.not-null"], Paper(80))
    as_json = json.loads(pgtune("why", "migration.not-null", "--output", "json").stdout)
    assert (as_json["schema"], as_json["code"]) == ("pgtune.why/1", "migration.not-null")
    assert pgtune("why", "type.json", "-o", "markdown").stdout.startswith("# `type.json`\n\n")
    assert "did you mean migration.not-null" in pgtune("why", "migration.notnull").stderr
