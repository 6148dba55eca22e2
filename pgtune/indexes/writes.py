"""The write tax: what inserts and updates pay for one index more."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pglast import ast

from pgtune.indexes.facts import PAGE_BYTES, Facts, TableFacts
from pgtune.model.design import Index, Name
from pgtune.model.errors import NotSql
from pgtune.plans.plan import Plan
from pgtune.sqltext.analysis import shape
from pgtune.sqltext.parse import isa, tree
from pgtune.sqltext.shape import Catalog, Shape
from pgtune.workload.catalog import Tables, search_path_of
from pgtune.workload.statement import Statement

# Planner's units for one entry beside the descent (GIN: one element), as benchmarks/advise/write_tax.py measured them
# with keys in random order: 3.0 for a B-tree of three levels, 2.1 hash, 0.24 GIN, 9.5 GiST, 0.5 BRIN.
ENTRY: Mapping[str, float] = {"btree": 2.6, "hash": 2.1, "gist": 9.5, "spgist": 9.5, "gin": 0.24, "brin": 0.5}
DESCENT = 50 * 0.0025  # DEFAULT_PAGE_CPU_MULTIPLIER * cpu_operator_cost a level (selfuncs.c)
FANOUT = 250  # entries of an inner page, about


@dataclass(slots=True)
class TableWrites:
    """Rows written to one table. `updated` is by the columns that are set."""

    inserted: float = 0.0
    deleted: float = 0.0
    updated: dict[tuple[str, ...], float] = field(default_factory=dict)

    @property
    def known(self) -> bool:
        """True if any write is known of."""
        return bool(self.inserted or self.deleted or self.updated)


@dataclass(frozen=True, slots=True)
class Writes:
    """All writes of the workload by table."""

    facts: Facts
    tables: Mapping[Name, TableWrites]

    def tax(self, index: Index, size_bytes: int) -> float:
        """What the workload pays for the index, in the planner's units."""
        writes, table = self.tables.get(index.table), self.facts.table(index.table)
        if writes is None or table is None:
            return 0.0
        entry = entry_cost(index, size_bytes, table)
        share = _covered_share(index, table)
        rows = writes.inserted + sum(rows for columns, rows in writes.updated.items() if _touches(index, columns))
        spoiled = sum(rows for columns, rows in writes.updated.items() if _spoils(index, columns, table))
        others = len([each for each in table.table.indexes if each.valid])
        return share * entry * rows + spoiled * others * entry

    def of(self, name: Name) -> TableWrites:
        """The writes to one table."""
        return self.tables.get(name, TableWrites())


def entry_cost(index: Index, size_bytes: int, table: TableFacts) -> float:
    """The cost of one entry: down the tree, and a page."""
    pages = max(size_bytes / PAGE_BYTES, 1.0)
    height = max(math.ceil(math.log(pages, FANOUT)), 0) if pages > 1 else 0
    if index.method == "gin":
        return ENTRY["gin"] * _elements(index, table)
    return ENTRY[index.method] + (DESCENT * (height + 1) if index.method == "btree" else 0.0)


def _elements(index: Index, table: TableFacts) -> float:
    """Entries that GIN makes of one row: by the value's width where the statistics count no elements."""
    width = sum(table.width(key.column) for key in index.keys if key.column) or 64
    return max(width / 8.0, 1.0)


def _covered_share(index: Index, table: TableFacts) -> float:
    """The share of new rows that get into the index: all, unless it is partial."""
    if not index.where:
        return 1.0
    name = index.where.split(" ", 1)[0].strip('"')
    stats = table.stats(name)
    if stats is None:
        return 1.0
    if index.where.upper().endswith("IS NULL"):
        return stats.null_frac
    return min(1.0, 1.0 / max(table.distinct(name), 1.0) * 2) if "=" in index.where else 1.0


def _columns(index: Index) -> set[str]:
    named = {key.column for key in index.keys if key.column} | set(index.include)
    words = " ".join([index.where, *(key.expression for key in index.keys)])
    return named | {word.strip("\"'(),") for word in words.replace("(", " ").replace(",", " ").split()}


def _touches(index: Index, columns: tuple[str, ...]) -> bool:
    return not _columns(index).isdisjoint(columns)


def _spoils(index: Index, columns: tuple[str, ...], table: TableFacts) -> bool:
    """True if such updates were HOT before and are not with the index: then every index gets new entries."""
    if index.method == "brin" or not _touches(index, columns):
        return False
    indexed = {key.strip('"') for each in table.table.indexes for key in (*each.keys, *each.include)}
    return indexed.isdisjoint(columns)


def gather(
    facts: Facts, statements: Sequence[Statement], plans: Sequence[Plan | None], catalogs: Sequence[Catalog]
) -> Writes:
    """From the workload's own writing statements, and from the COPY that pg_stat_statements counted.

    The counters of pg_stat_all_tables are not used: they began at another time than the workload, and count the
    loading of the table.
    """
    found: dict[Name, TableWrites] = {}
    for statement, plan, catalog in zip(statements, plans, catalogs, strict=True):
        if statement.kind != "select" and plan is not None:
            _add(statement, plan, catalog, found)
    if any(statement.calls is not None for statement in statements):
        _copies(facts, found)
    return Writes(facts, found)


def _add(statement: Statement, plan: Plan, catalog: Catalog, found: dict[Name, TableWrites]) -> None:
    try:
        read: Shape = shape(statement.text, catalog)
    except NotSql:
        return
    if read.target is None or read.target.table is None:
        return
    writes = found.setdefault(read.target.table, TableWrites())
    rows = statement.weight * max((child.rows for child in plan.root.children), default=1.0)
    if statement.kind == "delete":
        writes.deleted += rows
    elif statement.kind == "update":
        writes.updated[read.assigned] = writes.updated.get(read.assigned, 0.0) + rows
    else:
        writes.inserted += rows


def _copies(facts: Facts, found: dict[Name, TableWrites]) -> None:
    tables = Tables.of(facts.snapshot)
    for recorded in facts.snapshot.workload:
        if recorded.text.lstrip()[:4].upper() != "COPY":
            continue
        try:
            node = tree(recorded.text)
        except NotSql:
            continue
        if isa(node, ast.CopyStmt) and node.is_from and node.relation is not None:
            catalog = tables.under(search_path_of(facts.snapshot, recorded.role))
            name = catalog.resolve(node.relation.schemaname or "", node.relation.relname)
            if name is not None:
                found.setdefault(name, TableWrites()).inserted += recorded.rows
