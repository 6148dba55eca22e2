-- Reads the valid indexes of a table with their definitions. Anybody may read it.
select format('%%I.%%I', n.nspname, c.relname) as name, pg_get_indexdef(c.oid) as definition
  from pg_index i
       join pg_class c on c.oid = i.indexrelid
       join pg_namespace n on n.oid = c.relnamespace
 where i.indrelid = to_regclass(%(name)s) and i.indisvalid
 order by 1
