"""Plans as people paste them; that text and JSON of a server agree is tested on servers in tests/db."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pgtune.model.errors import BadInput
from pgtune.plans.insights import insights
from pgtune.plans.pasted import pasted

TEXT = """\
shop=# explain analyze select ...
                                  QUERY PLAN
------------------------------------------------------------------------------
 Hash Left Join  (cost=1.00..20.50 rows=10 width=8) (actual time=0.1..2.5 rows=9 loops=1)
   Hash Cond: (o.a = c.id)
   ->  Parallel Seq Scan on "my schema"."ord""ers" o  (cost=0.00..9.00 rows=5 width=4) (never executed)
         Filter: (x ~~ 'a: b, (c%'::text)
   ->  Hash  (cost=1.00..1.00 rows=1 width=4) (actual rows=1.00 loops=1)
         Buckets: 1024  Batches: 4  Memory Usage: 9kB
         ->  Index Scan Backward using pk on customers c  (cost=0.10..1.00 rows=1 width=4) (actual rows=1 loops=1)
               Index Cond: (id = $0)
               InitPlan 1 (returns $0)
                 ->  Result  (cost=0.00..0.01 rows=1 width=4)
 Planning Time: 0.1 ms
(12 rows)

Time: 3.141 ms
"""


def test_text_in_a_frame():
    """Kinds, names with quotes, conditions with colons and commas, figures, subplans."""
    root = pasted(TEXT).plan.root
    hashed, scan = root.children[1], root.children[0]
    assert (root.kind, root.detail["Join Type"], root.detail["Actual Total Time"]) == ("Hash Join", "Left", 2.5)
    assert (scan.kind, scan.relation.schema, scan.relation.name, scan.alias) == (
        "Seq Scan",
        "my schema",
        'ord"ers',
        "o",
    )
    assert scan.detail["Parallel Aware"]
    assert scan.detail["Actual Loops"] == 0
    assert scan.conditions == {"Filter": "(x ~~ 'a: b, (c%'::text)"}
    assert hashed.detail["Hash Batches"] == 4
    inner = hashed.children[0]
    assert (inner.kind, inner.index, inner.detail["Scan Direction"]) == ("Index Scan", "pk", "Backward")
    assert inner.children[0].detail["Subplan Name"] == "InitPlan 1 (returns $0)"


ANSWER = [{"Plan": {"Node Type": "Seq Scan", "Relation Name": "t", "Total Cost": 5.0, "Plan Rows": 3, "Plan Width": 4,
                    "Startup Cost": 0.0}, "Query Text": "select 1"}]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ANSWER),
        json.dumps(ANSWER, indent=2),
        json.dumps(ANSWER[0]),
        "\ufeff" + json.dumps(ANSWER, indent=2).replace("\n", "\r\n"),
        "QUERY PLAN\n-----\n" + "\n".join(f" {line:40}+" for line in json.dumps(ANSWER, indent=2).split("\n")),
        "explain (format json) select 1;\n\n" + json.dumps(ANSWER, indent=2) + "\n\nand so on",
        "2026-11-24 21:00:00 UTC [1] LOG:  duration: 4.2 ms  plan:\n"
        + "\n".join(f"\t{line}" for line in json.dumps(ANSWER[0], indent=2).split("\n")) + "\n2026 LOG:  next",
        json.dumps({"error_severity": "LOG", "message": "duration: 4.2 ms  plan:\n" + json.dumps(ANSWER[0], indent=2)}),
        '2026-11-24 21:00:00.1 UTC,"u","d",1,,,,,,,,LOG,0,"duration: 4.2 ms  plan:\n'
        + json.dumps(ANSWER[0], indent=2).replace('"', '""') + '",,,,\n',
    ],
    ids=["json", "indented", "object", "bom-crlf", "psql", "around", "stderr", "jsonlog", "csvlog"],
)  # fmt: skip
def test_json_from_everywhere(text):
    """One plan and its query, whatever stands around them."""
    found = pasted(text)
    assert (found.plan.root.kind, found.plan.cost, found.query) == ("Seq Scan", 5.0, "select 1")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no plan"),
        ("select 1", "no plan"),
        ("[]", "no plan"),
        ('[{"Plan": 5}]', "no plan"),
        ('[{"Plan": {"Total Cost": "x"}}]', "cannot be read"),
        ("- Plan:\n    Node Type: Result", "YAML"),
        ('<explain xmlns="x"><Query>', "XML"),
        ('{"Plan": ' + '{"Plans": [' * 3_000 + "]}" * 3_000 + "}", "nested too deeply"),
    ],
)
def test_what_is_no_plan_says_so(text, why):
    """One line for a person."""
    with pytest.raises(BadInput, match=why):
        pasted(text)


LINES = st.lists(
    st.sampled_from([
        "Seq Scan on t  (cost=0.00..1.00 rows=1 width=4)", "  Sort Key: a, 'b, (', \"c", "Sort Method: x", "CTE x",
        "  ->  Hash  (cost=0..1 rows=1 width=0) (actual rows=1 loops=0)", "   Filter: (((", "SubPlan 1",
        "  Buffers: shared hit=5",
        "+", "| x |", "\tplan:", "Workers Planned: -", "  Batches: 9999999999999999999999",
        "  ->  Nested Loop  (cost=1.0.0..2 rows=1 width=1)",
    ]),
    max_size=12,
).map("\n".join)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=80), LINES))
@example(
    "Seq Scan on t  (cost=0.00..1.00 rows=1 width=4)\n"
    + "".join(f"{' ' * n}->  Limit  (cost=0.00..1.00 rows=1 width=4)\n" for n in range(2, 3000, 2))
)
def test_hostile_pastes_raise_nothing_but_our_error(text):
    """And what is read can be judged."""
    try:
        insights(pasted(text).plan)
    except BadInput as error:
        assert str(error)  # noqa: PT017
