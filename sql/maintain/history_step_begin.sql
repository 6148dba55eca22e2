-- Writes down what is about to be done; a second time, after a lost connection, it changes nothing. Needs INSERT.
insert into pgtune.maintenance_step (run, step, kind, database, schema, name, oid, sql, bytes_before)
select %(run)s, x.*
  from json_to_recordset(%(steps)s::json) as x (step int, kind text, database text, schema text, name text, oid oid,
                                                sql text, bytes_before bigint)
    on conflict (run, step) do update set step = excluded.step
returning step
