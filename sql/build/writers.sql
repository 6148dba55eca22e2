-- Reads who has been writing to a table for more than a second without an end of the transaction: a concurrent build
-- waits for them. For anybody; only pg_monitor sees since when others are at it.
select coalesce(json_agg(distinct jsonb_build_object(
           'pid', a.pid, 'role', a.usename, 'application', a.application_name, 'state', a.state,
           'seconds', round(extract(epoch from clock_timestamp() - a.xact_start)))), '[]') as blockers
  from pg_locks l
       join pg_stat_activity a on a.pid = l.pid
 where l.locktype = 'relation' and l.granted
   and l.database = (select oid from pg_database where datname = current_database())
   and l.relation = to_regclass(%(name)s)
   and l.mode in ('RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock',
                  'AccessExclusiveLock')
   and a.pid <> pg_backend_pid()
   and a.xact_start < clock_timestamp() - interval '1 second'
