"""Joins on several columns, reckoned as joins on a key."""

from pgtune.indexes import composite
from pgtune.indexes.facts import Facts
from pgtune.model.design import Name
from pgtune.plans.plan import Node, Plan
from pgtune.snapshot import Snapshot
from pgtune.snapshot.snapshot import Column, ColumnStats, Table

BOTH = "((sales.item = stock.item) AND (sales.shop = stock.shop))"
ONE = "(sales.item = stock.item)"


def table(name: str, rows: int, **distinct: float) -> Table:
    columns = tuple(
        Column(
            number,
            column,
            "integer",
            stats=(ColumnStats(inherited=False, null_frac=0.0, avg_width=4, n_distinct=count),),
        )
        for number, (column, count) in enumerate(distinct.items(), 1)
    )
    return Table(Name("public", name), "r", columns, pages=1000, rows=rows)


def facts() -> Facts:
    tables = (table("sales", 100_000, item=1000, shop=100, id=100_000), table("stock", 10_000, item=1000, shop=100))
    return Facts(Snapshot(180000, "18", "2026-10-22", "app", tables=(*tables, table("labels", 100_000, id=100_000))))


def scan(name: str, rows: float, cost: float, **conditions: str) -> Node:
    words = {label.replace("_", " "): text for label, text in conditions.items()}
    return Node("Index Scan", 0.0, cost, rows, 8, Name("public", name), name, conditions=words)


def joined(condition: str) -> Node:
    sides = (scan("sales", 100_000, 1000.0), scan("stock", 10_000, 100.0))
    return Node("Hash Join", 0.0, 2000.0, 100.0, 8, conditions={"Hash Cond": condition}, children=sides)


def looked_up(condition: str) -> Plan:
    """A hundred rows by the planner, each of which looks up its label at a cost of 10."""
    inner = scan("labels", 1, 10.0, Index_Cond="(labels.id = sales.id)")
    return Plan(Node("Nested Loop", 0.0, 3000.0, 100.0, 8, children=(joined(condition), inner)))


def test_two_columns_return_the_rows_of_a_key() -> None:
    """100,000 pairs are supposed where the smaller table has 10,000 rows: ten times as many lookups are paid for."""
    more = composite.cost(looked_up(BOTH), facts()) - 3000.0
    assert 9 * 99 * 10 < more < 9 * 101 * 10


def test_one_column_is_as_planned() -> None:
    """Of one column nothing is supposed."""
    assert composite.cost(looked_up(ONE), facts()) == 3000.0


def test_a_hash_join_above_pays_for_rows_alone() -> None:
    """What looks nothing up for each row hardly costs more."""
    labels = scan("labels", 100_000, 500.0)
    conditions = {"Hash Cond": "(sales.id = labels.id)"}
    plan = Plan(Node("Hash Join", 0.0, 3000.0, 100.0, 8, conditions=conditions, children=(labels, joined(BOTH))))
    assert 3000.0 < composite.cost(plan, facts()) < 3050.0


def test_what_a_text_says_is_no_condition() -> None:
    """A value of a query that looks like a comparison compares nothing, and one with an OR hides none."""
    posing = f"({ONE} AND (sales.note = '(sales.shop = stock.shop)'::text))"
    assert composite.cost(looked_up(posing), facts()) == 3000.0
    hiding = f"({BOTH} AND (sales.note = 'it''s a OR b'::text))"
    assert composite.cost(looked_up(hiding), facts()) == composite.cost(looked_up(BOTH), facts())


def test_below_an_or_nothing_is_equal() -> None:
    """Columns that need not be equal are no key."""
    assert composite.cost(looked_up(BOTH.replace(" AND ", " OR ")), facts()) == 3000.0
