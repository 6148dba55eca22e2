-- Reads sequences, with the column that owns each and whether as its identity. For every role.
select c.oid, n.nspname::text as schema, c.relname::text as name, c.relpersistence::text as persistence,
       format_type(s.seqtypid, null) as type, s.seqstart as start, s.seqincrement as increment, s.seqmin as minimum,
       s.seqmax as maximum, s.seqcache as cache, s.seqcycle as cycle,
       d.refobjid as owner, d.refobjsubid as owner_column, d.deptype is not distinct from 'i' as identity
  from pg_class c
       join pg_namespace n on n.oid = c.relnamespace
       join pg_sequence s on s.seqrelid = c.oid
       left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0
                            and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0 and d.deptype in ('a', 'i')
 where c.oid >= 16384
   and n.nspname !~ '^pg_(toast|temp)'
 order by c.oid
