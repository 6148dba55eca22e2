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
    right="SELECT id FROM orders WHERE customer_id = $1",
    source="PostgreSQL documentation 14.1 (Using EXPLAIN), 11.1 (Indexes); sizes from pg_class",
    known_as=("pganalyze: slow scan", "dryrun: seq scan on a large table"),
)
PLAN = ((SELECTIVE, seen(SELECTIVE.code)),)
