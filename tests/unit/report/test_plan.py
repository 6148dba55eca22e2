"""A plan explained, in every form."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from pgtune.plans.explained import Explained, Proposal, Variant
from pgtune.plans.insights import insights
from pgtune.plans.pasted import pasted
from pgtune.report.paper import Paper
from pgtune.report.plan.html import html
from pgtune.report.plan.json import json_text
from pgtune.report.plan.markdown import markdown
from pgtune.report.plan.table import table
from tests.unit.plans.sample import BIG, MIDDLE, SMALL, facts, node, plan, scan
from tests.unit.report.golden import check

GOLDEN = Path(__file__).parent / "golden"
SCHEMA = json.loads((Path(__file__).parents[3] / "docs/schemas/pgtune.explain.1.json").read_text(encoding="utf-8"))

QUERY = "select o.id, k.b from orders o join kinds k on k.id = o.a\n where o.status = $1 order by o.b desc limit $2"
TREE = plan(
    node("Limit", 640_010, 25,
        node("Sort", 640_000, 30_000,
            node("Hash Join", 639_000, 30_000,
                scan(cost=638_000.0, rows=30_000, Filter="(o.status = $1)"),
                node("Hash", 2, 100, scan(table="kinds", cost=2.0, rows=100)),
                Hash_Cond="(o.a = k.id)", Join_Type="Inner"),
            Sort_Key=["o.b DESC"])))  # fmt: skip
INDEX = 'CREATE INDEX CONCURRENTLY "orders_status_b_idx" ON "public"."orders" USING btree ("status", "b" DESC)'
PLANNED = Explained(
    "planned on a twin of shop",
    TREE,
    insights(TREE, facts(BIG, MIDDLE, SMALL)),
    QUERY,
    (Variant(0.5, 640_010, same=True), Variant(0.25, 812.5, same=False)),
    (Proposal(INDEX, 640_010, 14.2, 220_000_000, "it finds the rows by status in the order that is asked for"),),
    ("planned by PostgreSQL 18, while the database runs on 15",),
)  # fmt: skip
EXECUTED = """\
Nested Loop  (cost=0.43..900.20 rows=5 width=16) (actual time=0.05..5210.00 rows=90000.00 loops=1)
  ->  Seq Scan on orders o  (cost=0.00..800.00 rows=5 width=8) (actual time=0.02..210.00 rows=90000.00 loops=1)
        Filter: ((a = 1) AND (b = 2))
        Rows Removed by Filter: 2910000
  ->  Index Scan using items_pkey on items i  (cost=0.4..8.4 rows=1 width=8) (actual time=0.05..0.05 rows=1 loops=90000)
        Index Cond: (id = o.a)
"""
RAN = Explained("a pasted plan", pasted(EXECUTED).plan, insights(pasted(EXECUTED).plan))
CLEAN = Explained("planned on a twin of shop", plan(scan(table="kinds", cost=2.0)), (), "select * from kinds", (), ())


@pytest.mark.parametrize(("name", "explained"), [("planned", PLANNED), ("executed", RAN), ("clean", CLEAN)])
def test_golden(name, explained):
    """The pages are as somebody last looked at them, as wide and as narrow as terminals are."""
    check(table(explained, Paper(80)), GOLDEN / f"plan-{name}.txt")
    check(markdown(explained), GOLDEN / f"plan-{name}.md")


@pytest.mark.parametrize("width", [40, 80, 110])
@pytest.mark.parametrize("explained", [PLANNED, RAN, CLEAN])
def test_no_line_is_wider_than_the_terminal(width, explained):
    """The tree as well as the sentences; only a tree needs more than a very narrow one has."""
    least = 60 if width == 40 else width
    assert max(map(len, table(explained, Paper(width)).splitlines())) <= least


def test_without_unicode_the_tree_is_ascii():
    """For terminals that have nothing else."""
    assert table(PLANNED, Paper(80, unicode=False)).isascii()


@pytest.mark.parametrize("explained", [PLANNED, RAN, CLEAN])
def test_json_is_as_its_schema_says(explained):
    """With the plan by EXPLAIN's own labels, so that it can be explained again."""
    answer = json.loads(json_text(explained))
    jsonschema.validate(answer, SCHEMA)
    assert pasted(json.dumps([{"Plan": answer["plan"]}])).plan.shape == explained.plan.shape


HOSTILE = "</pre><script>alert(1)</script> \x1b[31m ``` ```` | \u202e"


def test_nothing_in_a_query_or_a_plan_acts_on_a_page_or_a_terminal():
    """A query is somebody else's text."""
    tree = plan(scan(table=HOSTILE, Filter=f"(a = '{HOSTILE}')"))
    explained = Explained(HOSTILE, tree, insights(tree), HOSTILE, (), (), (HOSTILE,))
    page = html(explained)
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert "\x1b" not in table(explained, Paper(80))
    text = markdown(explained)
    assert "\x1b" not in text
    fences = re.findall(r"^(`{3,})", text, re.MULTILINE)
    assert len(fences) == 4
    assert min(map(len, fences)) >= 4 or "````" not in HOSTILE


def test_a_generated_list_of_values_does_not_fill_the_screen():
    """A condition takes three lines at most."""
    tree = plan(scan(Filter=f"(o.a = ANY ('{{{','.join(map(str, range(5000)))}}}'::bigint[]))"))
    assert len(table(Explained("x", tree, ()), Paper(80)).splitlines()) < 12


def test_the_page_shows_every_finding_at_its_node():
    """Marks lead from the tree to the list."""
    page = html(PLANNED)
    for number in range(1, len(PLANNED.insights) + 1):
        assert f'href="#finding-{number}"' in page
        assert f'id="finding-{number}"' in page
