"""The moment of the migration: names change, everything that belongs to the table goes over, and is checked after."""

from collections.abc import Iterator, Sequence

from pgtune.model.design import Name, Scheme, quoted
from pgtune.partitions import obstacles
from pgtune.partitions.copying import ATTEMPTS, BATCH
from pgtune.partitions.schemes import named
from pgtune.partitions.text import Names, block, commented, dollar, literal
from pgtune.snapshot.snapshot import Snapshot, Table

# Owner, grants and sequences are read from the table itself at this moment.
HAND_OVER = """\
            for own in select relid from pg_partition_tree({new}::regclass) loop
                execute format('alter table %s owner to %I', own.relid,
                    (select pg_get_userbyid(relowner) from pg_class where oid = {old}::regclass));
            end loop;
            for own in
                select a.privilege_type, a.grantee, '' as columns, a.is_grantable
                  from pg_class c, aclexplode(c.relacl) a where c.oid = {old}::regclass and a.grantee <> c.relowner
                union all
                select a.privilege_type, a.grantee, format(' (%I)', t.attname), a.is_grantable
                  from pg_attribute t, aclexplode(t.attacl) a where t.attrelid = {old}::regclass
            loop
                execute format('grant %s%s on %s to %s%s', own.privilege_type, own.columns, {new}::regclass,
                    case own.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(own.grantee)) end,
                    case when own.is_grantable then ' with grant option' else '' end);
            end loop;
            for own in
                select attname, attidentity, pg_get_serial_sequence({old}, attname) as sequence
                  from pg_attribute where attrelid = {old}::regclass and attnum > 0 and not attisdropped
            loop
                continue when own.sequence is null;
                if own.attidentity <> '' then
                    execute format('select setval(%L, last_value, is_called) from %s',
                        pg_get_serial_sequence({new}, own.attname), own.sequence);
                else
                    execute format('alter sequence %s owned by %s.%I', own.sequence, {new}::regclass, own.attname);
                end if;
            end loop;"""


def steps(snapshot: Snapshot, table: Table, scheme: Scheme, names: Names,
          renamed: Sequence[tuple[Name, Name]]) -> list[tuple[str, str]]:  # fmt: skip
    """The swap and what follows, each with its title; `renamed` are the old indexes with their twins."""
    outgoing, incoming = _outgoing(snapshot, table), _incoming(snapshot, table)
    statements = [
        *(f"alter table {names.old.sql} drop constraint {quoted(name)}" for name, _ in outgoing),
        *(f"alter table {other.sql} drop constraint {quoted(name)}" for other, name, _ in incoming),
        f"drop trigger pgtune_note_change on {names.old.sql}",
        f"drop trigger pgtune_no_truncate on {names.old.sql}",
        f"alter table {names.old.sql} rename to {quoted(names.kept.name)}",
        f"alter table {names.new.sql} rename to {quoted(names.old.name)}",
        *_renamed(renamed),
        *_not_valid(table, scheme, outgoing),
        *(f"alter table {other.sql} add constraint {quoted(name)} {_lazy(text)}" for other, name, text in incoming),
        *(each.sql.replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1) for each in obstacles.views(snapshot, table)),
    ]
    after = [
        *(text for name, _ in outgoing for text in _validated(table, scheme, name)),
        *(f"alter table {names.old.sql} add constraint {quoted(name)} {text};" for name, text in outgoing),
        *(f"alter table {other.sql} validate constraint {quoted(name)};" for other, name, _ in incoming),
    ]
    return [
        ("The swap: a short lock, tried until it is had", _swap(names, statements)),
        ("Foreign keys: each partition is checked while others write, then the whole", "\n".join(after)),
        ("Tidy up", _tidy(names)),
    ]


def _outgoing(snapshot: Snapshot, table: Table) -> list[tuple[str, str]]:
    """The table's own foreign keys: name and definition."""
    found = ((each.name, obstacles.definition(snapshot, table.name, each.name)) for each in table.foreign_keys)
    return [(name, _valid(text)) for name, text in found if text is not None]


def _incoming(snapshot: Snapshot, table: Table) -> list[tuple[Name, str, str]]:
    """Foreign keys that point to it: whose, name and definition."""
    found = []
    for each in obstacles.pointing_to(snapshot, table):
        text = obstacles.definition(snapshot, each.table, each.key.name)
        if text is not None and each.table != table.name:
            found.append((each.table, each.key.name, _valid(text)))
    return found


def _valid(definition: str) -> str:
    return definition.removesuffix(" NOT VALID")


def _lazy(definition: str) -> str:
    return f"{definition} NOT VALID"


def _not_valid(table: Table, scheme: Scheme, outgoing: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Unchecked foreign keys: a partition takes one in no time, the whole table only from 18 on."""
    for name, text in outgoing:
        for part in scheme.partitions:
            place = Name(table.name.schema, part.name).sql
            yield f"alter table {place} add constraint {quoted(name)} {_lazy(text)}"


def _validated(table: Table, scheme: Scheme, name: str) -> Iterator[str]:
    for part in scheme.partitions:
        place = Name(table.name.schema, part.name).sql
        yield f"alter table {place} validate constraint {quoted(name)};"


def _renamed(renamed: Sequence[tuple[Name, Name]]) -> Iterator[str]:
    for old, new in renamed:
        yield f"alter index if exists {old.sql} rename to {quoted(named(old, 'unpartitioned'))}"
        yield f"alter index {new.sql} rename to {quoted(old.name)}"


def _swap(names: Names, statements: Sequence[str]) -> str:
    executed = "\n".join(f"            execute {dollar(each)};" for each in statements)
    old, new = literal(names.old.sql), literal(names.new.sql)
    return block(f"""\
declare
    own record;
begin
    for attempt in 1 .. {ATTEMPTS} loop
        begin
            lock table {names.old.sql} in access exclusive mode;
            while {names.catch_up.sql}({BATCH}) > 0 loop end loop;
{HAND_OVER.format(old=old, new=new)}
{executed}
            return;
        exception when lock_not_available or deadlock_detected then
            raise warning 'attempt %: the table is busy', attempt;
        end;
        perform pg_sleep(1);
        perform {names.catch_up.sql}({BATCH});
        commit;
    end loop;
    raise exception 'the table was busy in each of {ATTEMPTS} attempts: run the script again';
end""")


def _tidy(names: Names) -> str:
    return "\n".join([
        f"drop function {names.catch_up.sql}(bigint);",
        f"drop function {names.note.sql}();",
        f"drop table {names.changes.sql};",
        f"analyze {names.old.sql};",
        "-- The old table is kept as it was at the swap. When nobody misses it any more:",
        f"--   drop table {commented(names.kept)};",
    ])  # fmt: skip
