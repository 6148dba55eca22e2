-- Reads what views and materialised views select. For every role. It needs the tables below unlocked for the moment.
select r.oid as rule, r.ev_class as relation, pg_get_viewdef(r.ev_class) as definition
  from pg_rewrite r
       join pg_class c on c.oid = r.ev_class
       join pg_namespace n on n.oid = c.relnamespace
 where r.ev_class >= 16384
   and r.rulename = '_RETURN'
   and c.relkind in ('v', 'm')
   and n.nspname !~ '^pg_(toast|temp)'
   and c.oid <> all (%(skipped)s::oid[])
 order by r.oid
