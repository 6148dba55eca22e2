-- Reads casts but those that come with a range type. For every role.
select c.oid, format_type(c.castsource, null) as source, format_type(c.casttarget, null) as target,
       c.castmethod::text as method, c.castcontext::text as context, nullif(c.castfunc, 0)::regprocedure::text as function
  from pg_cast c
 where c.oid >= 16384
   and not exists (select from pg_depend d
                    where d.classid = 'pg_cast'::regclass and d.objid = c.oid and d.deptype = 'i')
 order by c.oid
