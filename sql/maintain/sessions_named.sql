-- Reads who these processes are. For every role; query and age of other roles' sessions need pg_read_all_stats and are
-- NULL without it.
select case when a.backend_type = 'autovacuum worker' and a.query like '%%(to prevent wraparound)' then 'autovacuum'
            else 'session' end as hold,
       a.pid::text as name, a.usename::text as role, a.application_name as application,
       extract(epoch from clock_timestamp() - a.xact_start)::float8 as age,
       greatest(age(a.backend_xmin), age(a.backend_xid)) as xids, left(a.query, 200) as query
  from pg_stat_activity a
 where a.pid = any (%(pids)s::int[])
