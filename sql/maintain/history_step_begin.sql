-- Writes down what is about to be done; a second time, after a lost connection, it changes nothing. Needs INSERT.
insert into pgtune.maintenance_step (run, step, kind, database, schema, name, oid, sql, bytes_before)
values (%(run)s, %(step)s, %(kind)s, %(database)s, %(schema)s, %(name)s, %(oid)s::oid, %(sql)s, %(bytes_before)s)
on conflict (run, step) do update set step = excluded.step
returning step
