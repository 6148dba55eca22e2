-- Reads which objects belong to an extension, which brings them. For every role.
select classid::regclass::text as class, objid as oid, refobjid as extension
  from pg_depend
 where refclassid = 'pg_extension'::regclass
   and deptype = 'e'
