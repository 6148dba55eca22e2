"""How large an index would be: pages, height and tuples, from the statistics of what it is on."""

from collections.abc import Callable
from dataclasses import dataclass, field

from pgtune.model.design import Index, Key, Name, Query, quoted
from pgtune.model.errors import NotPlannable
from pgtune.plans.plan import Plan
from pgtune.snapshot.snapshot import Table
from pgtune.twin import btree, gin, sizes
from pgtune.twin.sizes import Part


@dataclass(frozen=True, slots=True)
class Estimate:
    """An index's size: `pages` with its first one, `height` of a B-tree, `tuples` as pg_class counts them."""

    pages: int
    height: int
    tuples: float


@dataclass
class Estimates:
    """Estimates for one twin. `plan` is the planner on the database as it is: it knows best how many rows to expect."""

    plan: Callable[[Query], Plan]
    _known: dict[tuple[Index, Name], Estimate] = field(default_factory=dict)

    def of(self, index: Index, table: Table) -> Estimate:
        """The size of an index on a table that holds rows: the index's own, or one of its partitions."""
        key = (index, table.name)
        if key not in self._known:
            self._known[key] = self._estimate(index, table)
        return self._known[key]

    def _estimate(self, index: Index, table: Table) -> Estimate:
        rows = self._rows(index, table)
        parts = [sizes.part(key, table) for key in index.keys]
        payload = [sizes.column_part(name, table) for name in index.include]
        options = dict(index.options)
        if index.method == "btree":
            pages = sizes.btree_pages(rows, parts, payload, self._groups(index, table, parts, rows), options)
            return Estimate(pages, btree.height_of(pages, sizes.width(parts)), rows)
        if index.method == "gin":
            held = [each for key in index.keys for each in _entries(key, table, rows)]
            return Estimate(gin.pages(held, rows, table.pages), 0, rows)
        pages = sizes.other_pages(index.method, rows, parts, payload, table, options)
        return Estimate(pages, 0, rows)

    def _rows(self, index: Index, table: Table) -> float:
        """Rows that the index holds: the table's, or what the planner expects of a partial index's condition."""
        rows = max(sizes.rows_of(table), 0.0)
        if not index.where:
            return rows
        found = self._asked(f"SELECT 1 FROM ONLY {table.name.sql} WHERE {index.where}")  # noqa: S608  (planned)
        return rows if found is None else min(found, rows)

    def _groups(self, index: Index, table: Table, parts: list[Part], rows: float) -> float:
        """How many different keys: of one column as its statistics say, of several as the planner reckons."""
        if len(parts) == 1 and index.keys[0].column and not index.where:
            return min(parts[0].distinct(rows), rows)
        keys = ", ".join(f"({key.expression})" if key.expression else quoted(key.column) for key in index.keys)
        where = f" WHERE {index.where}" if index.where else ""
        found = self._asked(f"SELECT DISTINCT {keys} FROM ONLY {table.name.sql}{where}")  # noqa: S608  (planned)
        return rows if found is None else min(found, rows)

    def _asked(self, text: str) -> float | None:
        try:
            return self.plan(Query(text, (), ("pg_catalog",))).root.rows
        except NotPlannable:
            return None


def _entries(key: Key, table: Table, rows: float) -> list[gin.Entries]:
    column = next((each for each in table.columns if each.name == key.column), None)
    return gin.entries(column, key.opclass, rows)
