"""Statements for sequences, tables, views, constraints and indexes.

What a table cannot do without stands in CREATE TABLE; what can fail alone follows alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from psycopg.rows import DictRow

from pgtune.model.design import quoted
from pgtune.server.capture import ddl
from pgtune.server.capture.catalog import Catalog, Key
from pgtune.server.capture.order import Draft, DraftKey


@dataclass(frozen=True)
class Relations:
    """The drafts of one catalog's relations; `inside` says which CREATE TABLE holds a default or a check."""

    catalog: Catalog

    def drafts(self) -> Iterator[Draft]:
        """All of them, in no order yet."""
        yield from self._sequences()
        for row in self.catalog.relations:
            if row["kind"] in "rp":
                yield from self._table(row)
            elif row["kind"] in "vm" and row["oid"] in self.catalog.views:
                definition = self.catalog.views[row["oid"]]["definition"]
                yield Draft(_key(row), "view", str(ddl.name(row)), ddl.view(row, definition))
            else:
                continue
            yield from self._column_settings(row)
            yield from self._defaults(row)
            yield from self._constraints(row)
            yield from self._indexes(row)

    @cached_property
    def inside(self) -> dict[Key, Key]:
        """Objects that stand in the CREATE TABLE of another: defaults and checks that need nothing beyond it."""
        held: dict[Key, Key] = {}
        for row in self.catalog.relations:
            for column in self.catalog.columns[row["oid"]]:
                if column["default_oid"] is not None and self._inline_default(row, column):
                    held["pg_attrdef", column["default_oid"]] = _key(row)
            for each in self.catalog.constraints_of[row["oid"]]:
                if each["kind"] == "c" and self._local(row, each) and self._inline_check(row, each):
                    held["pg_constraint", each["oid"]] = _key(row)
        return held

    def _sequences(self) -> Iterator[Draft]:
        for row in self.catalog.sequences:
            if not row["identity"]:
                owner = self._column(row["owner"], row["owner_column"])
                yield Draft(_key(row), "sequence", str(ddl.name(row)), ddl.sequence(row, owner))

    def _column(self, relation: int | None, number: int | None) -> str | None:
        table = self.catalog.relation.get(relation or 0)
        if table is None:
            return None
        own = next(each for each in self.catalog.columns[table["oid"]] if each["number"] == number)
        return f"{ddl.name(table).sql}.{quoted(own['name'])}"

    def _table(self, row: DictRow) -> Iterator[Draft]:
        name = ddl.name(row)
        yield Draft(_key(row), "table", str(name), self._create(row))
        if row["is_partition"]:
            yield from self._attachment(row)
        for action in self._late(row):
            key = (*_key(row), action.split(" ")[0].lower())
            yield Draft(key, "setting", str(name), f"ALTER TABLE ONLY {name.sql} {action}", [_key(row)])

    def _create(self, row: DictRow) -> str:
        columns = [self._described(row, each) for each in self._own_columns(row)] if not row["of_type"] else []
        checks = [each for each in self.catalog.constraints_of[row["oid"]] if each["kind"] == "c"]
        columns += [
            f"CONSTRAINT {quoted(each['name'])} {each['definition']}"
            for each in checks
            if self._local(row, each) and self._inline_check(row, each)
        ]
        parents = [] if row["is_partition"] else self._parents(row)
        return ddl.table(row, columns, [ddl.name(each) for each in parents])

    def _described(self, row: DictRow, column: DictRow) -> str:
        default = column["default"] if self._inline_default(row, column) else None
        identity = self.catalog.identities.get((row["oid"], column["number"]))
        return ddl.column(column, row, identity, default)

    def _own_columns(self, row: DictRow) -> list[DictRow]:
        """A partition is made whole and attached then; an inheriting child gets its parents' columns with INHERITS."""
        return [each for each in self.catalog.columns[row["oid"]] if each["is_local"] or row["is_partition"]]

    def _parents(self, row: DictRow) -> list[DictRow]:
        known = self.catalog.relation
        return [known[oid] for oid in row["parents"] or () if oid in known]

    def _inline_default(self, row: DictRow, column: DictRow) -> bool:
        """A default stays in CREATE TABLE if it needs nothing else; so a function that fails takes only it along."""
        if column["generated"]:
            return True
        return self._needs_only(("pg_attrdef", column["default_oid"]), row) and (
            bool(column["is_local"]) or bool(row["is_partition"])
        ) and not row["of_type"] and row["kind"] in "rp"  # fmt: skip

    def _inline_check(self, row: DictRow, check: DictRow) -> bool:
        return self._needs_only(("pg_constraint", check["oid"]), row) and "NOT VALID" not in check["definition"]

    def _needs_only(self, key: Key, row: DictRow) -> bool:
        return all(each == _key(row) for each in self.catalog.needs.get(key, ()))

    @staticmethod
    def _local(row: DictRow, constraint: DictRow) -> bool:
        """True for what this table says itself; an inherited check comes with INHERITS."""
        return bool(constraint["is_local"] or row["is_partition"])

    def _attachment(self, row: DictRow) -> Iterator[Draft]:
        for parent in self._parents(row):
            bound = f"ATTACH PARTITION {ddl.name(row).sql} {row['partition_bound']}"
            text = f"ALTER TABLE ONLY {ddl.name(parent).sql} {bound}"
            checks = [
                ("pg_constraint", each["oid"])
                for table in (row, parent)
                for each in self.catalog.constraints_of[table["oid"]]
                if each["kind"] == "c"
            ]
            needs = [_key(row), _key(parent)]
            yield Draft(attachment(row), "attachment", str(ddl.name(row)), text, needs, checks)

    def _late(self, row: DictRow) -> Iterator[str]:
        """What is switched on after everything else."""
        if row["row_security"]:
            yield "ENABLE ROW LEVEL SECURITY"
        if row["forced_row_security"]:
            yield "FORCE ROW LEVEL SECURITY"
        if row["replica_identity"] in ddl.REPLICA_IDENTITY:
            yield f"REPLICA IDENTITY {ddl.REPLICA_IDENTITY[row['replica_identity']]}"

    def _column_settings(self, row: DictRow) -> Iterator[Draft]:
        for column in self.catalog.columns[row["oid"]]:
            actions = ddl.column_settings(column)
            if not row["is_partition"] and column["inherited"] and not column["is_local"]:
                actions += self._own_not_null(row, column)
            if actions:
                name = ddl.name(row)
                word = "MATERIALIZED VIEW" if row["kind"] == "m" else "TABLE ONLY"
                text = f"ALTER {word} {name.sql} {', '.join(actions)}"
                yield Draft((*_key(row), f"column {column['number']}"), "column", str(name), text, [_key(row)])

    def _own_not_null(self, row: DictRow, column: DictRow) -> list[str]:
        above = [self._same(parent, column) for parent in self._parents(row)]
        said = any(each and each["not_null"] for each in above) and not column["not_null_local"]
        return [] if said or not column["not_null"] else [f"ALTER COLUMN {quoted(column['name'])} SET NOT NULL"]

    def _same(self, parent: DictRow, column: DictRow) -> DictRow | None:
        columns = self.catalog.columns[parent["oid"]]
        return next((each for each in columns if each["name"] == column["name"]), None)

    def _defaults(self, row: DictRow) -> Iterator[Draft]:
        """Defaults that stand alone: they need more than their table, or differ from what is inherited."""
        for column in self.catalog.columns[row["oid"]]:
            if (self._inline_default(row, column) and column["default_oid"]) or not self._own_default(row, column):
                continue
            name, own = ddl.name(row), f"{ddl.name(row)}.{column['name']}"
            action = f"ALTER COLUMN {quoted(column['name'])} SET DEFAULT {column['default'] or 'NULL'}"
            text = f"ALTER TABLE ONLY {name.sql} {action}"
            key: DraftKey = ("pg_attrdef", column["default_oid"] or 0)
            if column["default_oid"] is None:
                key = (*_key(row), f"default {column['number']}")
            yield Draft(key, "default", own, text, [_key(row)])

    def _own_default(self, row: DictRow, column: DictRow) -> bool:
        if column["generated"] or row["is_partition"] or not column["inherited"] or column["is_local"]:
            return bool(column["default"])
        above = [each for each in (self._same(parent, column) for parent in self._parents(row)) if each]
        return all(each["default"] != column["default"] for each in above) and not any(e["generated"] for e in above)

    def _constraints(self, row: DictRow) -> Iterator[Draft]:
        children = self.catalog.attachments_of.get(row["oid"], ())
        for each in self.catalog.constraints_of[row["oid"]]:
            key, kind = (
                ("pg_constraint", each["oid"]),
                {"c": "check", "f": "foreign key"}.get(each["kind"], "constraint"),
            )
            if key in self.inside or (kind == "check" and not self._local(row, each)):
                continue
            only = "" if each["kind"] == "c" or (each["kind"] == "f" and row["kind"] == "p") else "ONLY "
            text = f"ALTER TABLE {only}{ddl.name(row).sql} ADD CONSTRAINT {quoted(each['name'])} {each['definition']}"
            after = [] if kind == "check" else [("pg_class", oid, "attach") for oid in children]
            yield Draft(key, kind, f"{each['name']} on {ddl.name(row)}", text, [_key(row)], after)

    def _indexes(self, row: DictRow) -> Iterator[Draft]:
        after = [("pg_class", oid, "attach") for oid in self.catalog.attachments_of.get(row["oid"], ())]
        for each in self.catalog.indexes_of[row["oid"]]:
            if each["constraint_name"] is None:
                yield Draft(_key(each), "index", str(ddl.name(each)), each["definition"], [_key(row)], after)
            yield from self._index_settings(row, each)

    def _index_settings(self, row: DictRow, index: DictRow) -> Iterator[Draft]:
        name, made = ddl.name(index), self._maker(index)
        if index["parent"] in self.catalog.index:
            parent = self.catalog.index[index["parent"]]
            text = f"ALTER INDEX {ddl.name(parent).sql} ATTACH PARTITION {name.sql}"
            needs = [made, self._maker(parent), attachment(row)]
            yield Draft((*_key(index), "attach"), "index attachment", str(name), text, needs)
        for number, action in enumerate(self._index_actions(row, index)):
            yield Draft((*_key(index), f"setting {number}"), "index", str(name), action, [made])

    def _index_actions(self, row: DictRow, index: DictRow) -> Iterator[str]:
        table, name = ddl.name(row), ddl.name(index)
        if index["constraint_name"] is not None and index["options"]:
            yield f"ALTER INDEX {name.sql} SET ({', '.join(ddl.options(index['options']))})"
        for column in self.catalog.columns[index["oid"]]:
            if column["target"] is not None:
                yield f"ALTER INDEX {name.sql} ALTER COLUMN {column['number']} SET STATISTICS {column['target']}"
        if index["is_clustered"]:
            yield f"ALTER TABLE {table.sql} CLUSTER ON {quoted(name.name)}"
        if index["replica_identity"]:
            yield f"ALTER TABLE ONLY {table.sql} REPLICA IDENTITY USING INDEX {quoted(name.name)}"

    def _maker(self, index: DictRow) -> DraftKey:
        """The statement that makes an index: its own, or its constraint's."""
        constraint = self.catalog.constraint_of_index.get(index["oid"])
        return ("pg_constraint", constraint) if constraint is not None else _key(index)


def attachment(row: DictRow) -> DraftKey:
    """The key of the statement that attaches a partition."""
    return ("pg_class", row["oid"], "attach")


def _key(row: DictRow) -> tuple[str, int]:
    return ("pg_class", row["oid"])
