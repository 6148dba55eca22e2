"""The script that turns a table into a partitioned one while the application writes.

A partitioned copy is filled in batches while a trigger notes which rows change; what changed is copied again until
little is left; then one short transaction locks the table, copies the rest and swaps the names. The old table is kept.
The script is for psql and can be run again after any failure before the swap.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pgtune.model.design import Name, Partition, Scheme, quoted
from pgtune.partitions import copying, swap
from pgtune.partitions.schemes import named
from pgtune.partitions.text import Names, block, commented, literal, names_of
from pgtune.snapshot.snapshot import Snapshot, StoredIndex, Table
from pgtune.sqltext.parse import is_one

_IDENT = r'(?:"(?:[^"]|"")*"|[\w$]+)'
_DEFINITION = re.compile(rf"CREATE (UNIQUE )?INDEX {_IDENT} ON (?:ONLY )?{_IDENT}\.{_IDENT} (USING .*)", re.DOTALL)

HEAD = """\
-- {title}
-- Run it with psql, not inside a transaction: psql -f FILE. It needs the table's owner and room for a second copy.
-- Until the swap at its end the application notices nothing but short waits; until then it can be run again after any
-- failure, or given up:
--   drop trigger if exists pgtune_note_change on {old}; drop trigger if exists pgtune_no_truncate on {old};
--   drop table if exists {new}, {changes};
\\set ON_ERROR_STOP on
set search_path = pg_catalog;
set statement_timeout = 0;
set lock_timeout = '{patience}';
set client_min_messages = warning;"""
PATIENCE = "2s"  # how long a lock may be waited for: so long other sessions wait behind it


@dataclass(frozen=True, slots=True)
class Remade:
    """An index of the old table and its twin on the copy."""

    old: StoredIndex
    new: Name
    unique: str
    rest: str
    partitions: tuple[tuple[Partition, Name], ...] = field(default=())


def in_the_way(snapshot: Snapshot, scheme: Scheme) -> Name | None:
    """A table that already has a name which the migration would give; None if there is none."""
    names = names_of(scheme.table)
    wanted = {names.new, names.kept, names.changes}
    wanted |= {Name(scheme.table.schema, part.name) for part in scheme.partitions}
    return min((table.name for table in snapshot.tables if table.name in wanted), default=None)


def script(snapshot: Snapshot, table: Table, scheme: Scheme) -> str:
    """The whole migration as text for psql."""
    names = names_of(table.name)
    indexes = _remade(table, scheme, names)
    keys = _unique(table, scheme, names)
    parts: list[tuple[str, str]] = [
        ("The partitioned copy", "\n".join(_copy(table, scheme, names, keys))),
        ("Note what changes from now on", copying.noting(table, names)),
        ("Copy what is there", copying.filling(table, scheme, names)),
        ("Indexes: each on every partition, then attached", "\n".join(_indexes(indexes, table))),
        ("Statistics, so that catching up finds its rows", f"analyze {names.new.sql};"),
        ("Copy what changed meanwhile, until little is left", copying.catching_up(names)),
    ]
    renamed = [(each.old.name, each.new) for each in indexes] + [(old, new) for old, new, _ in keys]
    parts += swap.steps(snapshot, table, scheme, names, renamed)
    head = HEAD.format(
        title=f"Partitions {commented(table.name)} by {scheme.strategy}, online.",
        old=commented(names.old), new=commented(names.new), changes=commented(names.changes), patience=PATIENCE,
    )  # fmt: skip
    numbered = (f"-- {number}. {title}\n{text}" for number, (title, text) in enumerate(parts, 1) if text)
    return "\n\n".join([head, *numbered]) + "\n"


def _copy(table: Table, scheme: Scheme, names: Names, keys: list[tuple[Name, Name, str]]) -> Iterator[str]:
    like = "including all excluding indexes"
    key = ", ".join(each if each.startswith("(") else quoted(each) for each in scheme.key)
    yield f"create table if not exists {names.new.sql} (like {names.old.sql} {like})"
    yield f"    partition by {scheme.strategy} ({key});"
    stored = f" with (fillfactor = {table.fillfactor})" if table.fillfactor else ""
    for part in scheme.partitions:
        bound = "default" if part.bound == "DEFAULT" else f"for values {part.bound}"
        name = Name(table.name.schema, part.name)
        yield f"create table if not exists {name.sql}\n    partition of {names.new.sql} {bound}{stored};"
    for _, new, columns in keys:
        add = f"alter table {names.new.sql} add constraint {quoted(new.name)} {columns};"
        own = f"conrelid = {literal(names.new.sql)}::regclass and conname = {literal(new.name)}"
        exists = f"select from pg_constraint where {own}"
        yield block(f"begin\n    if not exists ({exists}) then\n        {add}\n    end if;\nend")


def _unique(table: Table, scheme: Scheme, names: Names) -> list[tuple[Name, Name, str]]:
    """Primary key and unique constraints: the old index, the new one, and what follows ADD CONSTRAINT."""
    found = []
    for number, index in enumerate(each for each in table.indexes if each.constraint and each.unique):
        columns = [*table.primary_key] if index.primary else [*_columns(index)]
        columns += [each for each in scheme.key if each not in columns]
        include = f" include ({', '.join(map(quoted, index.include))})" if index.include else ""
        kind = "primary key" if index.primary else "unique"
        new = Name(table.name.schema, named(names.new, f"key{number or ''}"))
        found.append((index.name, new, f"{kind} ({', '.join(map(quoted, columns))}){include}"))
    return found


def _columns(index: StoredIndex) -> list[str]:
    return [key[1:-1].replace('""', '"') if key.startswith('"') else key for key in index.keys]


def _remade(table: Table, scheme: Scheme, names: Names) -> list[Remade]:
    """The indexes that no constraint makes."""
    found = []
    for number, index in enumerate(each for each in table.indexes if not each.constraint and each.valid):
        match = _DEFINITION.match(index.definition)
        if match is None or not is_one(index.definition):
            continue
        own = tuple(
            (part, Name(table.name.schema, named(Name(table.name.schema, part.name), f"{number}_idx")))
            for part in scheme.partitions
        )
        new = Name(table.name.schema, named(names.new, f"{number}_idx"))
        found.append(Remade(index, new, (match[1] or "").lower(), match[2], own))
    return found


def _indexes(indexes: list[Remade], table: Table) -> Iterator[str]:
    for each in indexes:
        on = names_of(table.name).new.sql
        yield f"create {each.unique}index if not exists {quoted(each.new.name)} on only {on} {each.rest};"
        for part, name in each.partitions:
            place = Name(table.name.schema, part.name).sql
            yield f"create {each.unique}index if not exists {quoted(name.name)} on {place} {each.rest};"
            yield f"alter index {each.new.sql} attach partition {name.sql};"
