"""Joins reckoned with as many rows as they may return."""

from dataclasses import replace

import pytest

from pgtune.indexes import composite
from pgtune.indexes.facts import Facts
from pgtune.model.design import Name
from pgtune.plans.plan import Node, Plan
from pgtune.snapshot import Snapshot
from pgtune.snapshot.snapshot import Column, ColumnStats, Table


def cost(plan: Plan, known: Facts) -> float:
    return composite.reckoned(plan, known)[0]


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
    tables = (
        table("sales", 100_000, item=1000, shop=100, id=100_000, day=1000),
        table("stock", 10_000, item=1000, shop=100),
        table("labels", 100_000, id=100_000),
        table("days", 50_000, day=50_000),
    )
    return Facts(Snapshot(180000, "18", "2026-10-22", "app", tables=tables))


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
    more = cost(looked_up(BOTH), facts()) - 3000.0
    assert 9 * 99 * 10 < more < 9 * 101 * 10


def test_what_is_looked_into_more_often_is_named() -> None:
    """The index of the lookups, and none where nothing is supposed."""
    plan = looked_up(BOTH)
    (join, inner) = plan.root.children
    named = Plan(replace(plan.root, children=(join, replace(inner, index="labels_id_idx"))))
    assert composite.reckoned(named, facts())[1] == {"labels_id_idx"}
    assert composite.reckoned(looked_up(ONE), facts())[1] == frozenset()


def test_one_column_is_as_planned() -> None:
    """Of one column whose values all stand on both sides nothing is supposed."""
    assert cost(looked_up(ONE), facts()) == 3000.0


def test_a_hash_join_above_pays_for_rows_alone() -> None:
    """What looks nothing up for each row hardly costs more."""
    labels = scan("labels", 100_000, 500.0)
    conditions = {"Hash Cond": "(sales.id = labels.id)"}
    plan = Plan(Node("Hash Join", 0.0, 3000.0, 100.0, 8, conditions=conditions, children=(labels, joined(BOTH))))
    assert 3000.0 < cost(plan, facts()) < 3050.0


def test_what_a_text_says_is_no_condition() -> None:
    """A value of a query that looks like a comparison compares nothing, and one with an OR hides none."""
    posing = f"({ONE} AND (sales.note = '(sales.shop = stock.shop)'::text))"
    assert cost(looked_up(posing), facts()) == 3000.0
    hiding = f"({BOTH} AND (sales.note = 'it''s a OR b'::text))"
    assert cost(looked_up(hiding), facts()) == cost(looked_up(BOTH), facts())


def test_below_an_or_nothing_is_equal() -> None:
    """Columns that need not be equal are no key."""
    assert cost(looked_up(BOTH.replace(" AND ", " OR ")), facts()) == 3000.0


def on_some_days(kept: float, **conditions: str) -> Plan:
    """A hundred rows by the planner, of so many days that a condition leaves; each looks up its label."""
    sides = (scan("sales", 100_000, 1000.0), scan("days", kept, 100.0, **conditions))
    join = Node("Hash Join", 0.0, 2000.0, 100.0, 8, conditions={"Hash Cond": "(sales.day = days.day)"}, children=sides)
    inner = scan("labels", 1, 10.0, Index_Cond="(labels.id = sales.id)")
    return Plan(Node("Nested Loop", 0.0, 3000.0, 100.0, 8, children=(join, inner)))


@pytest.mark.parametrize(("kept", "times"), [(100, 50), (5_000, 10), (50_000, 1)])
def test_a_filter_may_keep_what_is_referred_to(kept: float, times: float) -> None:
    """Sales know 1,000 of 50,000 days: if the filter keeps those, 50 times as many come; of more days fewer more."""
    more = cost(on_some_days(kept), facts()) - 3000.0
    assert (times - 1) * 99 * 10 <= more <= (times - 1) * 101 * 10 + 100


def test_a_lookup_of_the_other_row_is_no_filter() -> None:
    """One row of the calendar for each sale says nothing of how many days are wanted."""
    assert cost(on_some_days(1, Index_Cond="(days.day = sales.day)"), facts()) == 3000.0
