"""The tables of a twin after migrations: what the catalogs say now, with the figures that were known before."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast, get_args

import psycopg
from psycopg.rows import DictRow, dict_row

from pgtune import resources
from pgtune.model.design import Index, Key, Method, Name
from pgtune.snapshot.snapshot import Column, ColumnStats, ForeignKey, StoredIndex, Table
from pgtune.twin import relations
from pgtune.twin.estimate import Estimates
from pgtune.twin.relations import Relation
from pgtune.twin.sizes import stored_height


@dataclass(frozen=True)
class Before:
    """A twin before migrations: tables and relations by name, and the numbers of the columns on the twin."""

    tables: Mapping[Name, Table]
    relations: Mapping[Name, Relation]
    columns: Sequence[DictRow]

    @cached_property
    def by_oid(self) -> Mapping[int, Table]:
        """Tables by their number on the twin, which a new name does not change."""
        return {self.relations[name].oid: table for name, table in self.tables.items()}

    @cached_property
    def indexes(self) -> Mapping[int, StoredIndex]:
        """Indexes by their number."""
        found = (index for table in self.tables.values() for index in table.indexes)
        return {self.relations[each.name].oid: each for each in found if each.name in self.relations}

    @cached_property
    def files(self) -> Mapping[int, str | None]:
        """The first file of each relation by its number."""
        return {each.oid: each.path for each in self.relations.values()}

    def file(self, oid: int) -> str | None:
        """Where the relation lay."""
        return self.files.get(oid)

    @cached_property
    def children(self) -> Mapping[int, Sequence[int]]:
        """The partitions right below each partitioned table, by number."""
        below = defaultdict(list)
        for oid, table in self.by_oid.items():
            for parent in table.parents:
                if parent in self.relations:
                    below[self.relations[parent].oid].append(oid)
        return below

    @cached_property
    def places(self) -> Mapping[tuple[int, int], DictRow]:
        """Columns by table and number."""
        return {(row["relation"], row["number"]): row for row in self.columns}


def tables(superuser: psycopg.Connection, before: Before) -> tuple[list[Table], Mapping[Name, Relation]]:
    """All tables as they are now, with the figures of before, and all relations."""
    known = relations.read(superuser)
    catalog = _Catalog(superuser, before)
    return [catalog.table(row) for row in catalog.relations if row["oid"] in catalog.known], known


def changed(tables: Iterable[Table], before: Before) -> Iterator[Table]:
    """Tables of which a column's statistics must be written anew."""
    for table in tables:
        old = before.tables.get(table.name)
        if old is None or _told(table) != _told(old):
            yield table


def _told(table: Table) -> list[tuple[str, str, tuple[ColumnStats, ...]]]:
    return [(each.name, each.type, each.stats) for each in table.columns]


class _Catalog:
    """What the catalogs say now."""

    def __init__(self, superuser: psycopg.Connection, before: Before) -> None:
        self.before = before
        self.superuser = superuser
        self.relations = [row for row in self._rows("capture/relations") if row["kind"] in "rpm"]
        self.known = {row["oid"]: Name(row["schema"], row["name"]) for row in self.relations}
        self.columns = _grouped(self._rows("capture/columns"), "relation")
        self.indexes = _grouped(self._rows("capture/indexes"), "relation")
        self.constraints = _grouped(self._rows("capture/constraints"), "relation")
        self.numbers = {(row["relation"], row["number"]): row for row in self._rows("twin/columns")}

    def _rows(self, name: str) -> list[DictRow]:
        with self.superuser.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(resources.sql(name), {"skipped": []}).fetchall()

    def table(self, row: DictRow) -> Table:
        """One table: a known one with its figures, else one of unknown size."""
        oid = row["oid"]
        old = self.before.by_oid.get(oid) or Table(self.known[oid], row["kind"], ())
        keys = [each for each in self.constraints[oid] if each["kind"] == "p"]
        return replace(
            old,
            name=self.known[oid],
            columns=tuple(self._column(each, oid, old) for each in self.columns[oid]),
            parents=tuple(self.known[each] for each in row["parents"] or () if each in self.known),
            partition_key=row["partition_key"],
            partition_bound=row["partition_bound"],
            indexes=tuple(self._index(each, old) for each in self.indexes[oid]),
            foreign_keys=tuple(self._foreign_keys(oid)),
            primary_key=tuple(keys[0]["columns"]) if keys else (),
        )

    def _column(self, row: DictRow, oid: int, old: Table) -> Column:
        place = self.before.places.get((oid, row["number"]))
        known = next((each for each in old.columns if place and each.name == place["name"]), None)
        column = Column(
            known.number if known else row["number"], row["name"], row["type"], row["not_null"], row["length"],
            row["align"], row["collation"],
        )  # fmt: skip
        if known is None:
            return replace(column, stats=self._fresh(row, oid, old))
        same = known.type == column.type
        if same:
            return replace(column, stats=known.stats, ends=known.ends)
        return replace(column, stats=tuple(self._carried(known.stats, row, oid, place)))

    def _fresh(self, row: DictRow, oid: int, old: Table) -> tuple[ColumnStats, ...]:
        """A new column of a table with rows: NULL in all of them, or its default in all of them."""
        if old.rows <= 0 or row["generated"] or row["identity"]:
            return ()
        if row["default"] is None and not row["not_null"]:
            return (ColumnStats(False, 1.0, 0, 0.0),)
        return (
            (ColumnStats(False, 0.0, max(row["length"], 4), 1.0),) if self.numbers[oid, row["number"]]["filled"] else ()
        )

    def _carried(
        self, stats: Iterable[ColumnStats], row: DictRow, oid: int, place: DictRow | None
    ) -> Iterator[ColumnStats]:
        """Statistics of a column of another type: its values sort as before if the types are of one kind."""
        alike = place is not None and place["category"] == self.numbers[oid, row["number"]]["category"]
        for each in stats:
            width = row["length"] if row["length"] > 0 else each.avg_width
            yield (
                replace(each, avg_width=width)
                if alike
                else ColumnStats(each.inherited, each.null_frac, width, each.n_distinct)
            )

    def _index(self, row: DictRow, old: Table) -> StoredIndex:
        name = Name(row["schema"], row["name"])
        known = self.before.indexes.get(row["oid"]) or next((each for each in old.indexes if each.name == name), None)
        own = tuple(
            Column(each["number"], each["name"], each["type"], each["not_null"], each["length"], each["align"],
                   each["collation"])
            for each in self.columns[row["oid"]]
        )  # fmt: skip
        index = StoredIndex(
            name=name, method=row["method"], definition=row["definition"], keys=tuple(row["keys"]),
            include=tuple(row["include"] or ()), predicate=row["predicate"], unique=row["is_unique"],
            primary=row["is_primary"], constraint=row["constraint_name"], valid=row["valid"],
            replica_identity=row["replica_identity"], fillfactor=_fillfactor(row["options"]),
            opclasses=tuple(row["opclasses"] or ()), collations=tuple(row["collations"] or ()),
            options=tuple(row["key_options"]), columns=own, pages=0,
        )  # fmt: skip
        if known is None:
            return index
        stats = {each.name: each.stats for each in known.columns}
        columns = tuple(replace(each, stats=stats.get(each.name, ())) for each in own)
        return replace(
            index, pages=known.pages, tuples=known.tuples, height=known.height, columns=columns, scans=known.scans,
            last_scan=known.last_scan, parent=known.parent,
        )  # fmt: skip

    def _foreign_keys(self, oid: int) -> Iterator[ForeignKey]:
        for each in self.constraints[oid]:
            if each["kind"] == "f" and each["target"] in self.known:
                columns, others = tuple(each["columns"]), tuple(each["target_columns"])
                yield ForeignKey(each["name"], columns, self.known[each["target"]], others)


def _grouped(rows: Iterable[DictRow], key: str) -> defaultdict[int, list[DictRow]]:
    groups: defaultdict[int, list[DictRow]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return groups


def _fillfactor(options: Sequence[str] | None) -> int | None:
    found = [each.removeprefix("fillfactor=") for each in options or () if each.startswith("fillfactor=")]
    return int(found[0]) if found else None


def sized(index: StoredIndex, table: Table, estimates: Estimates) -> StoredIndex:
    """The index with its size: the one that it had, for it holds the same, else an estimate."""
    if index.pages:
        height = index.height
        if height is None and index.method == "btree":
            height = stored_height(index, table, index.pages)
        return replace(index, height=height)
    if index.method not in get_args(Method):
        return replace(index, pages=1)
    estimate = estimates.of(_design(index, table), table)
    return replace(index, pages=estimate.pages, height=estimate.height, tuples=estimate.tuples)


def _design(index: StoredIndex, table: Table) -> Index:
    names = {column.name for column in table.columns}
    keys = tuple(_key(key, names, number, index) for number, key in enumerate(index.keys))
    options = (("fillfactor", str(index.fillfactor)),) if index.fillfactor else ()
    return Index(table.name, keys, cast("Method", index.method), index.include, index.predicate or "", options)


def _key(text: str, names: set[str], number: int, index: StoredIndex) -> Key:
    plain = text[1:-1].replace('""', '"') if text.startswith('"') and text.endswith('"') else text
    opclass = index.opclasses[number] if number < len(index.opclasses) else ""
    return Key(plain, opclass=opclass) if plain in names else Key(expression=text, opclass=opclass)
