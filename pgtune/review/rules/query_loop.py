"""A query in a loop: one round trip to the server for each turn, where one query would answer them all."""

from collections.abc import Iterator

from pgtune.review.asked import Asked
from pgtune.review.rule import Remark, Rule
from pgtune.sqltext.rewrites.together import together
from pgtune.sqltext.safety import locks_rows

RULE = Rule(
    code="query.loop",
    severity="warning",
    title="A query is run once for each turn of a loop",
    why=(
        "Each turn waits for a round trip to the server, parses and plans anew: a list of 100 rows becomes 101 "
        "queries, of which each is fast, so that no list of slow queries shows them."
    ),
    remedy="One query for all keys (= ANY(list), a join, VALUES or unnest), and the answer told apart in memory.",
    wrong="for id in ids:\n    execute('SELECT name FROM customers WHERE id = %s', [id])",
    right="execute('SELECT id, name FROM customers WHERE id = ANY(%s)', [ids])",
    source="PostgreSQL documentation 9.25.3 (ANY), 7.7 (VALUES Lists)",
    known_as=("pgReviewer: N+1",),
)


def check(asked: Asked) -> Iterator[Remark]:
    """A statement with a parameter that stands in a loop: a lookup by key, or one row written at a time.

    A page or a batch at a time is what loops are for: whatever has a LIMIT or locks rows is left alone.
    """
    if not asked.sql.loop or not asked.shape.parameters or locks_rows(asked.tree):
        return
    if any(block.limit is not None and block.limit.literal != "1" for block in asked.shape.blocks):
        return
    turn = f"is run once for each turn of the loop on line {asked.sql.loop}"
    if asked.shape.kind == "select":
        if any(each.test == "equal" and each.values[0].parameter for each in asked.shape.predicates()):
            rewrite = together(asked.text)
            yield Remark("warning", turn, RULE.instead, asked.spelled(rewrite) if rewrite else "")
    elif asked.shape.kind in {"insert", "update", "delete"}:
        helps = "all rows in one statement: several VALUES, unnest of arrays, COPY, or the driver's batch"
        yield Remark("note", f"{asked.shape.kind.upper()} {turn}", helps)
