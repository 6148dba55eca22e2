"""An index built while writers wait."""

import re
from collections.abc import Iterator

from pgtune.review.rule import Remark, Rule
from pgtune.review.step import Step, asked_of

RULE = Rule(
    code="migration.index",
    severity="error",
    title="An index is built while writers wait",
    why="""\
CREATE INDEX holds a SHARE lock on the table until the index is done: INSERT, UPDATE and DELETE wait for as long as it
takes to read and sort the whole table.""",
    remedy="""\
CREATE INDEX CONCURRENTLY, outside a transaction. If it fails it leaves an invalid index behind: drop it, try again. A
partitioned table takes it on each partition, and ATTACH PARTITION on the parent's index joins them.""",
    wrong="CREATE INDEX orders_customer_idx ON orders (customer_id);",
    right="CREATE INDEX CONCURRENTLY orders_customer_idx ON orders (customer_id);",
    source="documentation, CREATE INDEX, Building Indexes Concurrently",
    known_as=(
        "squawk require-concurrent-index-creation", "eugene E6",
        "strong_migrations adding an index non-concurrently", "pgrubic US016",
    ),
)  # fmt: skip

_WORDS = re.compile(r"(\bcreate\s+(?:unique\s+)?index)\b", re.IGNORECASE)


@asked_of("IndexStmt")
def check(step: Step) -> Iterator[Remark]:
    """A plain CREATE INDEX on a table that was there before."""
    if step.node.get("concurrent") or not step.old(step.relation):
        return
    severity = step.graveness(step.relation)
    if severity is None:
        return
    yield Remark(
        severity,
        f"building the index holds SHARE on {step.shown(step.relation)}: all writers wait{step.aside}",
        _help(step),
        _fix(step),
        verified=step.sized(step.relation),
    )


def _parted(step: Step) -> bool:
    table = step.scene.table(step.relation)
    return table is not None and table.kind == "p"


def _help(step: Step) -> str:
    if _parted(step):
        return "ON ONLY the parent, CONCURRENTLY on each partition, then ALTER INDEX ... ATTACH PARTITION"
    outside = f", outside a transaction{step.way_out}" if step.scene.began else ""
    return f"CREATE INDEX CONCURRENTLY{outside}"


def _fix(step: Step) -> str:
    if _parted(step):
        return ""
    return _WORDS.sub(r"\1 CONCURRENTLY", step.sql.text, count=1).rstrip("; \n") + ";"
