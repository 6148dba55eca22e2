"""How large an index would be: pages, height and tuples, from the statistics of what it is on."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import prod

from pgtune.model.design import Index, Key, Name, Query
from pgtune.model.errors import NotPlannable
from pgtune.plans.plan import Plan
from pgtune.snapshot.snapshot import Table
from pgtune.twin import btree, gin, sizes
from pgtune.twin.sizes import Part

FIXED = {1, 2, 4, 8, 16}  # widths of types of fixed length
_MEMBER = re.compile(r"\(*\"?(\w+)\"?\s*->>\s*'([^']+)'(?:::text)?\)*")


@dataclass(frozen=True, slots=True)
class Estimate:
    """An index's size: `pages` with its first one, `height` of a B-tree, `tuples` as pg_class counts them."""

    pages: int
    height: int
    tuples: float


@dataclass
class Estimates:
    """Estimates for one twin.

    `plan` is the planner on the database as it is: it knows best how many rows to expect. `rows_of` are a table's.
    """

    plan: Callable[[Query], Plan]
    rows_of: Callable[[Name], float]
    _known: dict[tuple[Index, Name], Estimate] = field(default_factory=dict)
    _columns: dict[tuple[str, Name], Part] = field(default_factory=dict)

    def forget(self) -> None:
        """The tables are others now."""
        self._known.clear()
        self._columns.clear()

    def of(self, index: Index, table: Table) -> Estimate:
        """The size of an index on a table that holds rows: the index's own, or one of its partitions."""
        key = (index, table.name)
        if key not in self._known:
            self._known[key] = self._estimate(index, table)
        return self._known[key]

    def _estimate(self, index: Index, table: Table) -> Estimate:
        rows = self._rows(index, table)
        if index.method == "gin":
            held = [each for key in index.keys for each in _entries(key, table, rows)]
            return Estimate(gin.pages(held, rows, table.pages), 0, rows)
        parts = [self._part(key, table) for key in index.keys]
        payload = [self._column(name, table) for name in index.include]
        options = dict(index.options)
        if index.method == "btree":
            pages = sizes.btree_pages(rows, parts, payload, self._groups(index, parts, rows, table), options)
            return Estimate(pages, btree.height_of(pages, sizes.width(parts)), rows)
        return Estimate(sizes.other_pages(index.method, rows, parts, payload, table, options), 0, rows)

    def _part(self, key: Key, table: Table) -> Part:
        """A key's part: of a column by its statistics, of an expression by what the planner makes of it."""
        if key.column:
            return self._column(key.column, table)
        member = _MEMBER.fullmatch(key.expression)
        column = next((each for each in table.columns if member and each.name == member[1]), None)
        if member and column and (known := gin.member(column, member[2], sizes.rows_of(table))):
            return Part(-1, 4, known[1], n_distinct=known[0])
        return self._expression(key.expression, table)

    def _column(self, name: str, table: Table) -> Part:
        if (name, table.name) not in self._columns:
            self._columns[name, table.name] = sizes.column_part(name, table)
        return self._columns[name, table.name]

    def _expression(self, expression: str, table: Table) -> Part:
        one = f"SELECT ({expression}) FROM ONLY {table.name.sql}"  # noqa: S608  (planned)
        all_of = f"SELECT DISTINCT ({expression}) FROM ONLY {table.name.sql}"  # noqa: S608  (planned)
        plan, groups = self._asked(one), self._asked(all_of)
        width = plan.root.width if plan else sizes.UNKNOWN_WIDTH
        distinct = groups.root.rows if groups else None
        if width in FIXED:
            return Part(width, min(width, 8), width, n_distinct=distinct)
        inside = [each for each in table.columns if re.search(rf"\b{re.escape(each.name)}\b", expression)]
        alike = sizes.of_column(inside[0]) if len(inside) == 1 else None  # as lower(name)
        if alike is None or width != sizes.UNKNOWN_WIDTH:
            return Part(-1, 4, width, n_distinct=distinct)
        return replace(alike, n_distinct=distinct, common=(), images=True)

    def _rows(self, index: Index, table: Table) -> float:
        """Rows that the index holds: the table's, or what the planner expects of a partial index's condition."""
        rows = max(sizes.rows_of(table), 0.0)
        if not index.where:
            return rows
        plan = self._asked(f"SELECT 1 FROM ONLY {table.name.sql} WHERE {index.where}")  # noqa: S608  (planned)
        return rows if plan is None else min(plan.root.rows, rows)

    def _groups(self, index: Index, parts: Sequence[Part], rows: float, table: Table) -> float:
        """Different keys among the rows, the columns taken for independent.

        Of columns that are not there are fewer; but where a key has two rows or three a B-tree saves little by that.
        The planner's own estimate never exceeds a tenth of the rows, and made such indexes half as large as they are.
        A foreign key over several of them says more: it has no more values than rows to point to.
        """
        whole = max(sizes.rows_of(table), 1.0)
        distinct = {key: part.distinct(whole) for key, part in zip(index.keys, parts, strict=True)}
        columns = {key.column: key for key in index.keys if key.column}
        most = 1.0
        for foreign in table.foreign_keys:
            if len(foreign.columns) > 1 and columns.keys() >= set(foreign.columns):
                alone = prod(distinct.pop(columns.pop(each)) for each in foreign.columns)
                most *= min(alone, self.rows_of(foreign.target) or alone)
        most *= prod(distinct.values())
        return min(most, rows) if rows >= whole and len(parts) == 1 else sizes.occupied(most, rows)

    def _asked(self, text: str) -> Plan | None:
        try:
            return self.plan(Query(text, (), ("pg_catalog",)))
        except NotPlannable:
            return None


def _entries(key: Key, table: Table, rows: float) -> list[gin.Entries]:
    column = next((each for each in table.columns if each.name == key.column), None)
    return gin.entries(column, key.opclass, rows)
