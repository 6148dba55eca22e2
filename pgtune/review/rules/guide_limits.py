"""The guide's pages: no list without a limit, no page above the largest, one size by default."""

from collections.abc import Iterator

from pgtune.model.finding import Severity
from pgtune.plans.words import rows_of
from pgtune.review.asked import Asked
from pgtune.review.rule import Remark, Rule
from pgtune.review.rules.plan import guess
from pgtune.sqltext.safety import locks_rows
from pgtune.sqltext.shape import Block

NO_LIMIT = Rule(
    code="guide.no-limit",
    severity="warning",
    title="A query without LIMIT that can return many rows of a big table",
    why=(
        "The answer grows with the table: what returns fifty rows in a test returns fifty thousand in production, held "
        "in the memory of the server, the driver and the application at once."
    ),
    remedy="LIMIT with a cursor; for a report or an export a server-side cursor or COPY.",
    wrong="SELECT id, total FROM orders WHERE status = 'delivered'",
    right="SELECT id, total FROM orders WHERE status = 'delivered' ORDER BY id LIMIT 20",
    source="the house guide: review.pagination.max_size; rows by the twin's planner",
    known_as=("slowql: unbounded select",),
)
SIZE = Rule(
    code="guide.page-size",
    severity="warning",
    title="A page that is not of the guide's size",
    why="Pages of one size are what caches, clients and the budget of response times are made for.",
    remedy="The guide's default page, and never more than its largest.",
    wrong="SELECT id FROM orders ORDER BY id LIMIT 5000 OFFSET $1",
    right="SELECT id FROM orders WHERE id > $1 ORDER BY id LIMIT 20",
    source="the house guide: review.pagination.default_size and max_size",
)


def no_limit(asked: Asked) -> Iterator[Remark]:
    """More rows than the guide's largest page, of a table that is big, as the planner expects without guessing."""
    block, most = asked.shape.blocks[0], asked.ground.pagination.max_size
    if not _listing(asked) or block.limit or block.aggregated or not asked.sized or asked.plan is None:
        return
    rows, tables = asked.plan.root.rows, asked.shape.tables
    big = [name for name in tables if (grave := asked.graveness(name)) and grave[0] != "note"]
    if any(map(guess, block.predicates)):
        return
    if rows > most and big:
        what = (
            f"can return {rows_of(rows)} of {asked.shown(big[0])} and has no LIMIT; the guide's largest page is {most}"
        )
        yield Remark("warning", what, NO_LIMIT.instead, about=(big[0],))


def page_size(asked: Asked) -> Iterator[Remark]:
    """A constant LIMIT above the largest page, or one of a page that is not the default; one row is no page."""
    block, pages = asked.shape.blocks[0], asked.ground.pagination
    if not _listing(asked) or block.limit is None or not (block.limit.literal or "").isdigit():
        return
    size, paged = int(block.limit.literal or 0), _paged(block)
    if size > pages.max_size:
        severity: Severity = "warning" if paged else "note"
        yield Remark(severity, f"LIMIT {size} is above the guide's largest page, {pages.max_size}", SIZE.instead)
    elif paged and size not in {1, pages.default_size}:
        what = f"a page of {size}, where the guide's default is {pages.default_size}"
        yield Remark("note", what, SIZE.instead)


def _listing(asked: Asked) -> bool:
    """True for a query of the application's own whose rows go to it as they are."""
    first = asked.sql.text.split(maxsplit=1)[0].lower()
    plain = asked.shape.kind == "select" and asked.sql.role == "query" and first not in {"declare", "copy"}
    return plain and not locks_rows(asked.tree)


def _paged(block: Block) -> bool:
    """True if the query is asked for one page after the other: by OFFSET, or from a place in its order on."""
    if block.offset is not None:
        return True
    behind = {(each.term, "<" if each.descending else ">") for each in block.order}
    asked = [each for each in block.predicates if each.test == "range" and each.values[0].parameter]
    return any((each.term, each.operator.rstrip("=")) in behind for each in asked)
