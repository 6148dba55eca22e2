-- Makes the table of maintenance runs: a row is there from the beginning of a run, `ended` comes with its end.
create table if not exists pgtune.maintenance_run (
    id bigint generated always as identity primary key,
    target text not null,
    scope text not null default '',
    began timestamptz not null default clock_timestamp(),
    ended timestamptz,
    exit_code int,
    detail text not null default ''
)
