"""Plans in the words of EXPLAIN (FORMAT JSON), and tables of a size."""

from pgtune.model.design import Name
from pgtune.plans.parse import plan_of
from pgtune.plans.spot import Facts
from pgtune.snapshot.snapshot import Column, ColumnStats, Table, Usage

STATS = (ColumnStats(inherited=False, null_frac=0, avg_width=8, n_distinct=-1),)


def node(kind, cost=1000.0, rows=10, *children, **detail):
    """A node; details by their labels with underscores for blanks."""
    labels = {label.replace("_", " "): value for label, value in detail.items()}
    own = {"Node Type": kind, "Startup Cost": 0.0, "Total Cost": cost, "Plan Rows": rows, "Plan Width": 8}
    return own | labels | ({"Plans": list(children)} if children else {})


def scan(kind="Seq Scan", table="orders", cost=100_000.0, rows=10, **detail):
    return node(kind, cost, rows, Relation_Name=table, Alias=table[0], Schema="public", **detail)


def plan(root):
    return plan_of([{"Plan": root}])


def table(name, pages, rows, **changes):
    columns = tuple(
        Column(number, column, "bigint", stats=STATS) for number, column in enumerate(("id", "a", "b", "status"), 1)
    )
    given = {"kind": "r", "columns": columns, "pages": pages, "relpages": pages, "rows": rows, "all_visible": pages}
    return Table(Name("public", name), **(given | changes))


def facts(*tables, **settings):
    return Facts({each.name: each for each in tables}, settings)


BIG = table("orders", 500_000, 30_000_000)
MIDDLE = table("items", 5_000, 300_000)
SMALL = table("kinds", 2, 100)
CHANGED = table("orders", 500_000, 1_000_000, usage=Usage(modified=900_000))
EMPTY_STATS = table("orders", 500_000, -1)
