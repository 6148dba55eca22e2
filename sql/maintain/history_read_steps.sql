-- Reads the statements of these runs in their order. Needs SELECT on the history.
select run, step, kind, database, schema, name, sql,
       to_char(began at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as began,
       to_char(ended at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ended, outcome, detail,
       extract(epoch from ended - began)::float8 as seconds, bytes_before, bytes_after
  from pgtune.maintenance_step
 where run = any (%(runs)s::bigint[])
 order by run, step
