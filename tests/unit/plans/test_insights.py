"""Each rule speaks where something is wrong, with its figures and what would help, and is silent where nothing is."""

from dataclasses import replace

import pytest

from pgtune.model.design import Name
from pgtune.plans.insights import insights
from pgtune.plans.spot import Facts
from tests.unit.plans.sample import BIG, CHANGED, EMPTY_STATS, MIDDLE, SMALL, facts, node, plan, scan, table

FILTER = "((o.a = 5) AND (o.b > 3))"
RUN = {"Actual_Loops": 1}


def said(root, known=None):
    return {each.code: each for each in insights(plan(root), known or facts(BIG, MIDDLE, SMALL))}


WRONG = {
    "scan.selective": scan(Filter=FILTER),
    "scan.index-filter": scan(
        "Index Scan",
        Index_Name="i",
        Index_Cond="(o.id > 1)",
        Filter=FILTER,
        Actual_Rows=10,
        Rows_Removed_by_Filter=99_990,
        **RUN,
    ),
    "scan.order-walk": node("Limit", 5, 10, scan("Index Scan", Index_Name="i", Filter=FILTER)),
    "scan.heap-fetches": scan(
        "Index Only Scan", Index_Name="i", Heap_Fetches=90_000, Actual_Rows=100_000, Plan_Rows=100_000, **RUN
    ),
    "scan.lossy-bitmap": scan(
        "Bitmap Heap Scan", Recheck_Cond="(o.a = 5)", Lossy_Heap_Blocks=500, Exact_Heap_Blocks=20, Actual_Rows=10, **RUN
    ),
    "join.scan-in-loop": node(
        "Nested Loop", 900_000, 10, scan(table="items", rows=5_000, cost=9_000), scan(Filter="(o.a = i.a)")
    ),
    "join.scan-for-few": node(
        "Hash Join",
        300_000,
        9,
        scan(rows=30_000_000),
        node("Hash", 9, 3, scan(table="kinds")),
        Hash_Cond="(o.a = k.id)",
    ),
    "join.underestimated-loop": node(
        "Nested Loop",
        900,
        10,
        scan(rows=5, Actual_Rows=90_000, **RUN),
        scan("Index Scan", Actual_Rows=1, Actual_Loops=90_000, rows=1),
        Actual_Rows=90_000,
        **RUN,
    ),
    "join.or": node(
        "Nested Loop", 900_000, 50_000, scan(), scan(table="kinds"), Join_Filter="((o.a = 1) OR (k.b = 2))"
    ),
    "join.removed": node(
        "Nested Loop",
        900,
        10,
        scan(),
        scan(),
        Rows_Removed_by_Join_Filter=500_000,
        Actual_Rows=10,
        Join_Filter="(o.a > o.b)",
        **RUN,
    ),
    "join.cartesian": node("Nested Loop", 900, 3_000, scan(rows=100), scan(table="kinds", rows=30), Join_Type="Inner"),
    "join.subplan": scan(rows=50_000, Filter="((SubPlan 1) > 5)", cost=900_000)
    | {"Plans": [node("Aggregate", 8, 1, Parent_Relationship="SubPlan", Subplan_Name="SubPlan 1")]},
    "join.not-in": scan(Filter="(NOT (ANY (o.a = (SubPlan 1).col1)))", rows=15_000_000),
    "memory.sort": node(
        "Sort",
        900,
        100_000,
        scan(rows=100_000),
        Sort_Key=["o.a"],
        Sort_Method="external merge",
        Sort_Space_Used=90_000,
        Actual_Rows=100_000,
        **RUN,
    ),
    "memory.hash": node("Hash", 900, 100_000, scan(rows=100_000), Hash_Batches=8, Actual_Rows=100_000, **RUN),
    "memory.sort-for-limit": node(
        "Limit", 5, 10, node("Sort", 900, 100_000, scan(rows=100_000, Filter="(o.status = 1)"), Sort_Key=["o.a DESC"])
    ),
    "estimate.rows": scan("Index Scan", rows=10, Index_Cond="((o.a = 1) AND (o.b = 2))", Actual_Rows=50_000, **RUN),
    "work.offset": node("Limit", 5, 10, scan(rows=1_000_000, Actual_Rows=50_010, **RUN), Actual_Rows=10, **RUN),
    "work.cte": node(
        "CTE Scan",
        900,
        5,
        node("Aggregate", 5, 50_000, Parent_Relationship="InitPlan", Subplan_Name="CTE c"),
        CTE_Name="c",
        Alias="c",
        Filter="(c.a = 1)",
    ),
    "work.workers": node(
        "Gather", 900, 5, scan(Actual_Rows=5, **RUN), Workers_Planned=2, Workers_Launched=0, Actual_Rows=5, **RUN
    ),
    "work.temporary-files": node("Materialize", 900, 5, scan(), Temp_Written_Blocks=5_000, Actual_Rows=5, **RUN),
}


@pytest.mark.parametrize("code", WRONG)
def test_each_rule_finds_its_fault(code):
    """With a sentence of what was seen and one of what helps, at a node of the plan."""
    found = said(WRONG[code])
    assert code in found, sorted(found)
    assert found[code].what
    assert found[code].help


RIGHT = {
    "a small table": scan(table="kinds", cost=3, Filter="(k.a = 5)"),
    "most rows are kept": scan(rows=20_000_000, Filter=FILTER),
    "the whole table is wanted": scan(rows=30_000_000),
    "an index finds what is wanted": scan("Index Scan", cost=8, Index_Name="i", Index_Cond="(o.id = 1)", rows=1),
    "a loop over few rows": node(
        "Nested Loop",
        90,
        10,
        scan("Index Scan", cost=8, rows=1, Index_Cond="(o.id = 1)"),
        scan(table="kinds", cost=2, rows=100),
    ),
    "a memoized lookup": node(
        "Nested Loop",
        90,
        9_000,
        scan("Index Scan", cost=8, rows=900),
        node("Memoize", 1, 3, scan("Index Scan", "items", 1, 3, Index_Cond="(i.id = o.a)"), Cache_Key="o.a"),
        Join_Type="Inner",
    ),
    "a hashed subplan": scan(rows=20_000_000, Filter="(ANY (o.a = (hashed SubPlan 1).col1))")
    | {"Plans": [scan(table="kinds", cost=2, rows=100, Parent_Relationship="SubPlan", Subplan_Name="SubPlan 1")]},
    "a sort in memory": node(
        "Sort",
        900,
        100,
        scan("Index Scan", cost=80, rows=100, Index_Cond="(o.id = 1)"),
        Sort_Key=["o.a"],
        Sort_Method="quicksort",
        Actual_Rows=100,
        **RUN,
    ),
    "workers without ANALYZE": node("Gather", 900, 5, scan("Index Scan", cost=8), Workers_Planned=2),
    "a page of few rows": node("Limit", 5, 10, scan("Index Scan", cost=80, Index_Cond="(o.a = 1)")),
    "estimates near enough": scan("Index Scan", rows=10_000, Index_Cond="(o.a = 1)", Actual_Rows=50_000, **RUN),
    "wrong about a handful": scan("Index Scan", rows=1, Index_Cond="(o.a = 1)", Actual_Rows=50, **RUN),
    "a node that never ran": scan("Index Scan", rows=5_000, Index_Cond="(o.a = 1)", Actual_Rows=0, Actual_Loops=0),
}


@pytest.mark.parametrize("case", RIGHT)
def test_nothing_is_said_where_nothing_is_wrong(case):
    """Few findings, and true ones."""
    assert said(RIGHT[case]) == {}


def test_a_scan_counts_by_the_tables_size_not_by_the_rows_it_returns():
    """A filter that keeps one row of thirty million is the worst case, not the best."""
    found = said(scan(rows=1, Filter=FILTER))["scan.selective"]
    assert found.severity == "high"
    assert "3.81 GB" in found.what
    assert "30 million" in found.what
    assert found.help == "an index on public.orders (a, b)"


@pytest.mark.parametrize(
    ("condition", "helps"),
    [
        ("((o.b > 3) AND (o.a = 5))", "(a, b)"),
        ("(lower((o.status)::text) = 'x'::text)", "lower(CAST(status AS text))"),
        ("(o.b @> '{}'::jsonb)", "GIN"),
        ("(o.status ~~ '%x%'::text)", "pg_trgm"),
        ("((o.a = 5) OR (o.b = 3))", "UNION"),
        ("((o.a)::numeric = 5.0)", "without the cast of CAST(a AS numeric)"),
        ("(f(o.a) AND (random() < 0.5))", "expression"),
    ],
)
def test_the_help_fits_the_filter(condition, helps):
    """Equality before ranges, and another kind of index, or of query, where no B-tree can serve."""
    assert helps in said(scan(rows=1, Filter=condition))["scan.selective"].help


def test_without_sizes_a_finding_says_that_it_is_unverified():
    """A plan from nowhere says nothing of how big its tables are."""
    found = said(scan(rows=1, Filter=FILTER), Facts())["scan.selective"]
    assert (found.verified, found.severity) == (False, "low")
    assert said(scan(rows=1, cost=5, Filter=FILTER), Facts()) == {}


def test_what_an_execution_did_counts_more_than_sizes():
    """Removed rows tell the table's size where nobody else does."""
    found = said(scan(rows=5, Filter=FILTER, Actual_Rows=3, Rows_Removed_by_Filter=900_000, **RUN), Facts())[
        "scan.selective"
    ]
    assert found.measured
    assert found.verified
    assert "900,000" in found.what


def test_workers_share_one_scan():
    """Rows of a parallel scan are a worker's: the planner's divisor makes them the table's."""
    parallel = scan(rows=8_000_000, Filter=FILTER, Parallel_Aware=True)
    assert said(node("Gather", 900, 5, parallel, Workers_Planned=2)) == {}  # 19 of 30 million rows are kept
    few = scan(rows=1_000, Filter=FILTER, Parallel_Aware=True)
    assert "2,400 rows" in said(node("Gather", 900, 5, few, Workers_Planned=2))["scan.selective"].what


def test_a_misestimate_is_named_where_it_begins():
    """Nodes above inherit it, and are not at fault."""
    below = scan("Index Scan", rows=10, Index_Cond="((o.a = 1) AND (o.b = 2))", Actual_Rows=50_000, **RUN)
    above = node("Aggregate", 900, 10, below, Actual_Rows=50_000, **RUN)
    found = [each for each in insights(plan(above), facts(BIG)) if each.code == "estimate.rows"]
    assert [each.node for each in found] == [1]
    assert "CREATE STATISTICS ON a, b FROM public.orders" in found[0].help


def test_a_node_that_was_not_read_to_its_end_is_no_misestimate():
    """LIMIT stops it."""
    stopped = scan("Index Scan", rows=1_000_000, Index_Cond="(o.a = 1)", Actual_Rows=10, **RUN)
    assert said(node("Limit", 5, 10, stopped, Actual_Rows=10, **RUN)) == {}


def test_statistics_that_are_missing_or_old():
    """On such a table every estimate is a guess."""
    lookup = scan("Index Scan", cost=8, rows=1, Index_Cond="(o.id = 1)")
    assert "estimate.no-statistics" in said(lookup, facts(EMPTY_STATS))
    assert "estimate.stale" in said(lookup, facts(CHANGED))
    assert said(lookup, facts(CHANGED, autovacuum_analyze_scale_factor="0.9")) == {}
    assert said(lookup, facts(replace(EMPTY_STATS, statistics_readable=False))) == {}


def test_a_table_not_known_to_be_visible():
    """An index-only scan of it goes to the table."""
    hidden = facts(replace(BIG, all_visible=0))
    assert "VACUUM public.orders" in said(scan("Index Only Scan", Index_Name="i"), hidden)["scan.heap-fetches"].help
    assert said(scan("Index Only Scan", Index_Name="i")) == {}


def test_expected_spills_follow_the_settings():
    """Sizes against work_mem and hash_mem_multiplier of the server that the plan is of."""
    sort = node("Sort", 900, 1_000_000, scan(rows=30_000_000), Sort_Key=["o.a"])
    hashed = node("Hash", 900, 1_000_000, scan(rows=30_000_000))
    assert "memory.sort" in said(sort)
    assert "memory.hash" in said(hashed)
    assert said(sort, facts(BIG, work_mem="1GB")) == said(hashed, facts(BIG, work_mem="1GB")) == {}
    assert said(hashed, facts(BIG, work_mem="64MB", hash_mem_multiplier="1")) == {}


def test_an_offset_shows_in_an_unexecuted_plan():
    """Where the limit begins in its input says how many rows are skipped."""
    limit = node("Limit", 5_010, 10, scan("Index Scan", cost=100_000, rows=1_000_000)) | {"Startup Cost": 5_000.0}
    assert "50,000 rows" in said(limit)["work.offset"].what


def test_partitions_that_nothing_tells_apart():
    """All are read though there is a filter; with a condition on the key some are gone."""
    parent = table("log", 0, -1, kind="p", partition_key="RANGE (at)")
    parts = [replace(table(f"log_{n}", 10, 10), parents=(Name("public", "log"),)) for n in range(3)]
    scans = [scan(table=f"log_{n}", cost=5, Filter="(l.a = 1)") for n in range(3)]
    found = said(node("Append", 9, 9, *scans), facts(parent, *parts))
    assert "RANGE (at)" in found["scan.all-partitions"].help
    assert said(node("Append", 9, 9, *scans[:2]), facts(parent, *parts)) == {}
    assert said(node("Append", 9, 9, *scans, Subplans_Removed=1), facts(parent, *parts)) == {}


def test_the_gravest_come_first_and_nothing_is_said_twice():
    """Ranked by severity, then by place; the same sentence of a second node is not repeated."""
    twice = node("Append", 900, 5, scan(table="items", rows=1, Filter="(i.a = 5)"), scan(rows=1, Filter=FILTER),
                 scan(table="items", rows=1, Filter="(i.a = 5)"))  # fmt: skip
    found = insights(plan(twice), facts(BIG, MIDDLE))
    assert [(each.severity, each.node) for each in found] == [("high", 2), ("medium", 1)]


def test_a_filter_that_compares_with_another_relation_names_its_column():
    """As in a correlated subquery, which reads the table again and again: that is grave."""
    sub = scan(table="items", rows=2, Filter="(i.b = o.id)", Parent_Relationship="SubPlan", Subplan_Name="SubPlan 1")
    found = said(scan("Index Scan", cost=80, rows=50, Index_Cond="(o.a = 1)") | {"Plans": [sub]})
    assert found["scan.selective"].help == "an index on public.items (b)"
    assert found["scan.selective"].severity == "high"


def test_one_fault_is_one_finding():
    """A scan in a loop is the loop's, a NOT IN no subquery to be joined besides, a missing condition no index."""
    assert set(said(WRONG["join.cartesian"])) == {"join.cartesian"}
    assert set(said(WRONG["join.scan-in-loop"])) == {"join.scan-in-loop"}
    sub = scan(table="items", cost=9_000, rows=300_000, Parent_Relationship="SubPlan", Subplan_Name="SubPlan 1")
    checked = scan(cost=10**9, rows=15_000_000, Filter="(NOT (ANY (o.a = (SubPlan 1).col1)))")
    assert set(said(checked | {"Plans": [sub]})) == {"join.not-in"}
