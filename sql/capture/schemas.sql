-- Reads the schemas that hold user objects. For every role.
select oid, nspname::text as name
  from pg_namespace
 where nspname !~ '^pg_'
   and nspname <> 'information_schema'
 order by oid
