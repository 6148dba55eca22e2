-- Reads every index of these tables, also the invalid ones that the statistics views leave out, of what size its build
-- left it: nothing is locked to read it, for somebody may hold another index. Anybody may read it.
select x.indrelid as table_oid, x.indexrelid as oid, n.nspname::text as schema, c.relname::text as name,
       x.indisvalid as valid, x.indisready as ready, x.indislive as live,
       case when x.indisvalid then c.relpages::bigint * current_setting('block_size')::int end as bytes
  from pg_index x join pg_class c on c.oid = x.indexrelid join pg_namespace n on n.oid = c.relnamespace
 where x.indrelid = any(%(oids)s::oid[])
