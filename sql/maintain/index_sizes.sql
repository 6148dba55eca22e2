-- Reads the bytes of all indexes of the named tables, as of their last VACUUM or ANALYZE. For every role.
select x.indrelid as oid, sum(c.relpages)::int8 * current_setting('block_size')::int as bytes
  from pg_index x join pg_class c on c.oid = x.indexrelid
 where x.indrelid = any (%(oids)s::oid[])
 group by x.indrelid
