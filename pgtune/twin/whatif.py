"""What-if indexes: built once on an empty heap, stretched to the size they would have, shown and hidden at will."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg.rows import DictRow, dict_row

from pgtune import resources
from pgtune.model.design import Design, Index, Name
from pgtune.model.errors import NotPlannable
from pgtune.snapshot.snapshot import Snapshot, Table
from pgtune.twin.estimate import Estimates
from pgtune.twin.files import Files
from pgtune.twin.house import OWNER, House
from pgtune.twin.relations import Relation, Size, write_sizes
from pgtune.twin.wire import Wire

SECONDS = 10.0  # what the builds of a call may take; one takes a millisecond


@dataclass
class WhatIf:
    """The indexes that were ever asked for on this twin, and which indexes the planner sees now."""

    house: House
    files: Files
    superuser: psycopg.Connection
    snapshot: Snapshot
    relations: Mapping[Name, Relation]
    estimates: Estimates
    _made: dict[Index, tuple[int, ...]] = field(default_factory=dict)
    _refused: dict[Index, str] = field(default_factory=dict)
    _hidden: set[int] = field(default_factory=set)
    _owner: Wire | None = None

    def __post_init__(self) -> None:
        self._tables = {table.name: table for table in self.snapshot.tables}
        self._below: dict[Name, list[Name]] = {}
        for table in self.snapshot.tables:
            for parent in table.parents:
                self._below.setdefault(parent, []).append(table.name)

    def show(self, design: Design) -> None:
        """Make the planner see exactly the indexes of a design.

        Raises:
            NotPlannable: an index cannot be built, or one to be dropped is not on the twin.
        """
        self.build(design.indexes)
        refused = next((self._refused[each] for each in sorted(design.indexes) if each in self._refused), None)
        if refused is not None:
            raise NotPlannable(refused)
        wanted = {oid for index in design.indexes for oid in self._made[index]}
        hidden = {oid for oids in self._made.values() for oid in oids} - wanted | self._dropped(design.dropped)
        if hidden != self._hidden:
            self._switch(hidden)

    def _switch(self, hidden: set[int]) -> None:
        values = {"shown": sorted(self._hidden - hidden), "hidden": sorted(hidden - self._hidden)}
        self.superuser.execute(resources.sql("twin/show"), values)
        self._hidden = hidden

    def _dropped(self, names: Iterable[Name]) -> set[int]:
        listed = sorted(names)
        found = self._read(listed) if listed else []
        for number, name in enumerate(listed, 1):
            if not any(row["asked"] == number for row in found):
                raise NotPlannable(f"there is no index {name} on the twin")
        return {row["oid"] for row in found}

    def build(self, indexes: Iterable[Index]) -> None:
        """Build what was not built yet, all together; what cannot be built is remembered with its reason."""
        fresh = sorted(set(indexes) - self._made.keys() - self._refused.keys())
        if not fresh:
            return
        tables = sorted({leaf.name for index in fresh for leaf in self._leaves(index.table)})
        with self._emptied(tables):
            made = self._create(fresh)
        rows = self._read([Name(index.table.schema, index.name) for index in made]) if made else []
        sizes = [(self.relations[name].oid, _size(self._tables[name])) for name in tables]
        for row in rows:
            index, table = made[row["asked"] - 1], Name(row["schema"], row["table"])
            self._made[index] = (*self._made.get(index, ()), row["oid"])
            if row["path"] is not None and table in self._tables:
                sizes.append((row["oid"], self._sized(index, self._tables[table], row["path"])))
        write_sizes(self.superuser, sizes)

    def pages_of(self, index: Index) -> int:
        """Pages that an index would take, over all partitions of its table."""
        leaves = [leaf for leaf in self._leaves(index.table) if leaf.kind != "p"]
        return sum(self.estimates.of(index, leaf).pages for leaf in leaves)

    def _sized(self, index: Index, table: Table, path: str) -> Size:
        estimate = self.estimates.of(index, table)
        if index.method == "btree":
            self.files.set_height(path, estimate.height, estimate.pages)
        self.files.stretch(path, estimate.pages)
        return Size(estimate.pages, estimate.tuples)

    def _create(self, indexes: Sequence[Index]) -> list[Index]:
        """Run CREATE INDEX for all, or one by one if one fails; those that were made."""
        try:
            self._wire().script(";\n".join(index.ddl() for index in indexes), SECONDS)
        except (psycopg.Error, NotPlannable) as error:
            if len(indexes) > 1:
                return [each for index in indexes for each in self._create([index])]
            self._refused[indexes[0]] = f"{indexes[0].ddl()}: {' '.join(str(error).split())}"
            return []
        return list(indexes)

    @contextmanager
    def _emptied(self, tables: Sequence[Name]) -> Iterator[None]:
        """Tables without a page, so that a build reads nothing, and as long as before after that."""
        paths = {name: path for name in tables if (path := self.relations[name].path) is not None}
        try:
            for path in paths.values():
                self.files.cut(path)
            yield
        finally:
            for name, path in paths.items():
                self.files.stretch(path, self._tables[name].pages)

    def _leaves(self, name: Name) -> Iterator[Table]:
        """The table, or if it is partitioned those that hold its rows; none if the twin does not have it."""
        table = self._tables.get(name)
        if table is None or name not in self.relations:
            return
        yield table
        if table.kind == "p":
            for child in self._below.get(name, ()):
                yield from self._leaves(child)

    def _read(self, names: Sequence[Name]) -> list[DictRow]:
        values = {"schemas": [each.schema for each in names], "names": [each.name for each in names]}
        with self.superuser.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(resources.sql("twin/indexes"), values).fetchall()

    def _wire(self) -> Wire:
        if self._owner is None or self._owner.dead:
            self._owner = self.house.weak(OWNER)
            self._owner.script("SET search_path = pg_catalog", SECONDS)
        return self._owner

    def close(self) -> None:
        """End its sessions."""
        if self._owner is not None:
            self._owner.close()
        self.superuser.close()


def _size(table: Table) -> Size:
    return Size(table.relpages, table.rows, table.all_visible)
