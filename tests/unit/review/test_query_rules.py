"""Query rules without a server: what a text alone shows, of several remarks the better one, a rule's own words."""

import re

import pytest

from pgtune import guide, resources
from pgtune.indexes.advise import World
from pgtune.model.errors import NotPlannable, NotSql
from pgtune.review import budget
from pgtune.review.asked import Ground, ask
from pgtune.review.queries import CERTAIN, REPLACES, findings
from pgtune.review.rules.query import EXPLAINED, QUERY
from pgtune.snapshot.snapshot import Snapshot
from pgtune.sources.project import Sql
from pgtune.sqltext.parse import trees
from tests.unit.plans.sample import BIG, MIDDLE, SMALL, plan, scan

SHIPPED = guide.load(resources.text("guide", "guide.toml"))
TEXT_ALONE = Ground.of(SHIPPED, sized=False)
RULES = [rule for rule, _ in QUERY] + list(EXPLAINED)
# `wrong` and `right` of these are code of an application, or need an execution to differ.
NO_SQL = {"query.loop"}


def told(text, ground=TEXT_ALONE, **how):
    return {rule.code: remark for _, rule, remark in findings(ask(Sql(text, "a.py", 3, **how), ground))}


def grounded(root, *tables):
    """A ground whose planner answers every query with this plan, and refuses designs."""

    def planner(_query, design):
        if design.indexes or design.settings:
            raise NotPlannable("not here")
        return plan(root)

    snapshot = Snapshot(180006, "18.6", "", "db", tables=tables)
    return Ground.of(SHIPPED, snapshot, sized=True, world=World(planner, lambda _index: 8192))


@pytest.mark.parametrize("rule", RULES, ids=[rule.code for rule in RULES])
def test_a_rule_says_what_a_page_needs(rule):
    """Words in whole sentences, a source, and examples that are SQL."""
    assert re.fullmatch(r"[a-z]+(\.[a-z-]+)", rule.code)
    assert rule.severity in {"error", "warning", "note"}
    assert all(text.endswith((".", ".)")) for text in (rule.why, rule.remedy))
    assert not rule.title.endswith(".")
    assert rule.source
    assert rule.wrong != rule.right
    if rule.code not in NO_SQL:
        assert trees(rule.wrong)
        assert trees(rule.right)


def test_codes_are_those_of_the_rules():
    """No code twice; what replaces what, and what is certain, speaks of rules that there are."""
    codes = [rule.code for rule in RULES]
    assert len(codes) == len(set(codes))
    assert set(codes) >= CERTAIN | set(REPLACES) | {code for each in REPLACES.values() for code in each}


def test_every_insight_has_its_words():
    """Whatever `pgtune explain` says of a plan has a rule of its code."""
    code = re.compile(r"""["']((?:scan|join|memory|estimate|work)\.[a-z-]+)["']""")
    families = ("scans", "joins", "memory", "estimates", "work")
    said = {found for name in families for found in code.findall(resources.text("plans", f"rules/{name}.py"))}
    assert len(said) > 20
    assert said <= {rule.code for rule in RULES}


SPEAKING = {
    "query.not-in": "select id from a where x not in (select y from b)",
    "query.leading-wildcard": "select id from a where x like '%' || $1 || '%'",
    "query.no-where": "delete from a",
    "query.order-by-random": "select id from a order by random() limit 1",
    "query.count-exists": "select (select count(*) from b where b.x = a.x) > 0 from a where id = $1",
    "query.cross-join": "select 1 from a, b where a.x = 1 and b.y = 2",
    "guide.offset": "select id from a order by id limit 20 offset $1",
    "guide.page-size": "select id from a where id > $1 order by id limit 50",
}


@pytest.mark.parametrize("code", SPEAKING)
def test_a_text_alone_says_it(code):
    """Without any database: the rule speaks, alone, and says that it was not verified where that matters."""
    found = told(SPEAKING[code])
    assert list(found) == [code]
    # the guide's page is what it is, and a DELETE of everything is what it is; the rest depends on sizes
    assert found[code].verified == (code in {"guide.page-size", "query.no-where"})


SILENT = (
    "select id from a where x = $1", "select * from a", "select id from a where x like 'b%'",
    "select id from a order by id limit 20 offset 0", "select id from a order by id limit 1", "select count(*) from a",
    "select id from a where id > $1 order by id limit 20",
    "select id from a where x not in (select y from b where y > 1)",
    "delete from a where id = $1", "insert into a values ($1, $2)", "select 1 from a, b where a.id = b.id",
    "select id from a where id > $1 order by id limit 1000 for update skip locked", "select id from a limit $1",
    "declare c cursor for select id from a where id > $1 order by id limit 5000",
    "copy (select id from a limit 999) to stdout",
    "merge into a using b on a.id = b.id when matched then delete", "values (1), (2)", "select",
)  # fmt: skip


@pytest.mark.parametrize("text", SILENT)
def test_a_text_alone_says_nothing(text):
    """What is good, or can be, is left alone."""
    assert told(text) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("select a from t where id = $1", "warning"),
        ("select a from t where id = $1 limit 1", "warning"),
        ("update t set a = $1 where id = $2", "note"),
        ("insert into t values ($1)", "note"),
        ("select a from t where id > $1 order by id limit 100", None),  # a page at a time
        ("select a from t where id = $1 for update", None),
        ("select now()", None),
        ("delete from t where id in (select id from t where x = $1 limit 1000)", None),  # a batch at a time
    ],
)
def test_a_query_in_a_loop(text, said):
    """Keys one by one are told, with the loop's line; pages, batches and queues are what loops are for."""
    found = told(text, loop=42).get("query.loop")
    assert (found.severity if found else None) == said
    assert found is None or "line 42" in found.message
    assert "query.loop" not in told(text)


def test_pages_are_the_guides():
    """A user's guide has other figures, or wants no cursors."""
    other = guide.load(
        resources.text("guide", "guide.toml"),
        "[review.pagination]\nmax_size = 500\nstyle = 'offset'\ndefault_size = 50",
    )
    ground = Ground.of(other, sized=False)
    assert told("select id from a order by id limit 50 offset $1", ground) == {}
    assert "500" in told("select id from a order by id limit 501 offset $1", ground)["guide.page-size"].message
    assert "50" in told("select id from a order by id limit 20 offset $1", ground)["guide.page-size"].message


def test_placeholders_keep_their_lines():
    """A remark points into the text as it was written, whatever the placeholders grew to."""
    text = "select id\nfrom a\nwhere z = %(a_long_name)s and x = %s\n  and y not in (select v from b)"
    remark = told(text, native=False)["query.not-in"]
    assert text[remark.at :].startswith("  and y not in")


def test_what_has_no_plan_is_no_query():
    """A utility statement, two statements, or what is no SQL."""
    for text in ("vacuum", "begin", "select 1; select 2", "selec", "select * into b from a", ""):
        with pytest.raises(NotSql):
            ask(Sql(text, "a.py", 3), TEXT_ALONE)


def test_a_query_that_cannot_be_planned_says_why():
    """It is judged by its text; the review tells that it was not planned."""

    def refuses(_query, _design):
        raise NotPlannable('column "x" does not exist')

    ground = Ground.of(
        SHIPPED, Snapshot(180006, "18.6", "", "db"), sized=True, world=World(refuses, lambda _index: 8192)
    )
    asked = ask(Sql("select x from a order by x limit 20 offset 40", "a.py", 3), ground)
    assert (asked.plan, asked.why_unplanned) == (None, 'column "x" does not exist')
    assert [rule.code for _, rule, _ in findings(asked)] == ["guide.offset"]


def test_severity_follows_the_size():
    """The same statement on a big, a middle-sized and a small table."""
    root = scan(rows=10)
    for table, severity in ((BIG, "error"), (MIDDLE, "warning"), (SMALL, None)):
        found = told(f"delete from {table.name.name}", grounded(root, table)).get("query.no-where")
        assert (found.severity if found else None) == severity
        assert found is None or "GB" in found.message or "MB" in found.message


def test_no_time_is_made_up():
    """The guide's budget is named, and that nobody knows whether it is kept."""
    assert budget.note(SHIPPED) == (
        "whether the queries keep to the guide's 200ms (p95) and 500ms (p99) is unknown: a plan's cost is no time"
    )


def test_a_table_that_is_not_there_is_a_temporary_one():
    """A DELETE of all its rows is what temporary tables are for."""
    assert told("delete from staging", grounded(scan(rows=10), BIG)) == {}
