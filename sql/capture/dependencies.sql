-- Reads what needs what among objects that users made (object identifiers from 16384 on). For every role.
-- Left out: a partition's and its index's need of the parent's (P, S), and what belongs to extensions (e, x).
select distinct d.classid::regclass::text as class, d.objid as oid, d.refclassid::regclass::text as needed_class,
       d.refobjid as needed_oid, d.deptype::text as kind
  from pg_depend d
 where d.deptype in ('n', 'a', 'i')
   and d.objid >= 16384
   and (d.refobjid >= 16384 or d.refclassid = 'pg_namespace'::regclass)
   and d.classid not in ('pg_default_acl'::regclass, 'pg_publication_rel'::regclass)
 order by 1, 2, 3, 4, 5
