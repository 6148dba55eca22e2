"""A realistic review: migrations and queries of a shop, a hostile statement, an unverified note."""

from pgtune.model.design import Name
from pgtune.model.finding import Finding, Skipped
from pgtune.model.units import GB, MB
from pgtune.plans.insight import Insight
from pgtune.plans.parse import plan_of
from pgtune.review.fingerprint import fingerprinted
from pgtune.review.ranking import ranked
from pgtune.review.result import Looked, Moved, Picture, Pictured, Review
from pgtune.review.rule import Rule
from pgtune.review.suppression import UNUSED, Silenced

MIGRATION, CODE = "db/migrations/0042_orders.sql", "app/orders.py"
HOSTILE = "app/ol\u202ed %0A::error::, [x](http://evil.example) @here.py"

RULES = {
    "migration.rewrite": Rule(
        "migration.rewrite", "error", "A statement rewrites a big table",
        "Every row is written anew while nobody can read or write the table.",
        "Add a new column, fill it in batches, then swap the names.",
        "ALTER TABLE orders ALTER COLUMN total TYPE numeric(12, 4);",
        "ALTER TABLE orders ADD COLUMN total_new numeric(12, 4);",
        "PostgreSQL documentation, ALTER TABLE, Notes",
    ),
    "query.missing-index": Rule(
        "query.missing-index", "warning", "A query reads a whole table for few rows",
        "The time of the query grows with the table.", "Create the index, concurrently.",
        "SELECT id FROM orders WHERE customer_id = $1;", "", "PostgreSQL documentation, 11.1 Introduction",
    ),
    "query.offset": Rule(
        "query.offset", "note", "A page is found by counting",
        "The rows before the page are read and thrown away.", "Continue behind the last row of the page before.",
        "SELECT id FROM orders ORDER BY id LIMIT 20 OFFSET 100;",
        "SELECT id FROM orders WHERE id > $1 ORDER BY id LIMIT 20;", "PostgreSQL documentation, 7.6 LIMIT and OFFSET",
    ),
    UNUSED.code: UNUSED,
}  # fmt: skip

REWRITE = "ALTER TABLE orders ALTER COLUMN total TYPE numeric(12, 4)"
INDEX = "CREATE INDEX CONCURRENTLY orders_customer_id_idx ON public.orders USING btree (customer_id);"
QUERY = "SELECT id, total\n  FROM orders\n WHERE customer_id = $1"
EVIL = "SELECT '</pre></style><script>alert(1)</script>```\n@everyone' FROM orders ORDER BY id LIMIT 20 OFFSET 100"

FOUND = (
    (Finding(
        "migration.rewrite", "error", MIGRATION, 3,
        "rewrites orders (200 GB) under ACCESS EXCLUSIVE: nobody can read or write it meanwhile",
        "add a new column, fill it in batches, then swap the names",
        "ALTER TABLE orders ADD COLUMN total_new numeric(12, 4);\n-- fill it in batches, then\n"
        "ALTER TABLE orders RENAME COLUMN total TO total_old;",
    ), REWRITE),
    (Finding(
        "query.missing-index", "warning", CODE, 17,
        "reads all of orders (200 GB) to keep 40 rows, 0.00001 % of 400 million; "
        "with the index the cost is 12.4 instead of 31,213,004",
        "an index on orders (customer_id), tried on the twin", INDEX,
    ), QUERY),
    (Finding(
        "query.offset", "note", HOSTILE, 2,
        "OFFSET 100: the rows before the page are read and thrown away @octocat #12 owner/repo#3 http://evil.example",
        "continue behind the last row", verified=False,
    ), EVIL),
    (Finding(
        UNUSED.code, "note", CODE, 4, "nothing is found here that is called query.select-star",
        "take the comment out, or correct its code",
    ), "query.select-star"),
)  # fmt: skip

BEFORE = plan_of([{"Plan": {
    "Node Type": "Gather", "Startup Cost": 1000.0, "Total Cost": 31213004.0, "Plan Rows": 40, "Plan Width": 16,
    "Workers Planned": 2,
    "Plans": [{
        "Node Type": "Seq Scan", "Parallel Aware": True, "Relation Name": "orders", "Schema": "public",
        "Alias": "orders", "Startup Cost": 0.0, "Total Cost": 31212000.0, "Plan Rows": 17, "Plan Width": 16,
        "Filter": "(customer_id = $1)",
    }],
}}])  # fmt: skip
AFTER = plan_of([{"Plan": {
    "Node Type": "Index Scan", "Relation Name": "orders", "Schema": "public", "Alias": "orders",
    "Index Name": "orders_customer_id_idx", "Startup Cost": 0.57, "Total Cost": 12.4, "Plan Rows": 40, "Plan Width": 16,
    "Index Cond": "(customer_id = $1)",
}}])  # fmt: skip
SCAN = Insight(
    "scan.selective", "high", 1, "reads all of orders (200 GB) to keep 40 rows", "an index on orders (customer_id)"
)

REVIEW = Review(
    origin="a twin of shop, PostgreSQL 18.6, as of 2026-11-20 03:00 UTC",
    findings=ranked(fingerprinted((each, text, 0) for each, text in FOUND)),
    skipped=(
        Skipped("db/legacy.sql", 0, "neither UTF-8 nor UTF-16: save it as UTF-8"),
        Skipped(CODE, 40, "parts of the statement are known only when it runs"),
    ),
    silenced=(
        Silenced(
            Finding("query.select-star", "note", CODE, 29, "SELECT *", "name the columns"), 28,
            "the export needs every column",
        ),
    ),
    known=4,
    elsewhere=2,
    looked=Looked(3, 2, 14, 13),
    rules=RULES,
    plans=(
        Pictured(CODE, 17, QUERY, (Picture("as it is", BEFORE, (SCAN,)), Picture("with the index", AFTER))),
        Pictured("", 0, EVIL, (Picture("before the change", AFTER), Picture("after it", BEFORE))),
    ),
    moved=(
        Moved(MIGRATION, 3, REWRITE, Name("public", "orders"), "ACCESS EXCLUSIVE", True, False, 200 * GB, "applied"),
        Moved(
            MIGRATION, 5, "ALTER TABLE customers ADD CHECK (name <> '')", Name("public", "customers"),
            "ACCESS EXCLUSIVE", False, True, 12 * MB, "applied",
        ),
        Moved(
            MIGRATION, 9, 'CREATE TABLE x (o bigint REFERENCES "Odd | one")', Name("public", "Odd | one"),
            "SHARE ROW EXCLUSIVE", False, False, None, "unverified",
        ),
    ),
    notes=("planned by PostgreSQL 18, while the database runs on 17",),
    fail_on="error",
)  # fmt: skip
EMPTY = Review("an empty twin with the schema of schema.sql", ())
