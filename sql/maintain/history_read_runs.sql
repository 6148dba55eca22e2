-- Reads the last runs, the newest first. Needs SELECT on the history.
select id as number, target, to_char(began at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as began,
       to_char(ended at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ended, exit_code, detail
  from pgtune.maintenance_run
 where %(run)s::bigint is null or id = %(run)s
 order by id desc limit %(limit)s
