-- Makes the table of maintenance statements: a row is there before each, `ended` and `outcome` come after it.
create table if not exists pgtune.maintenance_step (
    run bigint not null references pgtune.maintenance_run on delete cascade,
    step int not null,
    kind text not null,
    database text not null,
    schema text not null,
    name text not null,
    oid oid not null,
    sql text not null,
    began timestamptz not null default clock_timestamp(),
    ended timestamptz,
    outcome text,
    detail text not null default '',
    blocked_by jsonb,
    rows_before bigint,
    rows_after bigint,
    bytes_before bigint,
    bytes_after bigint,
    primary key (run, step)
)
