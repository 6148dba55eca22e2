"""What forbids partitioning a table by a column, and what hangs on the table."""

from collections.abc import Iterator
from dataclasses import dataclass

from pgtune.model.design import Name, quoted
from pgtune.snapshot.snapshot import ForeignKey, Object, Snapshot, StoredIndex, Table
from pgtune.sqltext.parse import is_one


@dataclass(frozen=True, slots=True)
class Incoming:
    """A foreign key that points to the table; `table` is the one that has it."""

    table: Name
    key: ForeignKey


def against(snapshot: Snapshot, table: Table, column: str) -> str | None:
    """Why this column can be no partition key of the table; None if it can."""
    return next(_reasons(snapshot, table, column), None)


def _reasons(snapshot: Snapshot, table: Table, column: str) -> Iterator[str]:
    for incoming in pointing_to(snapshot, table):
        if column not in incoming.key.target_columns:
            yield f"{incoming.table} has a foreign key to it that does not hold {column}, and would lose it"
        elif incoming.table == table.name:
            yield f"its foreign key {incoming.key.name} points to itself"
    for index in table.indexes:
        if index.constraint and not index.unique:
            yield f"the exclusion constraint {index.constraint} could not be kept"
        elif index.unique and not index.primary and column not in _plain(index):
            yield f"the unique index {index.name} does not hold {column} and could not be kept"
    found = next((each for each in table.columns if each.name == column), None)
    if found is not None and table.primary_key and not found.not_null:
        yield f"{column} may be null and would have to be part of the primary key"
    hanging = {each.kind for each in attached(snapshot, table)}
    if hanging:
        yield f"it has {' and '.join(sorted(map(plural, hanging)))}, which the copy would have to get by hand"


def plural(kind: str) -> str:
    """Several of a kind of object."""
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"


def pointing_to(snapshot: Snapshot, table: Table) -> list[Incoming]:
    """The foreign keys that point to the table."""
    return [
        Incoming(each.name, key) for each in snapshot.tables for key in each.foreign_keys if key.target == table.name
    ]


def attached(snapshot: Snapshot, table: Table) -> list[Object]:
    """Triggers, policies, rules and materialised views of the table, none of which a copy gets by itself."""
    return [
        each for each in _users(snapshot, table)
        if each.kind in {"trigger", "policy", "rule"} or each.sql.startswith("CREATE MATERIALIZED VIEW")
    ]  # fmt: skip


def views(snapshot: Snapshot, table: Table) -> list[Object]:
    """The views that read the table: they hold on to it under any name, so they have to be made anew."""
    return [each for each in _users(snapshot, table) if each.sql.startswith("CREATE VIEW ")]


def _users(snapshot: Snapshot, table: Table) -> Iterator[Object]:
    own = next((each.id for each in snapshot.objects if each.kind == "table" and _creates(each, table)), None)
    return (each for each in snapshot.objects if own is not None and own in each.needs)


def _creates(each: Object, table: Table) -> bool:
    return each.sql.startswith((f"CREATE TABLE {table.name.sql}", f"CREATE UNLOGGED TABLE {table.name.sql}"))


def definition(snapshot: Snapshot, table: Name, constraint: str) -> str | None:
    """What stands behind the constraint's name in ADD CONSTRAINT; None if the snapshot does not have it."""
    for only in ("ONLY ", ""):
        head = f"ALTER TABLE {only}{table.sql} ADD CONSTRAINT {quoted(constraint)} "
        found = next((each.sql for each in snapshot.objects if each.sql.startswith(head)), None)
        if found is not None:
            return found[len(head) :] if is_one(found) else None
    return None


def _plain(index: StoredIndex) -> set[str]:
    """The columns among an index's keys; pg_get_indexdef quotes a name where it must be."""
    return {key[1:-1].replace('""', '"') if key.startswith('"') else key for key in index.keys}
