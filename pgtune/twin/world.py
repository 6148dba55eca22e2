"""What stands on a twin: tables with their figures, and where their relations lie."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from pgtune.model.design import Name
from pgtune.snapshot.snapshot import StoredIndex, Table
from pgtune.twin import sizes
from pgtune.twin.ends import Known
from pgtune.twin.files import Files
from pgtune.twin.relations import Relation, Size


@dataclass
class World:
    """The tables of a twin by name: production's, and those that a partition scheme would make, in hidden schemas."""

    files: Files
    tables: dict[Name, Table] = field(default_factory=dict)
    relations: dict[Name, Relation] = field(default_factory=dict)
    ends: Known = field(default_factory=dict)
    _below: defaultdict[Name, list[Name]] = field(default_factory=lambda: defaultdict(list))

    def add(self, tables: Iterable[Table], relations: Mapping[Name, Relation]) -> None:
        """Take up tables that are on the server; those that are not there are left aside."""
        self.relations.update(relations)
        for table in tables:
            if table.name in relations:
                self.tables[table.name] = table
                for parent in table.parents:
                    self._below[parent].append(table.name)

    def replace(self, tables: Iterable[Table], relations: Mapping[Name, Relation]) -> None:
        """Forget everything and take up what is there now."""
        self.tables.clear()
        self.relations.clear()
        self._below.clear()
        self.add(tables, relations)

    def leave(self, schema: str) -> None:
        """Forget the tables of a schema."""
        for held in (self.tables, self.relations, self._below):
            for name in [each for each in held if each.schema == schema]:
                del held[name]

    def resize(self, indexes: Mapping[Name, StoredIndex]) -> None:
        """Put indexes of known size in the place of those of the same name."""
        for name, table in self.tables.items():
            if any(each.name in indexes for each in table.indexes):
                now = tuple(indexes.get(each.name, each) for each in table.indexes)
                self.tables[name] = replace(table, indexes=now)

    def all_sizes(self) -> Iterator[tuple[int, Size]]:
        """What pg_class is to say of everything whose size is known."""
        yield from self.sizes(name for name, table in self.tables.items() if table.rows >= 0 or table.pages)
        for table in self.tables.values():
            for index in table.indexes:
                own = self.relations.get(index.name)
                if own is not None and index.pages:
                    yield own.oid, Size(index.pages, index.tuples)

    def rows_of(self, name: Name) -> float:
        """The rows of a table, with those of its partitions; 0 if the twin does not have it."""
        return sum(sizes.rows_of(each) for each in self.tree(name) if each.kind != "p")

    def tree(self, name: Name) -> Iterator[Table]:
        """A table, and if it is partitioned everything below; nothing if the twin does not have it."""
        table = self.tables.get(name)
        if table is None:
            return
        yield table
        if table.kind == "p":
            for child in self._below[name]:
                yield from self.tree(child)

    def sizes(self, names: Iterable[Name]) -> Iterator[tuple[int, Size]]:
        """What pg_class is to say of tables."""
        for name in names:
            table = self.tables[name]
            yield self.relations[name].oid, Size(table.relpages, table.rows, table.all_visible)

    @contextmanager
    def emptied(self, names: Iterable[Name]) -> Iterator[None]:
        """Tables without a page, so that a build or a check reads nothing, and as long as before after that."""
        paths = {name: path for name in names if (path := self.relations[name].path) is not None}
        try:
            for path in paths.values():
                self.files.cut(path)
            yield
        finally:
            for name, path in paths.items():
                self.files.stretch(path, self.tables[name].pages)
