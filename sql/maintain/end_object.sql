-- Gives the lock of one object (1885828206, its oid) back, and reads how a table stands after VACUUM. Anybody may read it.
select pg_advisory_unlock(1885828206, (%(oid)s::bigint - 2147483648)::int) as given_back,
       c.relpages::bigint * current_setting('block_size')::int as bytes, c.reltuples::float8 as rows,
       pg_stat_get_dead_tuples(c.oid) as dead,
       extract(epoch from pg_stat_get_last_vacuum_time(c.oid))::float8 as vacuumed
  from (values (%(oid)s::oid)) as wanted (oid) left join pg_class c on c.oid = wanted.oid
