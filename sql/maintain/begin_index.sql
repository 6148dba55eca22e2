-- Takes the locks of these indexes for this session, without ever waiting, and reads how each stands; `siblings` are
-- all indexes of its table. `hindered` is true where somebody is there who might hold up a build: with a lock on it or
-- its table, or with a snapshot in this database. The size is that of its last VACUUM: the size now would be waited for
-- where somebody locks it. Anybody may read it; snapshots of others need pg_read_all_stats.
with own as materialized (select oid from pg_database where datname = current_database()),
     locked as materialized (
         select l.relation from pg_locks l
          where l.locktype = 'relation' and l.granted and l.pid is distinct from pg_backend_pid()
            and l.database = (select oid from own)),
     snapshots as materialized (
         select exists (select from pg_stat_activity a
                         where a.datid = (select oid from own) and a.backend_xmin is not null
                           and a.pid <> pg_backend_pid() and a.pid <> all (%(ours)s::int[])) as there)
select wanted.oid as wanted, pg_try_advisory_lock(1885828206, (wanted.oid::bigint - 2147483648)::int) as taken,
       pg_is_in_recovery() as in_recovery,
       n.nspname::text as schema, c.relname::text as name, x.indrelid as table_oid,
       x.indisvalid as valid,
       c.relpages::bigint * current_setting('block_size')::int as bytes,
       null::float8 as rows, null::bigint as dead, null::float8 as vacuumed, null::float8 as analyzed,
       (select array_agg(s.indexrelid) from pg_index s where s.indrelid = x.indrelid) as siblings,
       snapshots.there or exists (select from locked where relation in (x.indexrelid, x.indrelid)) as hindered
  from unnest(%(oids)s::oid[]) as wanted (oid)
       cross join snapshots
       left join pg_class c on c.oid = wanted.oid
       left join pg_namespace n on n.oid = c.relnamespace
       left join pg_index x on x.indexrelid = c.oid
