"""The rules over memory, estimates and needless work in a plan, in words."""

from pgtune.review.rule import Rule
from pgtune.review.rules.plan import seen

SORT = Rule(
    code="memory.sort",
    severity="note",
    title="A sort that does not fit in work_mem",
    why=(
        "It goes to temporary files: rows are written, merged and read back. Wide rows are carried through all of it, "
        "whether the order needs their columns or not."
    ),
    remedy="An index that gives the order, fewer rows or columns to sort, or more work_mem for this query.",
    wrong="SELECT * FROM orders ORDER BY note",
    right="SELECT id FROM orders ORDER BY id LIMIT 20",
    source="PostgreSQL documentation 19.4.1 (work_mem), 11.4 (Indexes and ORDER BY)",
    known_as=("pganalyze: disk sort", "pgplan: sort spill"),
)
HASH = Rule(
    code="memory.hash",
    severity="note",
    title="A hash table that does not fit in memory",
    why="Beyond work_mem times hash_mem_multiplier it is split into batches that go to temporary files.",
    remedy="Fewer rows and columns below it, or more work_mem or hash_mem_multiplier for this query.",
    wrong="SELECT o.id, c.name FROM customers c JOIN orders o ON o.customer_id = c.id WHERE o.total > 100",
    right="SELECT status, count(*) FROM orders GROUP BY status",
    source="PostgreSQL documentation 19.4.1 (hash_mem_multiplier)",
    known_as=("pganalyze: hash batches", "pev2: hash batches"),
)
SORT_FOR_LIMIT = Rule(
    code="memory.sort-for-limit",
    severity="warning",
    title="Many rows are sorted to return the first few",
    why="All rows that pass the filter are read before the first one can be returned, for every page anew.",
    remedy="An index with the filter's equality columns, then those of ORDER BY: its first entries are the answer.",
    wrong="SELECT id FROM orders ORDER BY total DESC LIMIT 20",
    right="SELECT id FROM orders ORDER BY created_at DESC LIMIT 20",
    source="PostgreSQL documentation 11.4 (Indexes and ORDER BY)",
    known_as=("dryrun: sort without index", "pgReviewer: sort without index"),
)
OFFSET = Rule(
    code="work.offset",
    severity="warning",
    title="Many rows are produced only to be skipped",
    why="OFFSET does not jump: what it skips was read, filtered and sorted before.",
    remedy="A cursor instead: ask for what comes behind the last row seen (keyset pagination).",
    wrong="SELECT id FROM orders ORDER BY id LIMIT 20 OFFSET 100000",
    right="SELECT id FROM orders WHERE id > $1 ORDER BY id LIMIT 20",
    source="PostgreSQL documentation 7.6 (LIMIT and OFFSET)",
    known_as=("pganalyze: large offset", "slowql: deep offset pagination"),
)
CTE = Rule(
    code="work.cte",
    severity="warning",
    title="A CTE is computed whole, and filtered then",
    why=(
        "A CTE that is named twice, or that is MATERIALIZED, is a wall for the planner: no condition of the query "
        "around it comes through it, so that it is computed for all rows."
    ),
    remedy="NOT MATERIALIZED, or the condition inside of the CTE.",
    wrong="WITH c AS MATERIALIZED (SELECT id, customer_id FROM orders) SELECT id FROM c WHERE customer_id = $1",
    right="WITH c AS (SELECT id, customer_id FROM orders) SELECT id FROM c WHERE id = $1",
    source="PostgreSQL documentation 7.8.3 (Common Table Expression Materialization)",
    known_as=("dryrun: CTE materialised",),
)
WORKERS = Rule(
    code="work.workers",
    severity="note",
    title="Fewer parallel workers came than were planned",
    why="The pool was empty, and the query ran with fewer processes than its plan was chosen for.",
    remedy="More max_parallel_workers and max_worker_processes, or fewer workers a query.",
    wrong="SET max_parallel_workers = 0; SELECT count(*) FROM orders",
    right="SET max_parallel_workers = 8; SELECT count(*) FROM orders",
    source="PostgreSQL documentation 19.4.6 (Worker Processes), 15.1 (How Parallel Query Works)",
    known_as=("pgplan: workers not launched",),
)
FILES = Rule(
    code="work.temporary-files",
    severity="note",
    title="The query wrote temporary files",
    why="What does not fit in work_mem is written to disk and read back.",
    remedy="More work_mem for this query, or fewer rows to keep.",
    wrong="SET work_mem = '64kB'; SELECT * FROM generate_series(1, 1000000)",
    right="SET work_mem = '256MB'; SELECT * FROM generate_series(1, 1000000)",
    source="PostgreSQL documentation 19.4.1 (work_mem), EXPLAIN (BUFFERS)",
    known_as=("pgplan: temp I/O",),
)
ROWS = Rule(
    code="estimate.rows",
    severity="warning",
    title="Far more or far fewer rows than the planner expected",
    why="Every choice above that node rests on a wrong number: the join order, the join method, the memory.",
    remedy="ANALYZE; a higher statistics target; CREATE STATISTICS on columns that depend on each other.",
    wrong="SELECT * FROM orders WHERE city = 'Rome' AND country = 'it'",
    right="CREATE STATISTICS ON city, country FROM orders; ANALYZE orders",
    source="PostgreSQL documentation 14.2 (Statistics Used by the Planner); 10 and 100 times as pev2 and depesz",
    known_as=("pev2: estimation", "pganalyze: mis-estimate"),
)
NEVER = Rule(
    code="estimate.no-statistics",
    severity="warning",
    title="A table has no statistics",
    why="The planner guesses at how many rows a condition keeps, with constants that are the same for all tables.",
    remedy="ANALYZE the table after it was loaded.",
    wrong="SELECT * FROM freshly_loaded WHERE a = 1",
    right="ANALYZE freshly_loaded",
    source="PostgreSQL documentation 14.2, 25.1.3 (Updating Planner Statistics)",
)
STALE = Rule(
    code="estimate.stale",
    severity="note",
    title="A table changed much since its last ANALYZE",
    why="The statistics describe a table that is no longer there.",
    remedy="ANALYZE the table, and find out why autovacuum does not get to it.",
    wrong="SELECT * FROM orders WHERE created_at > now() - interval '1 day'  -- the last ANALYZE is a month old",
    right="ANALYZE orders",
    source="PostgreSQL documentation 19.10 (autovacuum_analyze_scale_factor), pg_stat_all_tables.n_mod_since_analyze",
    known_as=("pganalyze: stale statistics",),
)
PLAN = tuple((rule, seen(rule)) for rule in (SORT_FOR_LIMIT, OFFSET, CTE, SORT, HASH))
EXPLAINED = (WORKERS, FILES, ROWS, NEVER, STALE)
