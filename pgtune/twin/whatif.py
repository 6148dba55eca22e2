"""What-if indexes: built once on an empty heap, stretched to the size they would have, shown and hidden at will."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import psycopg
from psycopg.rows import DictRow, dict_row

from pgtune import resources
from pgtune.model.design import Design, Index, Name
from pgtune.model.errors import NotPlannable
from pgtune.twin import ends
from pgtune.twin.builder import Builder
from pgtune.twin.estimate import Estimates
from pgtune.twin.relations import Size, write_sizes
from pgtune.twin.world import World

Places = Mapping[Name, Name]
"""Where tables stand that a scheme partitions: the table's name and that of its partitioned copy."""


@dataclass(frozen=True, slots=True, order=True)
class Placed:
    """An index on its table, or on the copy of it that a scheme partitions."""

    index: Index
    table: Name

    @property
    def name(self) -> Name:
        """Its name on the twin."""
        return Name(self.table.schema, self.index.name)

    @property
    def ddl(self) -> str:
        """The statement that builds it there."""
        return replace(self.index, table=self.table).ddl(self.index.name)


@dataclass(frozen=True, slots=True)
class Made:
    """What an index is on the twin: the oids of itself and of its parts on partitions, and the names of those."""

    oids: tuple[int, ...]
    parts: tuple[str, ...]


@dataclass
class Sight:
    """Which indexes the planner of one database sees: of those that were made, and which others it does not."""

    superuser: psycopg.Connection
    shown: set[int] = field(default_factory=set)
    dropped: set[int] = field(default_factory=set)

    def switch(self, shown: set[int], dropped: set[int]) -> None:
        """Show these of the indexes that were made and hide these of the others: only what changes is touched."""
        appear = (shown - self.shown) | (self.dropped - dropped)
        vanish = (self.shown - shown) | (dropped - self.dropped)
        if appear or vanish:
            values = {"shown": sorted(appear - vanish), "hidden": sorted(vanish)}
            self.superuser.execute(resources.sql("twin/show"), values)
        self.shown, self.dropped = shown, dropped


@dataclass
class WhatIf:
    """The indexes that were ever asked for on this twin, and which indexes the planner sees now.

    `names`: what parts of indexes are called on partitions, and the index that each belongs to.
    """

    superuser: psycopg.Connection
    builder: Builder
    world: World
    estimates: Estimates
    names: dict[str, str] = field(default_factory=dict)
    _made: dict[Placed, Made] = field(default_factory=dict)
    _refused: dict[Placed, str] = field(default_factory=dict)
    _plain: dict[Index, Made] = field(default_factory=dict)  # those on their own tables: nearly all that is asked for

    def __post_init__(self) -> None:
        self.sight = Sight(self.superuser)

    def forget(self) -> None:
        """Take away every index that was ever asked for: the tables are about to change."""
        self.sight.switch({oid for each in self._made.values() for oid in each.oids}, set())
        made = [each for each in self._made if each.table == each.index.table]  # the others went with their copies
        if made:
            self.builder.made([f"DROP INDEX {each.name.sql}" for each in made])
        self._made, self._refused, self._plain, self.sight.shown, self.names = {}, {}, {}, set(), {}
        self.estimates.forget()

    def lacking(self, indexes: Iterable[Index], places: Places) -> list[Placed]:
        """Those that were not built yet, in a fixed order."""
        if not places and self._plain.keys() >= set(indexes):
            return []
        wanted = {Placed(index, places.get(index.table, index.table)) for index in indexes}
        return sorted(each for each in wanted if each not in self._made and each not in self._refused)

    def show(self, design: Design, places: Places) -> None:
        """Make the planner see exactly the indexes of a design, all of which were built.

        Raises:
            NotPlannable: an index could not be built, or one to be dropped is not on the twin.
        """
        wanted = self._wanted(design.indexes, places)
        shown = {oid for _index, made in wanted for oid in made.oids}
        self.sight.switch(shown, self._found(design.dropped, places))
        self.names = {part: index.name for index, made in wanted for part in made.parts}

    def _wanted(self, indexes: Collection[Index], places: Places) -> Sequence[tuple[Index, Made]]:
        """What these indexes are on the twin.

        Raises:
            NotPlannable: one of them could not be built.
        """
        if not places and self._plain.keys() >= set(indexes):
            return [(index, self._plain[index]) for index in indexes]
        wanted = [Placed(index, places.get(index.table, index.table)) for index in sorted(indexes)]
        refused = next((self._refused[each] for each in wanted if each in self._refused), None)
        if refused is not None:
            raise NotPlannable(refused)
        return [(each.index, self._made[each]) for each in wanted]

    def _found(self, names: Collection[Name], places: Places) -> set[int]:
        if not names:
            return set()
        listed = sorted(names)
        found = self._read([*listed, *(Name(copy.schema, name.name) for name in listed for copy in places.values())])
        for number, name in enumerate(listed, 1):
            if not any(row["asked"] == number for row in found):
                raise NotPlannable(f"there is no index {name} on the twin")
        return {row["oid"] for row in found}

    def made(self) -> dict[Index, Made]:
        """The indexes on their own tables that are there by now."""
        return dict(self._plain)

    def refused(self, indexes: Iterable[Index]) -> list[Index]:
        """Those of them that could not be built on their own tables."""
        return [each for each in indexes if Placed(each, each.table) in self._refused]

    def build(self, fresh: Sequence[Placed]) -> None:
        """Build indexes, all together; what cannot be built is remembered with its reason."""
        leaves = [(each.index, leaf) for each in fresh for leaf in self.world.tree(each.table)]
        for index, leaf in leaves:  # now, for this plans queries, and a plan reads the heights of all indexes there are
            self.estimates.of(index, leaf)
        tables = sorted({leaf.name for _, leaf in leaves})
        with self.world.emptied(tables):
            made = self._create(fresh)
        sizes = list(self.world.sizes(tables))
        rows: dict[int, list[DictRow]] = {}
        for row in self._read([each.name for each in made]):
            rows.setdefault(row["asked"], []).append(row)
        for number, each in enumerate(made, 1):
            own = rows.get(number, [])
            parts = tuple(row["name"] for row in own if row["name"] != each.index.name)
            self._remember(each, Made(tuple(row["oid"] for row in own), parts))
            sizes += [size for row in own if (size := self._sized(each.index, row)) is not None]
        write_sizes(self.superuser, sizes)

    def _remember(self, placed: Placed, made: Made) -> None:
        self._made[placed] = made
        self.sight.shown.update(made.oids)
        if placed.table == placed.index.table:
            self._plain[placed.index] = made

    def pages_of(self, index: Index) -> int:
        """Pages that an index would take, over all partitions of its table."""
        leaves = [leaf for leaf in self.world.tree(index.table) if leaf.kind != "p"]
        return sum(self.estimates.of(index, leaf).pages for leaf in leaves)

    def _sized(self, index: Index, row: DictRow) -> tuple[int, Size] | None:
        table = self.world.tables.get(Name(row["schema"], row["table"]))
        if table is None or row["path"] is None:
            return None
        estimate = self.estimates.of(index, table)
        if index.method == "btree":
            leaf = ends.of_index(index, table.name, self.world.ends)
            self.world.files.set_height(row["path"], estimate.height, estimate.pages, leaf)
        self.world.files.stretch(row["path"], estimate.pages)
        return row["oid"], Size(estimate.pages, estimate.tuples)

    def _create(self, indexes: Sequence[Placed]) -> list[Placed]:
        """Run CREATE INDEX for all, or one by one if one fails; those that were made."""
        why = self.builder.made([each.ddl for each in indexes])
        if why is None:
            return list(indexes)
        if len(indexes) > 1:
            return [each for one in indexes for each in self._create([one])]
        self._refused[indexes[0]] = f"{indexes[0].index.ddl()}: {why}"
        return []

    def _read(self, names: Sequence[Name]) -> list[DictRow]:
        if not names:
            return []
        values = {"schemas": [each.schema for each in names], "names": [each.name for each in names]}
        with self.superuser.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(resources.sql("twin/indexes"), values).fetchall()
