"""A snapshot's tables as names in SQL mean them, under one search_path."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pgtune.model.design import Name
from pgtune.snapshot.snapshot import Snapshot, Table

DEFAULT_PATH = ("$user", "public")  # PostgreSQL's own default of search_path
SYSTEM = frozenset({"pg_catalog", "information_schema", "pg_toast"})


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of a snapshot by name: made once, asked for every statement."""

    by_name: Mapping[Name, Table]
    others: frozenset[str]  # views and other relations that are no tables, as the catalogs' text has them
    types: Mapping[Name, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, snapshot: Snapshot) -> "Tables":
        """Everything that a FROM clause may name."""
        views = (each.name for each in snapshot.objects if each.kind == "view")
        return cls(
            {table.name: table for table in snapshot.tables},
            frozenset(views),
            {table.name: {column.name: column.type for column in table.columns} for table in snapshot.tables},
        )

    def under(self, search_path: Sequence[str]) -> "SnapshotCatalog":
        """The same, with names resolved along this search_path."""
        return SnapshotCatalog(self, tuple(search_path))


@dataclass(frozen=True, slots=True)
class SnapshotCatalog:
    """Resolves names as PostgreSQL does; what is in no schema of the path is not there."""

    tables: Tables
    search_path: tuple[str, ...] = ("public",)

    def resolve(self, schema: str, name: str) -> Name | None:
        """The table of this name; without a schema the first along the search_path."""
        candidates = (Name(each, name) for each in ([schema] if schema else self.search_path))
        return next((each for each in candidates if each in self.tables.by_name), None)

    def columns(self, table: Name) -> Mapping[str, str]:
        """The table's columns and their types."""
        return self.tables.types.get(table, {})

    def known(self, schema: str, name: str) -> bool:
        """True for a table or a view that the snapshot has."""
        if self.resolve(schema, name):
            return True
        names = (Name(each, name) for each in ([schema] if schema else self.search_path))
        return any(str(each) in self.tables.others or each.sql in self.tables.others for each in names)

    def system(self, schema: str, name: str) -> bool:
        """True for PostgreSQL's own relations; pg_catalog is searched before the path."""
        return schema in SYSTEM or (not schema and name.startswith("pg_") and self.resolve(schema, name) is None)


def search_path_of(snapshot: Snapshot, role: str | None = None) -> tuple[str, ...]:
    """The search_path of a role in this database: its own setting, the database's, or the default."""
    path = snapshot.search_paths.get(role or "") or snapshot.search_paths.get("") or DEFAULT_PATH
    names = ((role or "") if each == "$user" else each for each in path)
    return tuple(dict.fromkeys(name for name in names if name))
