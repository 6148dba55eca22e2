"""`SELECT *`: more is read and sent than anybody asked for, and a new column changes what the code gets."""

from collections.abc import Iterator

from pgtune.model.units import human_bytes
from pgtune.plans.words import count, share
from pgtune.review.asked import Asked
from pgtune.review.rule import Remark, Rule
from pgtune.snapshot.snapshot import Table

# Few narrow columns cost nothing to send: 256 bytes a row are a page of 8 kB for 32 rows.
WIDE = 256  # bytes a row
LONG = 0.5  # of the width in one column: what most readers do not want, a document or a text

RULE = Rule(
    code="query.select-star",
    severity="note",
    title="SELECT * of a wide table",
    why=(
        "Every column is read, detoasted, sent and turned into an object, also those that the code never looks at; no "
        "index-only scan can serve the query; and a column that a later migration adds or drops changes the result "
        "under the feet of the code that reads it."
    ),
    remedy="Name the columns that the code uses.",
    wrong="SELECT * FROM articles WHERE id = $1",
    right="SELECT id, title, published_at FROM articles WHERE id = $1",
    source="PostgreSQL documentation 11.9 (Index-Only Scans), 7.3.1 (Select-List Items); pg_stats.avg_width",
    known_as=("pgrubic: TP/ST select star", "sqlfluff: AM04"),
)


def check(asked: Asked) -> Iterator[Remark]:
    """The outermost block returns all columns of a table whose rows are wide."""
    block = asked.shape.blocks[0]
    if asked.shape.kind != "select" or asked.sql.routine:
        return
    for source in block.sources:
        table = asked.table(source)
        if source.number not in block.star or table is None or not asked.sized:
            continue
        widths = {column.name: _width(table, column.name) for column in table.columns}
        whole = sum(widths.values())
        if whole >= WIDE:
            yield Remark("note", _what(table, widths, whole), RULE.instead, about=(table.name,))


def _what(table: Table, widths: dict[str, int], whole: int) -> str:
    widest = max(widths, key=lambda name: widths[name])
    most = f", {share(widths[widest] / whole)} of it in {widest}" if widths[widest] >= LONG * whole else ""
    return f"reads all {count(len(widths))} columns of {table.name.name}, {human_bytes(whole)} a row{most}"


def _width(table: Table, name: str) -> int:
    stats = next((column.stats for column in table.columns if column.name == name), ())
    return stats[0].avg_width if stats else 0
