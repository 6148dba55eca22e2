-- Reads who holds a lock on the named relations now, or waits for one. For every role;
-- query, state and age of other roles' sessions need pg_read_all_stats and are NULL without it.
select l.relation as oid, l.pid, l.mode, l.granted, a.usename::text as role, a.application_name as application,
       a.state, a.backend_type as backend,
       extract(epoch from clock_timestamp() - a.xact_start)::float8 as age, left(a.query, 200) as query, x.gid
  from pg_locks l
       left join pg_stat_activity a on a.pid = l.pid
       left join pg_locks w on l.pid is null and w.pid is null and w.locktype = 'transactionid'
                           and w.virtualtransaction = l.virtualtransaction
       left join pg_prepared_xacts x on x.transaction = w.transactionid
 where l.locktype = 'relation'
   and l.database = (select oid from pg_database where datname = current_database())
   and l.relation = any (%(oids)s::oid[])
   and l.pid is distinct from pg_backend_pid()
 order by l.relation, age desc nulls last
