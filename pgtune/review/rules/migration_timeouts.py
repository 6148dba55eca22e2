"""Locks that are waited for without an end."""

from collections.abc import Iterator

from pgtune.plans.sizes import BIG_PAGES
from pgtune.review.rule import Remark, Rule
from pgtune.review.scene import MODES, STRONG
from pgtune.review.step import Step, asked_of

TIMEOUT = Rule(
    code="migration.lock-timeout",
    severity="warning",
    title="A strong lock is waited for without a lock_timeout",
    why="""\
While a statement waits for its lock behind one long query, everybody who comes later waits behind it: an ALTER TABLE
of a millisecond stops the table for as long as that query takes.""",
    remedy="""\
SET lock_timeout (and statement_timeout) before it, and try again if it fails. Also where the role or the tool sets
them: then say so with a suppression.""",
    wrong="ALTER TABLE orders ADD COLUMN note text;",
    right="""\
SET lock_timeout = '2s';
ALTER TABLE orders ADD COLUMN note text;""",
    source="documentation, 19.11.1 lock_timeout; 13.3.1",
    known_as=("squawk require-lock-timeout", "squawk require-statement-timeout", "eugene E9"),
    once=True,
)

REFERENCES = Rule(
    code="migration.references",
    severity="warning",
    title="A foreign key of a new table stops the writers of another one",
    why="""\
CREATE TABLE ... REFERENCES takes SHARE ROW EXCLUSIVE on the table that it refers to: it waits for every writer of that
table, and all later writers wait behind it.""",
    remedy="SET lock_timeout before it, and try again if it fails.",
    wrong="CREATE TABLE parcels (id bigint PRIMARY KEY, order_id bigint REFERENCES orders (id));",
    right="""\
SET lock_timeout = '2s';
CREATE TABLE parcels (id bigint PRIMARY KEY, order_id bigint REFERENCES orders (id));""",
    source="documentation, 13.3.1; the lock as pg_locks shows it on 18",
    known_as=("eugene E9",),
    once=True,
)

TRIGGER = Rule(
    code="migration.trigger",
    severity="warning",
    title="A trigger is made or switched while writers go on",
    why="""\
CREATE TRIGGER, and ENABLE and DISABLE TRIGGER, take SHARE ROW EXCLUSIVE: they wait for every writer of the table, and
all later writers wait behind them. A disabled trigger is disabled for all sessions, foreign keys among them.""",
    remedy="SET lock_timeout before it, and try again if it fails.",
    wrong="ALTER TABLE orders DISABLE TRIGGER audit;",
    right="""\
SET lock_timeout = '2s';
ALTER TABLE orders DISABLE TRIGGER audit;""",
    source="documentation, 13.3.1; ALTER TABLE, DISABLE TRIGGER",
    known_as=("eugene E9",),
    once=True,
)

# New tables have rules of their own, and REFRESH lets everybody go on where it can, or has one too.
OTHERS = frozenset({"CreateStmt", "LockStmt", "RefreshMatViewStmt"})
HELP = "SET lock_timeout = '2s' first, and try again if it fails"
TRIGGERS = {"AT_EnableTrig", "AT_EnableAlwaysTrig", "AT_EnableReplicaTrig", "AT_EnableTrigAll", "AT_EnableTrigUser",
            "AT_DisableTrig", "AT_DisableTrigAll", "AT_DisableTrigUser"}  # fmt: skip


def timeout(step: Step) -> Iterator[Remark]:
    """The first strong lock on a table that was there before, if no timeout is set."""
    if step.does.locks and not _switches(step) and step.kind not in OTHERS:
        yield from _said(step, "")


@asked_of("CreateStmt")
def references(step: Step) -> Iterator[Remark]:
    """CREATE TABLE whose foreign key locks a table that was there before."""
    if "partbound" not in step.node:
        yield from _said(step, "the new foreign key")


@asked_of("CreateTrigStmt", "AlterTableStmt")
def trigger(step: Step) -> Iterator[Remark]:
    """A trigger made or switched on a table that was there before."""
    if _switches(step):
        yield from _said(step, "this")


def _switches(step: Step) -> bool:
    return step.kind == "CreateTrigStmt" or any(each.subtype in TRIGGERS for each in step.commands)


def _said(step: Step, what: str) -> Iterator[Remark]:
    if step.scene.timeouts:
        return
    found = [each for each in step.does.locks if each.mode in STRONG and not each.index and step.old(each.table)]
    if not found:
        return
    lock = max(found, key=lambda each: step.scene.pages(each.table) or 0)
    pages = step.scene.pages(lock.table)
    stops = "everybody" if lock.mode == MODES[-1] else "every writer"
    yield Remark(
        "warning" if pages is not None and pages >= BIG_PAGES else "note",
        f"{what or 'this'} waits for {lock.mode} on {step.shown(lock.table)} without a lock_timeout, and {stops} "
        f"who comes later waits behind it{step.aside}",
        HELP,
        verified=pages is not None,
    )


RULES = ((TIMEOUT, timeout), (REFERENCES, references), (TRIGGER, trigger))
