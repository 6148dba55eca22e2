-- Takes the locks of these tables for this session, without ever waiting, and reads how each stands: size and rows as
-- the last VACUUM saw them, dead rows as the statistics count them. `hindered` is true while another session holds a
-- lock that VACUUM and ANALYZE would have to wait for; with `skips` they never wait, and it is not asked. Anybody may
-- read it.
select wanted.oid as wanted, pg_try_advisory_lock(1885828206, (wanted.oid::bigint - 2147483648)::int) as taken,
       pg_is_in_recovery() as in_recovery,
       n.nspname::text as schema, c.relname::text as name, c.oid as table_oid, true as valid,
       c.relpages::bigint * current_setting('block_size')::int as bytes, c.reltuples::float8 as rows,
       pg_stat_get_dead_tuples(c.oid) as dead,
       extract(epoch from pg_stat_get_last_vacuum_time(c.oid))::float8 as vacuumed,
       extract(epoch from pg_stat_get_last_analyze_time(c.oid))::float8 as analyzed,
       null::oid[] as siblings,
       not %(skips)s and exists (
               select from pg_locks l
                where l.locktype = 'relation' and l.granted and l.pid is distinct from pg_backend_pid()
                  and l.database = (select oid from pg_database where datname = current_database()) and l.relation = c.oid
                  and l.mode in ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock',
                                 'AccessExclusiveLock')) as hindered
  from unnest(%(oids)s::oid[]) as wanted (oid)
       left join pg_class c on c.oid = wanted.oid
       left join pg_namespace n on n.oid = c.relnamespace
