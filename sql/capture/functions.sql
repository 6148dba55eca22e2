-- Reads functions, procedures and window functions as CREATE statements. For every role.
-- %(skipped)s: relations that somebody holds locked; a body in standard SQL that reads one cannot be written out now.
select p.oid, n.nspname::text as schema, p.proname::text as name, p.prokind::text as kind,
       pg_get_function_identity_arguments(p.oid) as arguments,
       pg_get_functiondef(p.oid) as definition
  from pg_proc p
       join pg_namespace n on n.oid = p.pronamespace
 where p.oid >= 16384
   and p.prokind <> 'a'
   and n.nspname !~ '^pg_(toast|temp)'
   and not exists (select from pg_depend e
                    where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')
   and not exists (select from pg_depend i
                    where i.classid = 'pg_proc'::regclass and i.objid = p.oid and i.deptype = 'i')
   and not exists (select from pg_depend d
                      where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.refclassid = 'pg_class'::regclass
                        and d.refobjid = any (%(skipped)s::oid[]))
 order by p.oid
