-- Reads row-level security policies and the roles they speak of (0 is every role). For every role.
select p.oid, p.polrelid as relation, p.polname::text as name, p.polcmd::text as command, p.polpermissive as permissive,
       pg_get_expr(p.polqual, p.polrelid) as using, pg_get_expr(p.polwithcheck, p.polrelid) as checking,
       (select array_agg(r.rolname::text order by r.rolname) from pg_roles r where r.oid = any (p.polroles)) as roles
  from pg_policy p
 where p.oid >= 16384
   and p.polrelid <> all (%(skipped)s::oid[])
   and not exists (select from pg_depend d
                      where d.classid = 'pg_policy'::regclass and d.objid = p.oid and d.refclassid = 'pg_class'::regclass
                        and d.refobjid = any (%(skipped)s::oid[]))
 order by p.oid
