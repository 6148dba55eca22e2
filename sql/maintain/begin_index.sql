-- Takes the lock of one object for this session, without ever waiting, and reads how the index stands. `busy` is true
-- while another session holds a lock on it or its table that a build would have to wait for. Anybody may read it.
select pg_try_advisory_lock(1885828206, (%(oid)s::bigint - 2147483648)::int) as taken,
       pg_is_in_recovery() as in_recovery,
       n.nspname::text as schema, c.relname::text as name, x.indrelid as table_oid,
       x.indisvalid as valid, x.indisready as ready, x.indislive as live,
       pg_relation_size(c.oid) as bytes, null::float8 as rows, null::bigint as dead, null::float8 as vacuumed,
       exists (select from pg_locks l
                where l.locktype = 'relation' and l.granted and l.pid is distinct from pg_backend_pid()
                  and l.database = (select oid from pg_database where datname = current_database())
                  and l.relation in (x.indexrelid, x.indrelid)
                  and l.mode in ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock',
                                 'AccessExclusiveLock')) as busy
  from (values (%(oid)s::oid)) as wanted (oid)
       left join pg_class c on c.oid = wanted.oid
       left join pg_namespace n on n.oid = c.relnamespace
       left join pg_index x on x.indexrelid = c.oid
