"""Server logs in every form; the texts are as real servers wrote them (tests/db/test_workload.py makes them anew)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgtune.workload import logs

STDERR = """\
2026-11-24 21:00:01.123 UTC [4711] app@shop LOG:  duration: 12.500 ms  statement: select *
\tfrom orders
\twhere id = 5
2026-11-24 21:00:01.124 UTC [4711] app@shop LOG:  duration: 0.100 ms  parse <unnamed>: select 1
[4711] app@shop LOG:  duration: 0.200 ms  execute <unnamed>: select * from t where a = $1 or b = $2
[4711] app@shop DETAIL:  Parameters: $1 = 'it''s, $9 = ''x''', $2 = NULL
2026-11-24 21:00:01.125 UTC [4712] app@shop ERROR:  relation "x" does not exist at character 15
2026-11-24 21:00:01.125 UTC [4712] app@shop STATEMENT:  select * from x
2026-11-24 21:00:01.126 UTC [4711] app@shop LOG:  checkpoint starting: time
2026-11-24 21:00:01.127 UTC [4711] app@shop LOG:  duration: 3.000 ms  plan:
\tQuery Text: select count(*)
\t  from orders where x = $1
\tQuery Parameters: $1 = '7'
\tAggregate  (cost=1.00..2.00 rows=1 width=8)
\t  ->  Seq Scan on orders  (cost=0.00..1.00 rows=1 width=0)
"""


def test_stderr():
    """Statements over several lines, executions with parameters, auto_explain; no parse, no error, no checkpoint."""
    found = list(logs.entries(STDERR.splitlines(keepends=True), "log"))
    assert [(each.text, each.total_ms, each.parameters, each.explained) for each in found] == [
        ("select *\nfrom orders\nwhere id = 5", 12.5, None, False),
        ("select * from t where a = $1 or b = $2", 0.2, ("it's, $9 = 'x'", None), False),
        ("select count(*)\n  from orders where x = $1", 3.0, ("7",), True),
    ]
    assert {(each.role, each.database) for each in found} == {("app", "shop")}
    assert [each.origin for each in found] == ["log:1", "log:5", "log:10"]


@pytest.mark.parametrize(
    ("prefix", "who"),
    [
        ("", (None, None)),
        ("2026-11-24 21:00:01 UTC:10.0.0.1(5432):app@shop:[4711]:", ("app", "shop")),
        ("user=app,db=shop,app=psql,client=[local] ", ("app", "shop")),
        ("[4711] ", (None, None)),
        ("Nov 24 21:00:01 host postgres[4711]: [5-1] app@shop ", ("app", "shop")),
    ],
)
def test_log_line_prefixes(prefix, who):
    """Any prefix will do; role and database are taken where it shows them."""
    (found,) = logs.entries([f"{prefix}LOG:  duration: 1.0 ms  statement: select 'ERROR:  x' from t\n"], "log")
    assert found.text == "select 'ERROR:  x' from t"
    assert (found.role, found.database) == who


def test_durations_that_are_messages_of_their_own():
    """log_statement with log_duration: the duration belongs to the statement of the same process before it."""
    lines = ["[1] LOG:  statement: select 1 from a\n", "[2] LOG:  statement: select 2 from a\n",
             "[2] LOG:  duration: 2.0 ms\n", "[1] LOG:  duration: 1.0 ms\n",
             "[1] LOG:  statement: select 3 from a\n"]  # fmt: skip
    found = {each.text: each.total_ms for each in logs.entries(lines, "log")}
    assert found == {"select 1 from a": 1.0, "select 2 from a": 2.0, "select 3 from a": None}


CSV = (
    '2026-11-24 21:00:01.123 UTC,"app","shop",4711,"[local]",6abc.1,1,"SELECT",2026-11-24 21:00:00 UTC,3/4,0,LOG,00000,'
    '"duration: 1.5 ms  execute s1: select ""a""\nfrom t where b = $1","Parameters: $1 = \'x\'",'
    ',,,,,,,"psql","client backend",,0\n'
)
JSON = (
    '{"timestamp":"2026-11-24 21:00:01 UTC","user":"app","dbname":"shop","pid":4711,"error_severity":"LOG",'
    '"message":"duration: 1.5 ms  execute s1: select \\"a\\"\\nfrom t where b = $1",'
    '"detail":"Parameters: $1 = \'x\'"}\n'
)


@pytest.mark.parametrize("text", [CSV, JSON], ids=["csv", "json"])
def test_csvlog_and_jsonlog(text):
    """The same entry from both, line breaks inside a field and all."""
    (found,) = logs.entries(text.splitlines(keepends=True), "log")
    assert (found.text, found.total_ms, found.parameters) == ('select "a"\nfrom t where b = $1', 1.5, ("x",))
    assert (found.role, found.database) == ("app", "shop")


def test_auto_explain_in_json():
    """Its message is JSON itself."""
    plan = '\t{\n\t  "Query Text": "select 1\\nfrom t",\n\t  "Plan": {"Node Type": "Result"}\n\t}\n'
    line = f"LOG:  duration: 4.0 ms  plan:\n{plan}"
    (found,) = logs.entries(line.splitlines(keepends=True), "log")
    assert (found.text, found.explained) == ("select 1\nfrom t", True)


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", "no log at all\n\tindented\n", '{"broken": \n{"message": 5}\n[1]\n',
     "LOG:  duration: x ms  statement: select 1\n",
     "\tLOG:  statement: select 1\n", 'LOG:  duration: 1.0 ms  plan:\n\t{"Query Text": \n', "LOG:  duration: 1.0 ms\n",
     '2026-11-24 21:00:01.123 UTC,"app",\n2026-11-24 21:00:01.123 UTC,"a\0\n'],
)  # fmt: skip
def test_what_is_no_log_is_nothing(text):
    """Broken lines are passed over."""
    assert list(logs.entries(text.splitlines(keepends=True), "log")) == []


def test_parameters_that_were_cut_off_are_none():
    """log_parameter_max_length shortens them: half a value is another value."""
    assert logs.parameters("Parameters: $1 = 'abc'...") is None
    assert logs.parameters("") is None
    assert logs.parameters("parameters: $1 = '', $3 = 'NULL'") == ("", None, "NULL")


PIECES = st.sampled_from([
    "LOG:  ", "duration: 1.0 ms", "  plan:", "\n", "\t", "  statement: ", "  execute x: ", "select 1", "Query Text: ",
    "{", "}", '"', ",", "DETAIL:  ", "Parameters: $1 = ", "'", "$99", "2026-11-24 21:00:00.1 UTC,",
    "\0", "(cost=1", '"message": ',
])  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=15).map("".join))
def test_hostile_logs_raise_nothing(text):
    """A log is whatever a disk, a shipper and an attacker made of it."""
    for entry in logs.entries(text.splitlines(keepends=True), "log"):
        assert isinstance(entry.text, str)
