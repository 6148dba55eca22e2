"""Copying a table while it changes: a trigger that notes, a first copy, and catching up.

With a primary key the trigger notes the keys of changed rows, and catching up replaces those rows by what they are
now. Without one it notes whole rows, added or gone, and the first copy is one statement: its snapshot separates what
was noted before from what has to be repeated after.
"""

from pgtune.model.design import Scheme, quoted
from pgtune.partitions.text import Names, block, dollar, literal
from pgtune.snapshot.snapshot import Table

BATCH = 10_000  # rows a transaction: a tenth of a second, so that no lock and no snapshot lasts
ATTEMPTS = 30

WRITABLE = """\
    select string_agg(quote_ident(attname), ', ' order by attnum){more} into names{into}
      from pg_attribute
     where attrelid = {old}::regclass and attnum > 0 and not attisdropped and attgenerated = '';"""
LINE = """,
           string_agg('(c.line).' || quote_ident(attname), ', ' order by attnum),
           string_agg('t.' || quote_ident(attname), ', ' order by attnum)"""


def noting(table: Table, names: Names) -> str:
    """The list of changes, the trigger that fills it, and one that refuses TRUNCATE meanwhile."""
    columns = "gone boolean not null, line " + names.old.sql
    if table.primary_key:
        types = {column.name: column.type for column in table.columns}
        columns = ", ".join(f"{quoted(key)} {types[key]} not null" for key in table.primary_key)
    number = "pgtune_n bigint generated always as identity primary key"
    return "\n".join([
        f"create table if not exists {names.changes.sql} ({number}, {columns});",
        f"create or replace function {names.note.sql}() returns trigger language plpgsql security definer",
        f"    set search_path = pg_catalog as {dollar(_note(table, names))};",
        block(_with_patience(f"{_TRIGGERS.format(old=names.old.sql, note=names.note.sql)}")),
    ])  # fmt: skip


_TRIGGERS = """\
create or replace trigger pgtune_note_change after insert or update or delete on {old}
            for each row execute function {note}();
        alter table {old} enable always trigger pgtune_note_change;
        create or replace trigger pgtune_no_truncate before truncate on {old}
            for each statement execute function {note}();
        return;"""


def _note(table: Table, names: Names) -> str:
    if table.primary_key:
        columns = ", ".join(map(quoted, table.primary_key))
        into, old, new = (
            f"insert into {names.changes.sql} ({columns}) values",
            *(", ".join(f"{row}.{quoted(key)}" for key in table.primary_key) for row in ("old", "new")),
        )
    else:
        into, old, new = f"insert into {names.changes.sql} (gone, line) values", "true, old", "false, new"
    return f"""
begin
    if tg_op = 'TRUNCATE' then
        raise exception 'this table is being partitioned and cannot be truncated now';
    end if;
    if tg_op <> 'INSERT' then {into} ({old}); end if;
    if tg_op <> 'DELETE' then {into} ({new}); end if;
    return null;
end
"""


def _with_patience(statements: str) -> str:
    """Statements that need a lock, tried again until they get it."""
    return f"""\
begin
    for attempt in 1 .. {ATTEMPTS} loop
        begin
        {statements}
        exception when lock_not_available or deadlock_detected then
            raise warning 'attempt %: the table is busy', attempt;
        end;
        perform pg_sleep(1);
    end loop;
    raise exception 'the table was busy in each of {ATTEMPTS} attempts: run the script again';
end"""


def filling(table: Table, scheme: Scheme, names: Names) -> str:
    """The first copy, and the function that catches up."""
    caught = _replace(table, names) if table.primary_key else _repeat(table, scheme, names)
    function = (
        f"create or replace function {names.catch_up.sql}(most bigint) returns bigint language plpgsql\n"
        f"    set search_path = pg_catalog, pg_temp as {dollar(caught)};"
    )
    return f"{function}\n{_batches(table, names) if table.primary_key else _at_once(names)}"


def _writable(names: Names, more: str = "", into: str = "") -> str:
    return WRITABLE.format(old=literal(names.old.sql), more=more, into=into)


def _escaped(text: str) -> str:
    """Text inside a format string of format()."""
    return text.replace("%", "%%")


def _three(names: Names) -> str:
    """The arguments of format(): %1$s are the columns, %2$s is the table, %3$s the copy."""
    return f"names, {literal(names.old.sql)}::regclass, {literal(names.new.sql)}::regclass"


def _batches(table: Table, names: Names) -> str:
    keys = [quoted(key) for key in table.primary_key]
    types = {column.name: column.type for column in table.columns}
    at = [f"at_{number}" for number in range(len(keys))]
    declared = "\n".join(f"    {name} {types[key]};" for name, key in zip(at, table.primary_key, strict=True))
    after = f"({', '.join(f't.{key}' for key in keys)}) > ({', '.join(f'${n + 1}' for n in range(len(keys)))})"
    order, back = ", ".join(f"t.{key}" for key in keys), ", ".join(f"{key} desc" for key in keys)
    statement = (
        f"with batch as materialized (select t.* from %2$s as t where $1 is null or {_escaped(after)}\n"
        f" order by {_escaped(order)} limit {BATCH}),\n"
        "copied as (insert into %3$s (%1$s) overriding system value select %1$s from batch on conflict do nothing)\n"
        f"select {_escaped(', '.join(keys))} from batch order by {_escaped(back)} limit 1"
    )
    return block(f"""\
declare
    names text;
{declared}
begin
{_writable(names)}
    loop
        execute format({literal(statement)}, {_three(names)})
            into {", ".join(at)} using {", ".join(at)};
        exit when at_0 is null;
        commit;
    end loop;
end""")


def _at_once(names: Names) -> str:
    statement = "insert into %3$s (%1$s) overriding system value select %1$s from %2$s"
    copied = block(f"""\
declare
    names text;
begin
{_writable(names)}
    execute format({literal(statement)}, {_three(names)});
end""")
    return "\n".join([
        "-- The table has no primary key: one statement copies it, and what its snapshot saw need not be repeated.",
        f"truncate {names.new.sql};",
        "begin isolation level repeatable read;",
        f"delete from {names.changes.sql};",
        copied,
        "commit;",
    ])  # fmt: skip


def _replace(table: Table, names: Names) -> str:
    """Take noted keys, and put in the place of these rows what they are now."""
    same = " and ".join(f"t.{quoted(key)} = c.{quoted(key)}" for key in table.primary_key)
    again = (
        "insert into %3$s (%1$s) overriding system value select %1$s from %2$s as t\n"
        f" where exists (select from pg_temp.pgtune_taken as c where {_escaped(same)})"
    )
    return f"""
declare
    names text;
    taken bigint;
begin
{_writable(names)}
{_take(names)}
    delete from {names.new.sql} as t using pg_temp.pgtune_taken as c where {same};
    execute format({literal(again)}, {_three(names)});
    return taken;
end
"""


def _repeat(table: Table, scheme: Scheme, names: Names) -> str:
    """Repeat what was noted: of each row as many copies go or come as it has gone and come since.

    A row is found by the partition key and by the columns that the table's indexes begin with, then by all of it.
    """
    leading = {index.keys[0] for index in table.indexes if index.keys and index.valid and not index.predicate}
    found = [quoted(each.name) for each in table.columns if each.not_null and each.name in {*leading, scheme.key[0]}]
    same = "".join(f"t.{_escaped(each)} = (c.line).{_escaped(each)} and " for each in found)
    gone = (
        f"with c as ({_net(gone=True)})\n"
        "delete from %3$s as d using (select t.tableoid, t.ctid, c.copies, row_number() over (partition by c.whole)\n"
        f"   from c join %3$s as t on {same}row(%5$s)::text = c.whole) as found\n"
        " where d.tableoid = found.tableoid and d.ctid = found.ctid and found.row_number <= found.copies"
    )
    come = (
        f"with c as ({_net(gone=False)})\n"
        "insert into %3$s (%1$s) overriding system value select %4$s from c, generate_series(1, c.copies)"
    )
    return f"""
declare
    names text;
    lines text;
    rows text;
    taken bigint;
begin
{_writable(names, LINE, ", lines, rows")}
{_take(names)}
    execute format({literal(gone)}, {_three(names)}, lines, rows);
    execute format({literal(come)}, {_three(names)}, lines);
    return taken;
end
"""


def _net(*, gone: bool) -> str:
    """Each row that was noted, with how many copies of it are gone (or have come) in the end."""
    copies = f"sum(case when c.gone then {1 if gone else -1} else {-1 if gone else 1} end)::bigint"
    return (
        f"select (array_agg(c.line))[1] as line, row(%4$s)::text as whole, {copies} as copies\n"
        f"   from pg_temp.pgtune_taken as c group by row(%4$s)::text having {copies} > 0"
    )


def _take(names: Names) -> str:
    """Take noted changes out of the list, into a table of this session."""
    return f"""\
    create temp table if not exists pgtune_taken (like {names.changes.sql});
    truncate pg_temp.pgtune_taken;
    with gone as ({_taken(names)})
    insert into pg_temp.pgtune_taken select * from gone;
    get diagnostics taken = row_count;
    analyze pg_temp.pgtune_taken;"""


def _taken(names: Names) -> str:
    changes = names.changes.sql
    return (
        f"delete from {changes} where pgtune_n in (select pgtune_n from {changes} order by pgtune_n limit $1)"
        " returning *"
    )


def catching_up(names: Names) -> str:
    """Catch up until the rest is small enough for the moment of the swap."""
    return block(f"""\
begin
    loop
        exit when {names.catch_up.sql}({BATCH}) < {BATCH // 10};
        commit;
    end loop;
end""")
