"""How many rows a statement of a migration touches: planned in the middle of it, on tables as long as production's.

The table may have been changed by the same transaction, so no other session could plan. Its file gets pages for the
moment, one segment at most: a session that saw more segments would not believe that they are gone. What the planner
then reckons for a part of the rows is taken to the rows that production has.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from pglast import ast

from pgtune import resources
from pgtune.model.design import Name, quoted
from pgtune.plans.parse import plan_of
from pgtune.plans.plan import Node
from pgtune.snapshot.snapshot import Table
from pgtune.sqltext.parse import isa, parameters, tree, walk
from pgtune.twin.files import SEGMENT, Files
from pgtune.twin.remaking import Before
from pgtune.twin.sizes import rows_of
from pgtune.twin.tracing_effects import Ledger
from pgtune.twin.tracing_watch import Watch

EXPLAIN = "EXPLAIN (FORMAT JSON, VERBOSE)"
SAME_ROWS = frozenset({"Sort", "Incremental Sort", "Gather", "Gather Merge", "Materialize", "Result", "Subquery Scan"})
FEWER_ROWS = frozenset({"Aggregate", "Group", "Unique", "Limit", "SetOp", "Values Scan", "Function Scan"})


@dataclass(frozen=True, slots=True)
class Known:
    """A table that a statement names: as the transaction calls it, its first file, and its figures before."""

    oid: int
    name: Name
    path: str
    table: Table


@dataclass
class Rows:
    """Sizes statements in the session of a migration."""

    watch: Watch
    superuser: psycopg.Connection
    files: Files
    before: Before

    def touched(self, query: str, ledger: Ledger) -> float | None:
        """The rows that the query, one planable statement, changes or makes; None where nobody knows.

        Raises:
            psycopg.Error, NotPlannable: it cannot be planned.
        """
        statement = tree(query)
        read = self._read(statement)
        known = list(self._known(read, ledger))
        self._tell_fresh(known)
        with self._stretched(known):
            root = self._plan(query, parameters(statement))
            fed = root.children if root.kind == "ModifyTable" else (root,)
            scale = self._scale(known) if all(map(_grows, fed)) else 1.0
        return sum(each.rows for each in fed) * scale if known or not read else None

    @staticmethod
    def _read(statement: Any) -> set[tuple[str | None, str]]:
        """The names of the tables whose rows it goes through: an INSERT's target is none of them."""
        within = statement.selectStmt if isa(statement, ast.InsertStmt) else statement
        common = {each.ctename for each in walk(statement) if isa(each, ast.CommonTableExpr)}
        names = {(each.schemaname, each.relname) for each in walk(within) if isa(each, ast.RangeVar)}
        return {each for each in names if each[0] or each[1] not in common}

    def _plan(self, query: str, numbers: Sequence[int]) -> Node:
        nothing = [None] * max(numbers, default=0)
        answer = self.watch.asked((f"{EXPLAIN} {query}", nothing))
        return plan_of(json.loads(answer[0][0] or b"")).root

    def _known(self, names: Collection[tuple[str | None, str]], ledger: Ledger) -> Iterator[Known]:
        """Those of the tables that production has, and the partitions below them."""
        for schema, name in sorted(names, key=str):
            words = f"{quoted(schema)}.{quoted(name)}" if schema else quoted(name)
            found = self.watch.asked(("SELECT pg_catalog.to_regclass($1)::pg_catalog.oid", (words,)))
            for oid in self._below(int(found[0][0] or b"0")):
                table, seen = self.before.by_oid.get(oid), ledger.known.get(oid)
                if table is not None and seen is not None and table.rows >= 0:
                    path = self.watch.asked(("SELECT pg_catalog.pg_relation_filepath($1)", (str(oid),)))[0][0]
                    if path:
                        yield Known(oid, seen.name, path.decode(), table)

    def _below(self, oid: int) -> Iterator[int]:
        yield oid
        for each in self.before.children.get(oid, ()):
            yield from self._below(each)

    @contextmanager
    def _stretched(self, known: Sequence[Known]) -> Iterator[None]:
        try:
            for each in known:
                self.files.stretch(each.path, min(each.table.pages, SEGMENT - 1))
            yield
        finally:
            for each in known:
                self.files.cut(each.path)

    def _scale(self, known: Sequence[Known]) -> float:
        """How many times more rows the largest table has than the planner believes now."""
        if not known:
            return 1.0
        largest = max(known, key=lambda each: rows_of(each.table))
        believed = self._plan(f"SELECT FROM ONLY {largest.name.sql}", ()).rows
        return rows_of(largest.table) / max(believed, 1.0)

    def _tell_fresh(self, known: Sequence[Known]) -> None:
        """Columns that were added hold NULL in every row, or their default: a backfill asks for just those."""
        rows = [(each.oid, *row) for each in known for row in self._fresh(each)]
        if not rows:
            return
        relids, numbers, fracs, widths, distincts = zip(*rows, strict=True)
        values: Mapping[str, list[Any]] = {
            "relids": list(relids), "numbers": list(numbers), "null_fracs": list(fracs), "widths": list(widths),
            "distincts": list(distincts),
        }  # fmt: skip
        self.superuser.execute(resources.sql("twin/trace_fresh"), values)

    def _fresh(self, known: Known) -> Iterator[tuple[int, float, int, float]]:
        for row in self.watch.asked((resources.sql("twin/trace_columns"), (str(known.oid),))):
            number, missing, length, not_null, default = (str(each or b"", "utf-8") for each in row)
            if (known.oid, int(number)) in self.before.places:
                continue
            if missing == "t":
                yield int(number), 0.0, max(int(length), 4), 1.0
            elif not_null == default == "f":
                yield int(number), 1.0, 0, 0.0


def _grows(node: Node) -> bool:
    """Whether a node has the more rows the more its tables have: groups and limited rows do not."""
    while node.kind in SAME_ROWS and node.children:
        node = node.children[0]
    return node.kind not in FEWER_ROWS
