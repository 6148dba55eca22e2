-- Writes down, in one row, why something was not done. Needs INSERT on the history.
insert into pgtune.maintenance_step (run, step, kind, database, schema, name, oid, sql, ended, outcome, detail,
                                     blocked_by)
values (%(run)s, %(step)s, %(kind)s, %(database)s, %(schema)s, %(name)s, %(oid)s::oid, %(sql)s, clock_timestamp(),
        %(outcome)s, %(detail)s, %(blocked_by)s::jsonb)
on conflict (run, step) do update set step = excluded.step
returning step
