"""The guide wants pages by cursor: OFFSET reads and throws away every row before the page."""

from collections.abc import Iterator

from pgtune.review.asked import Asked
from pgtune.review.rule import Remark, Rule

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
    known_as=("slowql: deep offset pagination",),
)


def check(asked: Asked) -> Iterator[Remark]:
    """An OFFSET that is not 0 anywhere in the statement, where the guide wants cursors."""
    if not asked.ground.pagination.cursor:
        return
    for block in asked.shape.blocks:
        if block.offset is not None and block.offset.literal != "0":
            yield Remark("warning", f"finds its page by OFFSET {block.offset.sql}", RULE.remedy)
