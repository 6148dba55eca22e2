"""Migrations for tests: texts to findings, with sizes and traces written by hand."""

from collections.abc import Iterable, Sequence

from pgtune.model.design import Name
from pgtune.model.trace import Effect, Trace
from pgtune.plans.spot import Facts
from pgtune.review.migrations import findings
from pgtune.review.rule import Remark
from pgtune.snapshot.snapshot import Column, StoredIndex, Table
from pgtune.sources.project import Migration
from pgtune.sources.statements import statements

GB = 1 << 17  # pages
ORDERS = Name("public", "orders")
CUSTOMERS = Name("public", "customers")


def table(name: str, pages: int, *columns: tuple[str, str], kind: str = "r", parent: str = "") -> Table:
    """A table of production, a hundred rows a page."""
    made = tuple(Column(number, each, type_) for number, (each, type_) in enumerate(columns, 1))
    parents = (Name("public", parent),) if parent else ()
    return Table(Name("public", name), kind, made, pages, pages, pages * 100.0, parents=parents)


def index(name: str, *keys: str) -> StoredIndex:
    """A B-tree of production."""
    return StoredIndex(Name("public", name), "btree", "", keys)


def known(*tables: Table) -> Facts:
    """Production's tables by name."""
    return Facts({each.name: each for each in tables})


BIG = known(
    table("orders", 200 * GB, ("id", "bigint"), ("total", "integer"), ("note", "character varying(20)")),
    table("customers", 1, ("id", "bigint")),
)


def migration(text: str, tool: str = "numbered", *, transaction: bool = True) -> Migration:
    """A file's text as a migration."""
    found = statements(text, "1.sql", "migration", native=True)
    assert not found.skipped, found.skipped
    return Migration("1.sql", tool, found.statements, transaction)


def review(
    *texts: str,
    facts: Facts | None = None,
    effects: Sequence[Effect] = (),
    tool: str = "numbered",
    transaction: bool = True,
    together: bool = True,
) -> list[tuple[str, Remark]]:
    """What is said of these migrations; `effects` trace the first of them."""
    made = [migration(text, tool, transaction=transaction) for text in texts]
    traces = [Trace(tuple(effects))] if effects else []
    return [(rule.code, remark) for _, rule, remark in findings(made, traces, facts, together=together)]


def codes(found: Iterable[tuple[str, Remark]], *, minor: bool = False) -> list[str]:
    """The codes, those of the rule that most migrations meet left away unless `minor`."""
    return [code for code, _ in found if minor or code != "migration.lock-timeout"]


def one(found: Sequence[tuple[str, Remark]], code: str) -> Remark:
    """The one remark with this code."""
    (remark,) = [remark for each, remark in found if each == code]
    return remark
