-- Reads how these tables stand after VACUUM or ANALYZE. Anybody may read it.
select wanted.oid as wanted, c.relpages::bigint * current_setting('block_size')::int as bytes, c.reltuples::float8 as rows,
       pg_stat_get_dead_tuples(c.oid) as dead,
       extract(epoch from pg_stat_get_last_vacuum_time(c.oid))::float8 as vacuumed,
       extract(epoch from pg_stat_get_last_analyze_time(c.oid))::float8 as analyzed,
       extract(epoch from clock_timestamp())::float8 as now
  from unnest(%(oids)s::oid[]) as wanted (oid) left join pg_class c on c.oid = wanted.oid
