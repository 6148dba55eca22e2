-- Gives the lock of one object (1885828206, its oid) back, and reads every index of a table, of what size its
-- build left it: nothing is locked to read it, for somebody may hold another index. Anybody may read it.
select x.indexrelid as oid, n.nspname::text as schema, c.relname::text as name,
       x.indisvalid as valid, x.indisready as ready, x.indislive as live,
       case when x.indisvalid then c.relpages::bigint * current_setting('block_size')::int end as bytes
  from (select pg_advisory_unlock(1885828206, (%(oid)s::bigint - 2147483648)::int) offset 0) as given_back
       cross join pg_index x join pg_class c on c.oid = x.indexrelid join pg_namespace n on n.oid = c.relnamespace
 where x.indrelid = %(table)s::oid
