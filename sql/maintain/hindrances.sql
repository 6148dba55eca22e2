-- Reads who would hold up a concurrent build on a table: everybody with a lock on it, and sessions with an old snapshot
-- anywhere in this database. `excludes` is true for a lock that has to be queued for, `token` tells transactions and
-- snapshots apart, `ours` are processes of this run. For every role; query, state and
-- age of other roles' sessions need pg_read_all_stats and are NULL without it. Snapshots of VACUUM and of
-- other builds hold nobody up.
with holder as (
    select l.pid, l.virtualtransaction,
           bool_or(l.mode in ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock',
                              'AccessExclusiveLock')) as excludes
      from pg_locks l
     where l.locktype = 'relation' and l.granted and l.pid is distinct from pg_backend_pid()
       and l.database = (select oid from pg_database where datname = current_database())
       and l.relation = any (%(oids)s::oid[])
     group by l.pid, l.virtualtransaction
)
select case when a.backend_type = 'autovacuum worker' and a.query like '%%(to prevent wraparound)' then 'autovacuum'
            when h.pid is null then 'prepared transaction' else 'session' end as hold,
       coalesce(h.pid::text, x.gid, 'unknown') as name, coalesce(a.usename, x.owner)::text as role,
       a.application_name as application,
       extract(epoch from clock_timestamp() - coalesce(a.xact_start, x.prepared))::float8 as age,
       greatest(age(a.backend_xmin), age(a.backend_xid), age(x.transaction)) as xids, left(a.query, 200) as query,
       coalesce(a.backend_type, '') = 'autovacuum worker' as autovacuum, h.excludes, true as locks,
       h.virtualtransaction as token
  from holder h
       left join pg_stat_activity a on a.pid = h.pid
       left join pg_locks w on h.pid is null and w.pid is null and w.locktype = 'transactionid'
                           and w.virtualtransaction = h.virtualtransaction
       left join pg_prepared_xacts x on x.transaction = w.transactionid
union all
select 'session', a.pid::text, a.usename::text, a.application_name,
       extract(epoch from clock_timestamp() - a.xact_start)::float8, age(a.backend_xmin), left(a.query, 200),
       false, false, false, a.pid || ' ' || a.backend_xmin::text
  from pg_stat_activity a
 where a.datname = current_database() and a.pid <> pg_backend_pid() and a.pid <> all (%(ours)s::int[])
   and a.backend_xmin is not null
   and coalesce(a.backend_type, '') <> 'autovacuum worker'
   and a.pid not in (select pid from pg_stat_progress_vacuum)
   and a.pid not in (select pid from pg_stat_progress_create_index)
   and not exists (select from holder h where h.pid = a.pid)
 order by age desc nulls last
