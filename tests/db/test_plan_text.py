"""A pasted plan is what the server planned: its text and psql's frames read as its JSON says, on every version."""

import json
import subprocess
from collections.abc import Iterator

import psycopg
import pytest

from pgtune.cluster import Cluster
from pgtune.plans.insights import insights
from pgtune.plans.parse import plan_of
from pgtune.plans.pasted import pasted
from pgtune.plans.plan import Node

QUERIES = [
    "select * from orders where id = 5",
    "select count(*) from orders where note like 'x%'",
    "select o.* from orders o join customers c on c.id = o.customer_id where c.city = 'city 1' order by o.id limit 9",
    "with c as materialized (select customer_id, count(*) n from orders group by 1) select * from c where n > 3",
    "select *, (select count(*) from orders l where l.customer_id = o.id) from customers o where o.id < 3",
    "select * from customers where id not in (select customer_id from orders where paid = 1)",
    "select * from customers c where exists (select 1 from orders o where o.customer_id = c.id and o.paid > 490)",
    "select * from customers c left join orders o on o.customer_id = c.id where c.id between 1 and 10",
    "insert into orders values (0, 1, 1, '')",
    "update orders set paid = 1 where id = 5",
    "delete from orders where paid = 1",
    "select * from generate_series(1, 10) g",
    "values (1), (2)",
    "select distinct note from orders",
    "select note from orders union select city from customers",
    "select sum(paid) over (partition by note) from orders where id < 100",
    "select * from orders order by paid, note desc nulls last, id",
    "select * from (select * from orders offset 0) x where id = 1",
    "with recursive r as (select 1 n union all select n + 1 from r where n < 5) select * from r",
    "select * from orders o, customers c where o.customer_id = c.id and (o.paid = 1 or c.city = 'x')",
    "select * from orders where id = (select max(id) from orders)",
    "select * from orders for update limit 1",
    'select * from "we ird" "x y" where "a b" = 1',
]
LABELS = (
    "Join Type", "Strategy", "Sort Key", "Actual Loops", "Rows Removed by Filter", "Hash Batches", "Sort Method",
    "Sort Space Used", "Workers Planned", "Heap Fetches", "Exact Heap Blocks", "CTE Name", "Operation",
)  # fmt: skip


def seen(node: Node, depth: int = 0) -> Iterator[tuple[object, ...]]:
    """A node's own words and figures; what JSON has as 0 or None the text leaves away."""
    named = node.relation and node.relation.name
    figures = (node.startup_cost, node.total_cost, node.rows, node.width)
    details = {label: node.detail[label] for label in LABELS if node.detail.get(label)}
    yield (
        depth,
        node.kind,
        named,
        node.alias,
        node.index,
        figures,
        dict(node.conditions),
        details,
        node.detail.get("Subplan Name"),
    )
    for child in node.children:
        yield from seen(child, depth + 1)


@pytest.fixture
def planned(database):
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute('create table "we ird" ("a b" int); set max_parallel_workers_per_gather = 0')
        yield connection


@pytest.mark.parametrize("options", ["", "verbose, ", "analyze, buffers, timing off, "])
def test_text_is_read_as_json_is(planned, options):
    """The same tree, costs, conditions and measurements from both forms of the same plan."""
    for query in QUERIES:
        planned.execute("begin")
        (answer,) = planned.execute(f"explain ({options}format json) {query}").fetchone()
        planned.execute("rollback; begin")
        lines = [row[0] for row in planned.execute(f"explain ({options}format text) {query}")]
        planned.execute("rollback")
        assert list(seen(pasted("\n".join(lines)).plan.root)) == list(seen(plan_of(answer).root)), query


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("border", ["0", "1", "2"])
def test_psql_frames(server: Cluster, database, form, border):
    """As psql prints it with each border, ASCII and Unicode."""
    query = QUERIES[2]
    with psycopg.connect(database) as connection:
        (answer,) = connection.execute(f"explain (format json) {query}").fetchone()
    for style in ("ascii", "unicode"):
        look = ["-P", f"border={border}", "-P", f"linestyle={style}"]
        done = subprocess.run(
            [server.binaries.program("psql"), "-X", *look, "-d", database, "-c", f"explain (format {form}) {query}"],
            capture_output=True, text=True, check=True, env=dict(server.binaries.environment),
        )  # fmt: skip
        assert list(seen(pasted(done.stdout).plan.root)) == list(seen(plan_of(answer).root))


def test_rules_take_every_real_plan(planned):
    """No rule fails on what a server plans or measures, with or without its tables' facts."""
    for query in QUERIES:
        planned.execute("begin")
        (answer,) = planned.execute(f"explain (analyze, buffers, format json) {query}").fetchone()
        planned.execute("rollback")
        for each in insights(plan_of(answer)):
            assert each.what
            assert each.help
        json.dumps(answer)
