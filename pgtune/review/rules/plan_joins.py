"""The rules over joins in a plan (plans/rules/joins.py) in words."""

from pgtune.review.rule import Rule
from pgtune.review.rules.plan import seen
from pgtune.review.rules.plan_rewrites import of_not_in, of_or, rewritten

IN_LOOP = Rule(
    code="join.scan-in-loop",
    severity="warning",
    title="A nested loop reads a whole table for each row of the other",
    why="A table of a thousand pages that is read for each of a thousand rows is a million pages read.",
    remedy="An index on the inner table's join columns.",
    wrong="SELECT c.id, o.id FROM customers c JOIN orders o ON o.total BETWEEN c.low AND c.high",
    right="SELECT c.id, o.id FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.id = $1",
    source="PostgreSQL documentation 51.5.1 (Generating Possible Plans)",
    known_as=("dryrun: nested loop with seq scan", "RegreSQL: nested loop over seq scan"),
)
FOR_FEW = Rule(
    code="join.scan-for-few",
    severity="warning",
    title="A big table is read whole for few rows to join with",
    why=(
        "The other side has few rows, so that a lookup for each of them would do; without an index on the join columns "
        "all of the big table is read and hashed instead."
    ),
    remedy="An index on the big table's join columns; a foreign key does not bring one.",
    wrong="SELECT o.id FROM customers c JOIN orders o ON o.note = c.name WHERE c.id = $1",
    right="SELECT o.id FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.id = $1",
    source="PostgreSQL documentation 5.5.5 (Foreign Keys), 51.5.1; sizes from pg_class",
)
OR_ACROSS = Rule(
    code="join.or",
    severity="warning",
    title="An OR over two tables is checked for every pair of rows",
    why=(
        "Neither arm can be checked before the tables are joined, so no index serves it: everything is joined, and "
        "most of it is thrown away."
    ),
    remedy="A UNION ALL of one query for each arm, the second without what the first has found.",
    wrong="SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.id = $1 OR c.email = $2",
    right=(
        "SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.id = $1 UNION ALL "
        "SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.email = $2 AND o.id <> $1"
    ),
    source="PostgreSQL documentation 11.5 (Combining Multiple Indexes), 7.4 (Combining Queries)",
    known_as=("pganalyze: slow join due to late filtering by OR",),
)
CARTESIAN = Rule(
    code="join.cartesian",
    severity="error",
    title="Two tables are joined without any condition between them",
    why="Every row meets every other one: the answer grows with the product of the two tables.",
    remedy="The join condition that is missing.",
    wrong="SELECT o.id, c.name FROM orders o, customers c WHERE o.total > 100",
    right="SELECT o.id, c.name FROM orders o, customers c WHERE c.id = o.customer_id AND o.id = $1",
    source="PostgreSQL documentation 7.2.1 (The FROM Clause: cross join)",
    known_as=("dryrun: cartesian join", "pgReviewer: cartesian product"),
)
SUBPLAN = Rule(
    code="join.subplan",
    severity="warning",
    title="A subquery is run again for each row",
    why=(
        "A subquery that reads a column of the query around it and cannot be made a join is executed once for each row "
        "of it, as a loop in the application would."
    ),
    remedy="A join with an aggregate, or a LATERAL subquery; at least an index for its condition.",
    wrong="SELECT c.id, (SELECT count(*) FROM orders o WHERE o.note = c.name) FROM customers c",
    right="SELECT c.id, (SELECT count(*) FROM orders o WHERE o.customer_id = c.id) FROM customers c WHERE c.id = $1",
    source="PostgreSQL documentation 14.1 (SubPlan), 7.2.1.5 (LATERAL Subqueries)",
    known_as=("pgplan: correlated subplan",),
)
NOT_IN = Rule(
    code="join.not-in",
    severity="warning",
    title="NOT IN with a subquery is checked row by row",
    why=(
        "Because a NULL in the subquery makes all of NOT IN unknown, it cannot be planned as a join. The subquery is "
        "hashed if it fits in work_mem, else it is looked through again for each row."
    ),
    remedy="NOT EXISTS, which can be an anti join.",
    wrong="SELECT id FROM orders WHERE customer_id NOT IN (SELECT id FROM customers WHERE country = 'de')",
    right=(
        "SELECT id FROM orders o WHERE NOT EXISTS "
        "(SELECT 1 FROM customers c WHERE c.country = 'de' AND c.id = o.customer_id)"
    ),
    source="PostgreSQL documentation 9.24.3 (NOT IN)",
    known_as=("pgrubic: not in", "slowql: NOT IN with a subquery"),
)
UNDERESTIMATED = Rule(
    code="join.underestimated-loop",
    severity="warning",
    title="A nested loop went round far more often than expected",
    why="The planner chose it for a few rows; with many, a hash or merge join would have been cheaper.",
    remedy="ANALYZE the outer tables, or CREATE STATISTICS on columns that depend on each other.",
    wrong="SELECT * FROM orders o JOIN order_lines l ON l.order_id = o.id WHERE o.city = 'Rome' AND o.country = 'it'",
    right="CREATE STATISTICS ON city, country FROM orders; ANALYZE orders",
    source="PostgreSQL documentation 14.2.2 (Extended Statistics); a thousand rounds as pganalyze and pgplan",
    known_as=("pganalyze: inefficient nested loop",),
)
REMOVED = Rule(
    code="join.removed",
    severity="warning",
    title="Rows are joined first and thrown away then",
    why="A condition that is no equality between the tables is checked for every pair that the join makes.",
    remedy="An equality between the tables to join on, and an index for it.",
    wrong="SELECT * FROM a JOIN b ON b.x > a.x AND b.x < a.x + 10",
    right="SELECT * FROM a JOIN b ON b.day = a.day AND b.x > a.x AND b.x < a.x + 10",
    source="PostgreSQL documentation 14.1.2 (Rows Removed by Join Filter)",
    known_as=("pgplan: join filter removal",),
)
PLAN = (
    *((rule, seen(rule)) for rule in (IN_LOOP, FOR_FEW, CARTESIAN, SUBPLAN)),
    (OR_ACROSS, rewritten(OR_ACROSS, of_or)),
    (NOT_IN, rewritten(NOT_IN, of_not_in)),
)
EXPLAINED = (UNDERESTIMATED, REMOVED)
