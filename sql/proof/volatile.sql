-- Reads which of the named functions are volatile, by name alone: any overloading counts. Anybody may read it.
select distinct f.name
  from unnest(%(schemas)s::text[], %(names)s::text[]) as f (schema, name)
       join pg_proc p on p.proname = f.name
       join pg_namespace n on n.oid = p.pronamespace
 where (f.schema = '' or n.nspname = f.schema)
   and p.provolatile = 'v'
 order by 1
