"""Migrations on a twin: traced while every file is empty, and the twin made to measure again before the next plan."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import psycopg
from psycopg import sql
from psycopg.rows import DictRow, dict_row

from pgtune import resources
from pgtune.model.trace import Script, Trace
from pgtune.twin import ends, relations, remaking, statistics
from pgtune.twin.builder import Builder
from pgtune.twin.house import DATABASE, House
from pgtune.twin.planner import Planner
from pgtune.twin.remaking import Before
from pgtune.twin.schemes import Schemes
from pgtune.twin.tracing import Tracer
from pgtune.twin.tracing_privileged import Privileged
from pgtune.twin.tracing_rows import Rows
from pgtune.twin.tracing_watch import Watch
from pgtune.twin.whatif import WhatIf
from pgtune.twin.world import World


@dataclass
class Migrations:
    """The migrations of one twin. While `before` is set its files are empty and nothing can be planned.

    `at`: the number of the statement with which the server fell.
    """

    house: House
    superuser: psycopg.Connection
    builder: Builder
    planner: Planner
    world: World
    whatif: WhatIf
    schemes: Schemes
    before: Before | None = None
    at: int = 0
    _tracer: Tracer | None = field(default=None, repr=False)

    def trace(self, script: Script, banned: Mapping[int, str]) -> Trace:
        """Apply a script without the statements that are banned, and say what each statement did.

        Raises:
            psycopg.OperationalError: the server fell.
        """
        if self.before is None:
            self.before = self._emptied()
        if self._tracer is None:
            rows = Rows(watch := Watch(self.house), self.superuser, self.world.files, self.before)
            self._tracer = Tracer(watch, Privileged(self.superuser), rows)
        try:
            return self._tracer.trace(script, banned)
        except psycopg.Error:
            self.at = self._tracer.at
            self.close()  # whatever is open in it is undone
            raise

    def _emptied(self) -> Before:
        """Every table without a page, and nothing there but what the database has."""
        self.schemes.forget()
        self.whatif.forget()
        self.builder.close()  # sessions remember how long a file of several segments was
        self.planner.close()
        words = sql.SQL(resources.sql("twin/trace_open")).format(database=sql.Identifier(DATABASE))
        self.superuser.execute(words)
        before = Before(dict(self.world.tables), dict(self.world.relations), tuple(self._columns()))
        for name in self.world.tables:
            path = self.world.relations[name].path
            if path is not None:
                self.world.files.cut(path)
        return before

    def _columns(self) -> list[DictRow]:
        with self.superuser.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(resources.sql("twin/columns")).fetchall()

    def close(self) -> None:
        """End the session."""
        if self._tracer is not None:
            self._tracer.watch.close()
            self._tracer = None

    def settle(self) -> None:
        """Production's sizes and statistics on the schema as it is now, if a migration changed it."""
        if self.before is None:
            return
        self.close()
        before, self.before = self.before, None
        self._show_all()
        tables, known = remaking.tables(self.superuser, before)
        self.world.replace(tables, known)
        for table in tables:
            path = known[table.name].path
            if path is not None and table.pages:
                self.world.files.stretch(path, table.pages)
        changed = list(remaking.changed(tables, before))
        names = [name for table in changed for name in (table.name, *(each.name for each in table.indexes))]
        oids = [known[name].oid for name in names if name in known]
        self.superuser.execute(resources.sql("twin/forget_statistics"), {"oids": oids})
        statistics.restore(self.house, changed, known)
        relations.write_sizes(self.superuser, self.world.all_sizes())
        self._measure_indexes(before)

    def _show_all(self) -> None:
        """A migration may have taken tables away from the planning role."""
        for schema, name in self.superuser.execute(resources.sql("twin/unseen")).fetchall():
            words = sql.SQL(resources.sql("twin/show_to_planner"))
            self.superuser.execute(words.format(schema=sql.Identifier(schema), name=sql.Identifier(name)))

    def _measure_indexes(self, before: Before) -> None:
        """Sizes and heights for indexes with new files: they were made on empty tables."""
        fresh = [
            (table, index, relation)
            for table in self.world.tables.values()
            for index in table.indexes
            if table.pages and (relation := self.world.relations.get(index.name)) and relation.path
            and before.file(relation.oid) != relation.path
        ]  # fmt: skip
        if not fresh:
            return
        sized = {index.name: remaking.sized(index, table, self.whatif.estimates) for table, index, _ in fresh}
        with self.world.emptied(
            {table.name for table, _, _ in fresh}
        ):  # anew, for a plan may have read their first page
            for _, index, _ in fresh:
                self.builder.made([f"REINDEX INDEX {index.name.sql}"])
        self.world.relations.update(relations.read(self.superuser))
        self.world.resize(sized)
        for table, index, _ in fresh:
            stretch = sized[index.name]
            relation = self.world.relations[index.name]
            if relation.path is not None:
                if relation.method == "btree" and stretch.height is not None:
                    leaf = ends.of_stored(index, table, self.world.ends)
                    self.world.files.set_height(relation.path, stretch.height, stretch.pages, leaf)
                self.world.files.stretch(relation.path, max(stretch.pages, 1))
        relations.write_sizes(self.superuser, self.world.all_sizes())
