"""What the catalogs of a database say, read once, as rows that the rest is made of."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from psycopg.rows import DictRow

from pgtune.server.capture.session import Session

Key = tuple[str, int]
"""A catalog and an object identifier in it, as pg_depend speaks of objects."""

RARE = {"aggregates": "pg_proc", "operators": "pg_operator", "casts": "pg_cast", "collations": "pg_collation"}


@dataclass(frozen=True)
class Catalog:
    """Rows of sql/capture/*.sql, extensions' members left out; `owner_of` says which extension brings one."""

    extensions: Sequence[DictRow]
    schemas: Sequence[DictRow]
    types: Sequence[DictRow]
    sequences: Sequence[DictRow]
    functions: Sequence[DictRow]
    relations: Sequence[DictRow]
    columns: Mapping[int, Sequence[DictRow]]
    constraints: Sequence[DictRow]
    indexes: Sequence[DictRow]
    views: Mapping[int, DictRow]
    attached: Sequence[DictRow]
    policies: Sequence[DictRow]
    comments: Sequence[DictRow]
    dependencies: Sequence[DictRow]
    rare: Mapping[str, Sequence[DictRow]] = field(default_factory=dict)
    owner_of: Mapping[Key, int] = field(default_factory=dict)
    locked: Sequence[DictRow] = ()

    @cached_property
    def relation(self) -> Mapping[int, DictRow]:
        """Relations by their object identifier."""
        return {row["oid"]: row for row in self.relations}

    @cached_property
    def constraints_of(self) -> Mapping[int, Sequence[DictRow]]:
        """Constraints by their table."""
        return grouped(self.constraints, "relation")

    @cached_property
    def indexes_of(self) -> Mapping[int, Sequence[DictRow]]:
        """Indexes by their table."""
        return grouped(self.indexes, "relation")

    @cached_property
    def index(self) -> Mapping[int, DictRow]:
        """Indexes by their object identifier."""
        return {row["oid"]: row for row in self.indexes}

    @cached_property
    def constraint_of_index(self) -> Mapping[int, int]:
        """The constraint that an index backs: not the foreign keys that point to it."""
        return {row["index"]: row["oid"] for row in self.constraints if row["kind"] in "pux"}

    @cached_property
    def identities(self) -> Mapping[tuple[int, int], DictRow]:
        """The sequence of an identity column, by its table and number."""
        return {(row["owner"], row["owner_column"]): row for row in self.sequences if row["identity"]}

    @cached_property
    def attachments_of(self) -> Mapping[int, Sequence[int]]:
        """Partitions by their parent."""
        groups: defaultdict[int, list[int]] = defaultdict(list)
        for row in self.relations:
            for parent in row["parents"] or () if row["is_partition"] else ():
                groups[parent].append(row["oid"])
        return groups

    @cached_property
    def needs(self) -> Mapping[Key, Sequence[Key]]:
        """What pg_depend says that an object needs."""
        groups: defaultdict[Key, list[Key]] = defaultdict(list)
        for row in self.dependencies:
            groups[row["class"], row["oid"]].append((row["needed_class"], row["needed_oid"]))
        return groups

    def is_parent(self, child: tuple[object, ...], parent: Key) -> bool:
        """True for a partition and its parent: ATTACH joins them, neither CREATE needs the other."""
        row = self.relation.get(child[1]) if child[0] == parent[0] == "pg_class" and isinstance(child[1], int) else None
        return row is not None and row["is_partition"] and parent[1] in row["parents"]


def read(session: Session) -> Catalog:
    """Read everything. Statements that need relations unlocked come first: what they skip, the others skip too."""
    owner_of = {(row["class"], row["oid"]): row["extension"] for row in session.rows("members")}

    def own(name: str, catalog: str) -> list[DictRow]:
        return [row for row in session.rows(name) if (catalog, row["oid"]) not in owner_of]

    indexes, constraints = own("indexes", "pg_class"), own("constraints", "pg_constraint")
    views, attached, policies = session.rows("views"), session.rows("rules"), own("policies", "pg_policy")
    columns, relations = session.rows("columns"), own("relations", "pg_class")
    searches = [row for row in session.rows("searches") if (row["class"], row["oid"]) not in owner_of]
    locked = [row for row in relations if row["oid"] in session.skipped]
    return Catalog(
        extensions=session.rows("extensions"),
        schemas=own("schemas", "pg_namespace"),
        types=own("types", "pg_type"),
        sequences=own("sequences", "pg_class"),
        functions=own("functions", "pg_proc"),
        relations=[row for row in relations if row["oid"] not in session.skipped],
        columns=grouped(columns, "relation"),
        constraints=constraints,
        indexes=indexes,
        views={row["relation"]: row for row in views},
        attached=[row for row in attached if (row["class"], row["oid"]) not in owner_of],
        policies=policies,
        comments=session.rows("comments"),
        dependencies=session.rows("dependencies"),
        rare={name: own(name, catalog) for name, catalog in RARE.items()} | {"searches": searches},
        owner_of=owner_of,
        locked=locked,
    )


def grouped(rows: Sequence[DictRow], by: str) -> Mapping[int, Sequence[DictRow]]:
    """Rows by the number in one of their columns, none for a number that no row has."""
    groups: defaultdict[int, list[DictRow]] = defaultdict(list)
    for row in rows:
        groups[row[by]].append(row)
    return groups
