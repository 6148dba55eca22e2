"""What-if partition schemes: a partitioned copy of a table, made once in a hidden schema and swapped in at will."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from pgtune import resources
from pgtune.model.design import Name, Scheme, quoted
from pgtune.model.errors import NotPlannable, NotSql
from pgtune.snapshot.snapshot import StoredIndex, Table
from pgtune.twin import relations, slices, statistics
from pgtune.twin.builder import Builder
from pgtune.twin.copies import index_copy
from pgtune.twin.cutting import key_values
from pgtune.twin.house import House
from pgtune.twin.planner import Planner
from pgtune.twin.relations import Size
from pgtune.twin.sizes import stored_height
from pgtune.twin.world import World


@dataclass(frozen=True, slots=True)
class Stage:
    """A partitioned copy: `schema` is where it waits, `oids` are its tables, `names` its indexes' parts by name."""

    schema: str
    oids: tuple[int, ...]
    names: Mapping[str, str]


@dataclass
class Schemes:
    """The schemes that were ever asked for on this twin, and those that the planner sees now."""

    house: House
    superuser: psycopg.Connection
    builder: Builder
    planner: Planner
    world: World
    _made: dict[Scheme, Stage] = field(default_factory=dict)
    _shown: frozenset[Scheme] = frozenset()

    def places(self, schemes: Collection[Scheme]) -> dict[Name, Name]:
        """Where the partitioned copy of each table stands; it is made if it is not there yet.

        Raises:
            NotPlannable: a scheme cannot be made; the message is the server's.
        """
        found = {}
        for scheme in sorted(schemes):
            if scheme not in self._made:
                self.show(frozenset())
                self._made[scheme] = self._stage(scheme)
            found[scheme.table] = Name(self._made[scheme].schema, scheme.table.name)
        return found

    def show(self, schemes: frozenset[Scheme]) -> None:
        """Put the copies of these schemes in the place of their tables, and every other table back into its own."""
        if schemes == self._shown:
            return
        gone, come = sorted(self._shown - schemes), sorted(schemes - self._shown)
        out = {oid: self._made[scheme].schema for scheme in gone for oid in self._made[scheme].oids}
        out |= {self._whole(scheme): self._made[scheme].schema + HERE for scheme in come}
        back = {self._whole(scheme): scheme.table.schema for scheme in gone}
        back |= {oid: scheme.table.schema for scheme in come for oid in self._made[scheme].oids}
        with self.superuser.transaction():
            self._move(out)
            self._move(back)
        self._shown = schemes

    def forget(self) -> None:
        """Take away every copy: the tables are about to change."""
        self.show(frozenset())
        for stage in self._made.values():
            names = map(sql.Identifier, (stage.schema, stage.schema + HERE))
            self.superuser.execute(sql.SQL("DROP SCHEMA {}, {} CASCADE").format(*names))
            self.world.leave(stage.schema)
        self._made = {}

    def _whole(self, scheme: Scheme) -> int:
        """The oid of the table as it is."""
        return self.world.relations[scheme.table].oid

    def names(self, schemes: Collection[Scheme]) -> Mapping[str, str]:
        """What parts of indexes are called on the partitions, and the index of the table as it is that each is of."""
        return {part: name for scheme in schemes for part, name in self._made[scheme].names.items()}

    def _move(self, moves: Mapping[int, str]) -> None:
        values = {"oids": list(moves), "schemas": list(moves.values())}
        try:
            self.superuser.execute(resources.sql("twin/move"), values)
        except psycopg.errors.UniqueViolation as error:
            raise NotPlannable(f"a partition has the name of another table: {error.diag.message_detail}") from error

    def _stage(self, scheme: Scheme) -> Stage:
        table = self.world.tables.get(scheme.table)
        if table is None:
            raise NotPlannable(f"there is no table {scheme.table} on the twin")
        schema = "pgtune " + hashlib.sha256(repr(scheme).encode()).hexdigest()[:16]
        for each in (schema, schema + HERE):
            words = sql.SQL(resources.sql("twin/make_hidden_schema")).format(schema=sql.Identifier(each))
            self.superuser.execute(words)
        why = self.builder.made(list(_ddl(scheme, table, schema)))
        if why is not None:
            self.superuser.execute(sql.SQL("DROP SCHEMA {}, {}").format(*map(sql.Identifier, (schema, schema + HERE))))
            raise NotPlannable(f"{scheme.table} by {scheme.strategy} of {', '.join(scheme.key)}: {why}")
        self._foreign_keys(table, schema)  # their check plans a query: no index may be there, or its height is read
        return self._filled(scheme, table, schema, self._indexes(scheme, table, schema))

    def _indexes(self, scheme: Scheme, table: Table, schema: str) -> list[StoredIndex]:
        """The indexes of the table made on its copy; a unique one that cannot be without the key is given it."""
        kept = []
        for index in table.indexes:
            try:
                statement = index_copy(index.definition, Name(schema, table.name.name), scheme.key)
            except NotSql:
                continue
            if self.builder.made([statement]) is None:
                kept.append(index)
        return kept

    def _foreign_keys(self, table: Table, schema: str) -> None:
        for key in table.foreign_keys:
            ends = [leaf.name for leaf in self.world.tree(key.target)]
            columns, others = (", ".join(map(quoted, each)) for each in (key.columns, key.target_columns))
            words = f"ALTER TABLE {Name(schema, table.name.name).sql} ADD FOREIGN KEY ({columns})"
            with self.world.emptied(ends):
                self.builder.made([f"{words} REFERENCES {key.target.sql} ({others})"])

    def _filled(self, scheme: Scheme, table: Table, schema: str, indexes: Sequence[StoredIndex]) -> Stage:
        """The copy with sizes and statistics."""
        known = {name: each for name, each in relations.read(self.superuser).items() if name.schema == schema}
        values = key_values(self.planner, scheme, table, schema)
        whole = slices.parent(table, schema, scheme)
        cuts = slices.placed(scheme, values)
        parts = {Name(schema, name): slices.child(table, Name(schema, name), scheme, cut) for name, cut in cuts.items()}
        tables = [whole, *parts.values()]
        statistics.restore(self.house, tables, known)
        self.world.add(tables, known)
        for name, part in parts.items():
            self.world.files.stretch(known[name].path or "", part.pages)
        sizes = list(self.world.sizes(known.keys() & self.world.tables.keys()))
        names = {}
        for index in indexes:
            for row in relations.below(self.superuser, Name(schema, index.name.name)):
                place = Name(schema, row.table)
                if place in parts and row.path is not None:
                    sizes.append((row.oid, self._index_part(index, table, parts[place], row.path)))
                    names[row.name] = index.name.name
        relations.write_sizes(self.superuser, sizes)
        return Stage(schema, tuple(sorted(known[each.name].oid for each in tables)), names)

    def _index_part(self, index: StoredIndex, table: Table, part: Table, path: str) -> Size:
        share = part.rows / table.rows if table.rows > 0 else 0.0
        pages = max(round(index.pages * share), 1)
        if index.method == "btree":
            self.world.files.set_height(path, stored_height(index, table, pages), pages)
        self.world.files.stretch(path, pages)
        return Size(pages, max(index.tuples, 0) * share)


HERE = " aside"  # where the table as it is waits meanwhile


def _ddl(scheme: Scheme, table: Table, schema: str) -> Iterator[str]:
    whole = Name(schema, table.name.name).sql
    key = ", ".join(each if each.startswith("(") else quoted(each) for each in scheme.key)
    like = "INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED"
    yield f"CREATE TABLE {whole} (LIKE {table.name.sql} {like}) PARTITION BY {scheme.strategy} ({key})"
    for each in scheme.partitions:
        bound = each.bound if each.bound.upper() == "DEFAULT" else f"FOR VALUES {each.bound}"
        yield f"CREATE TABLE {Name(schema, each.name).sql} PARTITION OF {whole} {bound}"
