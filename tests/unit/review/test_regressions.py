"""Known queries before and after a change's migrations."""

from pgtune.model.design import Name
from pgtune.model.trace import Effect, Lock, Trace
from pgtune.plans.parse import plan_of
from pgtune.review.regressions import Compared, findings, worse
from pgtune.sources.project import Migration, Sql
from pgtune.workload.statement import Statement

ORDERS = Name("public", "orders")
INDEX = Name("public", "orders_customer_id_idx")
ADD, DROP, OTHER = (Sql(text, "1.sql", line, role="migration") for line, text in enumerate(
    ("ALTER TABLE orders ADD a int", "DROP INDEX orders_customer_id_idx", "CREATE TABLE x ()"), 1))  # fmt: skip
MIGRATIONS = (Migration("1.sql", "numbered", (ADD, DROP, OTHER)),)
LOCKED = Effect("applied", locks=(Lock(ORDERS, "ACCESS EXCLUSIVE"),))
TRACES = (Trace((LOCKED, Effect("applied", dropped=(INDEX,)), Effect("applied"))),)


def plan(cost, index=None):
    return plan_of([{"Plan": {
        "Node Type": "Index Scan" if index else "Seq Scan", "Relation Name": "orders", "Schema": "public",
        "Index Name": index, "Total Cost": cost,
    }}])  # fmt: skip


def compared(text, before, after, why=""):
    return Compared(Statement(text, text, "select"), text, before, after, why)


FAST = plan(8.0, INDEX.name)


def test_the_dropped_index_is_blamed():
    """All queries that used it are one finding, on the line of the drop, the worst first; an error where it is felt."""
    found = list(findings([compared("select 1", FAST, plan(2_000.0)), compared("select 2", FAST, plan(9e6))],
                          MIGRATIONS, TRACES))  # fmt: skip
    assert [(sql.line, rule.code, remark.severity) for sql, rule, remark in found] == [
        (2, "migration.regression", "error")
    ]
    assert found[0][2].message.startswith(
        "2 known queries become up to 1.12 million times dearer, cost 8.00 → 9,000,000"
    )
    assert "select 2" in found[0][2].message


def test_little_is_not_worth_a_word():
    """Less than the planner's own doubt, or too cheap to be felt."""
    assert worse([compared("select 1", plan(1e6), plan(3.9e6)), compared("select 2", FAST, plan(100.0))]) == ()
    found = list(findings([compared("select 1", plan(1e6, INDEX.name), plan(5e6))], MIGRATIONS, TRACES))
    assert found[0][2].severity == "warning"


def test_a_query_that_breaks():
    """The last statement that touched its table is blamed where no index fell."""
    found = list(findings([compared("select a", plan(8.0), None, "column a does not exist")], MIGRATIONS, TRACES))
    assert [(sql.line, rule.code, remark.severity) for sql, rule, remark in found] == [
        (1, "migration.breaks-query", "error")
    ]
    assert "column a does not exist" in found[0][2].message


def test_what_no_statement_did_is_nobodys():
    """Without a trace nobody is blamed."""
    assert list(findings([compared("select 1", FAST, plan(9e6))], MIGRATIONS, (None,))) == []
