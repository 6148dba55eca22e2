"""The guide wants pages by cursor: OFFSET reads and throws away every row before the page."""

from collections.abc import Iterator

from pgtune.model.finding import Severity
from pgtune.plans.words import cost, listed
from pgtune.review.asked import Asked
from pgtune.review.paging import Page, page
from pgtune.review.rule import Remark, Rule
from pgtune.sqltext.placeholders import spellings
from pgtune.sqltext.shape import Value

RULE = Rule(
    code="guide.offset",
    severity="warning",
    title="A page is found by OFFSET, not by a cursor",
    why=(
        "OFFSET n makes the server produce n rows and throw them away: page 1,000 costs a thousand times page 1, and a "
        "row that is inserted meanwhile makes a reader see another one twice."
    ),
    remedy="Remember the sort columns of the last row and ask for what comes behind it (keyset pagination).",
    wrong="SELECT id, total FROM orders ORDER BY created_at DESC, id DESC LIMIT 20 OFFSET $1",
    right="SELECT id, total FROM orders WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT 20",
    source="the house guide: review.pagination.style; PostgreSQL documentation 7.6 (LIMIT and OFFSET)",
    known_as=("slowql: deep offset pagination", "pganalyze: large offset"),
)


def check(asked: Asked) -> Iterator[Remark]:
    """An OFFSET that is not 0, where the guide wants cursors."""
    found = [each.offset for each in asked.shape.blocks if each.offset and each.offset.literal != "0"]
    if not found or not asked.ground.pagination.cursor:
        return
    big = [asked.graveness(name) for name in asked.shape.tables]
    severity: Severity = "note" if not asked.sized or not any(big) else "warning"
    what = f"finds its page by OFFSET {_written(asked, found[0])}"
    keyed = page(asked) if asked.shape.blocks[0].offset and not asked.sql.dynamic else "it is no page of the query"
    if isinstance(keyed, str):
        yield Remark(severity, what, f"{RULE.instead}; not proposed here: {keyed}", verified=asked.sized)
    else:
        yield Remark(
            severity, what + _gain(asked, keyed), _help(asked, keyed), _fix(asked, keyed), verified=asked.sized
        )


def _gain(asked: Asked, keyed: Page) -> str:
    if not asked.sized or asked.plan is None or keyed.plan is None:
        return ""
    return f": costs {cost(asked.plan.cost)}, by a cursor {cost(keyed.plan.cost)}"


def _written(asked: Asked, value: Value) -> str:
    """The value as the code writes it."""
    marks = () if asked.sql.native or value.parameter is None else spellings(asked.sql.text)
    return (marks[value.parameter - 1] if marks and value.parameter else "") or value.sql


def _help(asked: Asked, keyed: Page) -> str:
    numbered = asked.sql.native or _rewritten(asked, keyed) == keyed.cursor.rewrite.text
    takes = listed([f"${number} ({name})" if numbered else name for number, name in keyed.cursor.takes])
    index = "an index for that order is missing" if keyed.index else "an index has that order"
    index = "" if keyed.plan is None or keyed.sorted_ else index
    first = f"the first page is asked for without that condition{f'; {index}' if index else ''}"
    last = f"whose columns are {takes}" if numbered else f"whose {takes} are the new parameters"
    return f"ask for what comes behind the last row seen, {last}; {first}"


def _rewritten(asked: Asked, keyed: Page) -> str:
    return asked.spelled(keyed.cursor.rewrite, dict(keyed.cursor.takes))


def _fix(asked: Asked, keyed: Page) -> str:
    index = f"{asked.creation(keyed.index)}\n" if keyed.index else ""
    return f"{index}{_rewritten(asked, keyed)};"
