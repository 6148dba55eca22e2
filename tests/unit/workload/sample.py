"""A snapshot of one table with statistics, as capture makes it, for tests of workloads."""

from pgtune.model.design import Name
from pgtune.snapshot.snapshot import Column, ColumnStats, Object, Recorded, Snapshot, Table

IDS = "{" + ",".join(str(number * 100) for number in range(101)) + "}"
DAYS = "{" + ",".join(f'"2026-{month:02}-{day:02} 00:00:00+00"' for month in range(1, 11) for day in range(1, 11)) + "}"


def stats(**figures):
    return (ColumnStats(inherited=False, null_frac=0, avg_width=8, **({"n_distinct": -1} | figures)),)


ORDERS = Table(
    Name("public", "orders"),
    "r",
    (
        Column(1, "id", "bigint", stats=stats(histogram_bounds=IDS)),
        Column(2, "customer_id", "bigint", stats=stats(
            histogram_bounds=IDS, most_common_vals="{7,9,11,13,15}", most_common_freqs="{.1,.05,.02,.01,.005}")),
        Column(3, "status", "text", stats=stats(
            n_distinct=3, most_common_vals="{delivered,paid,new}", most_common_freqs="{.95,.04,.01}")),
        Column(4, "created_at", "timestamp with time zone", stats=stats(histogram_bounds=DAYS)),
        Column(5, "tags", "text[]", stats=stats(
            most_common_elems='{red,"dark blue"}', most_common_elem_freqs="{0.5,0.1,0.1,0.5,0}")),
        Column(6, "doc", "jsonb", stats=stats(
            histogram_bounds='{"{\\"a\\": 1, \\"b\\": 2}","{\\"c\\": \\"x\\"}"}')),
        Column(7, "search", "tsvector", stats=stats(
            most_common_elems="{lamp,kettl}", most_common_elem_freqs="{.1,.01,.01,.1}")),
        Column(8, "total", "numeric"),
    ),
    pages=10_000,
    rows=1_000_000,
)  # fmt: skip


def snapshot(*texts, **changes):
    rows = tuple(Recorded(text, 10, 100.0) for text in texts)
    views = (Object("v", "view", "public.recent", "create view ..."),)
    return Snapshot(180006, "18.6", "2026-11-24", "shop", tables=(ORDERS,), objects=views, workload=rows, **changes)
