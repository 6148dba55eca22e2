-- Reads the last runs, the newest first. Needs SELECT on the history.
select id as number, target, to_char(began at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as began,
       to_char(ended at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ended, exit_code, detail,
       scope
  from pgtune.maintenance_run
 where id = coalesce(%(run)s::bigint, id) and scope = coalesce(%(scope)s, scope)
 order by id desc limit %(limit)s
