"""The rules over scans in a plan (plans/rules/scans.py) in words."""

from pgtune.review.rule import Rule
from pgtune.review.rules.plan import seen

SELECTIVE = Rule(
    code="scan.selective",
    severity="warning",
    title="A whole table is read to keep few of its rows",
    why=(
        "The planner found no index for the filter, so every execution reads the table from one end to the other. The "
        "time grows with the table, and pages that others need are pushed out of the cache."
    ),
    remedy="An index with the columns of the filter, those compared with = before ranges; or a filter that has one.",
    wrong="SELECT id FROM orders WHERE note = $1",
    right="SELECT id FROM orders WHERE id = $1",
    source="PostgreSQL documentation 14.1 (Using EXPLAIN), 11.1 (Indexes); sizes from pg_class",
    known_as=("pganalyze: slow scan", "dryrun: seq scan on a large table", "RegreSQL: seq scan"),
)
INDEX_FILTER = Rule(
    code="scan.index-filter",
    severity="warning",
    title="An index finds rows of which the filter throws most away",
    why=(
        "Each row that the index finds is fetched from the table, at random, only to be thrown away: the index has the "
        "columns of a part of the filter alone."
    ),
    remedy="The filter's columns as further keys of the index, or as the predicate of a partial one.",
    wrong="SELECT id FROM orders WHERE created_at BETWEEN $1 AND $2 AND note = $3",
    right="SELECT id FROM orders WHERE customer_id = $1",
    source="PostgreSQL documentation 11.3 (Multicolumn Indexes), 11.8 (Partial Indexes)",
    known_as=("pganalyze: inefficient index", "pgplan: index filter"),
)
ORDER_WALK = Rule(
    code="scan.order-walk",
    severity="warning",
    title="An index is walked in the order of ORDER BY until enough rows pass a filter",
    why=(
        "With LIMIT the planner may walk an index that has the order and hope that rows which pass the filter come "
        "soon. It assumes that they are spread evenly; where they are old, rare or not there at all, it reads the "
        "whole table through the index, the slowest way there is."
    ),
    remedy="An index with the filter's equality columns first and the columns of ORDER BY behind them.",
    wrong="SELECT id FROM orders WHERE note = $1 ORDER BY id DESC LIMIT 20",
    right="SELECT id FROM orders WHERE id > $1 ORDER BY id LIMIT 20",
    source="PostgreSQL documentation 11.4 (Indexes and ORDER BY), 14.2 (Statistics Used by the Planner)",
    known_as=("pganalyze: wrong index due to ORDER BY",),
)
PARTITIONS = Rule(
    code="scan.all-partitions",
    severity="warning",
    title="Every partition of a table is read, though there is a filter",
    why=(
        "Partitions are left out only by a condition on the partition key that is a constant or a parameter. Without "
        "one, a query on one day costs as much as one on all years, and its planning grows with the partitions."
    ),
    remedy="A condition on the partition key.",
    wrong="SELECT at, value FROM measurements WHERE device_id = $1",
    right="SELECT at, value FROM measurements WHERE device_id = $1 AND at >= $2 AND at < $3",
    source="PostgreSQL documentation 5.12.4 (Partition Pruning)",
    known_as=("dryrun: no partition pruning",),
)
HEAP = Rule(
    code="scan.heap-fetches",
    severity="note",
    title="An index-only scan goes to the table after all",
    why=(
        "An index does not know which rows are visible; the visibility map does, page by page, as far as VACUUM has "
        "kept up. Where it has not, an index-only scan fetches each row from the table, as any other would."
    ),
    remedy="VACUUM the table, and have autovacuum do it more often.",
    wrong="SELECT id FROM orders WHERE id > $1  -- after an update of half the table",
    right="SELECT id FROM orders WHERE id > $1  -- after VACUUM orders",
    source="PostgreSQL documentation 11.9 (Index-Only Scans), 25.1.4 (Updating the Visibility Map)",
    known_as=("pev2: heap fetches",),
)
LOSSY = Rule(
    code="scan.lossy-bitmap",
    severity="note",
    title="A bitmap did not fit in work_mem",
    why="It then knows pages only, and every row of them is checked again.",
    remedy="More work_mem for this query, or an index that finds fewer rows.",
    wrong="SET work_mem = '64kB'; SELECT * FROM orders WHERE created_at > $1",
    right="SET work_mem = '64MB'; SELECT * FROM orders WHERE created_at > $1",
    source="PostgreSQL documentation 19.4.1 (work_mem), 14.1.2 (EXPLAIN ANALYZE)",
    known_as=("pganalyze: lossy bitmaps",),
)
PLAN = tuple((rule, seen(rule)) for rule in (SELECTIVE, INDEX_FILTER, ORDER_WALK, PARTITIONS))
EXPLAINED = (HEAP, LOSSY)
