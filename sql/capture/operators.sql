-- Reads operators with their functions and what the planner estimates them by. For every role.
select o.oid, n.nspname::text as schema, o.oprname::text as name, o.oprcode::text as function,
       case when o.oprleft <> 0 then format_type(o.oprleft, null) end as "left",
       case when o.oprright <> 0 then format_type(o.oprright, null) end as "right",
       c.text as commutator, g.text as negator,
       nullif(o.oprrest::oid, 0)::regproc::text as restriction, nullif(o.oprjoin::oid, 0)::regproc::text as "join",
       o.oprcanmerge as merges, o.oprcanhash as hashes
  from pg_operator o
       join pg_namespace n on n.oid = o.oprnamespace
       left join lateral (select 'operator(' || quote_ident(m.nspname) || '.' || x.oprname || ')' as text
                            from pg_operator x join pg_namespace m on m.oid = x.oprnamespace
                           where x.oid = o.oprcom) c on true
       left join lateral (select 'operator(' || quote_ident(m.nspname) || '.' || x.oprname || ')' as text
                            from pg_operator x join pg_namespace m on m.oid = x.oprnamespace
                           where x.oid = o.oprnegate) g on true
 where o.oid >= 16384
   and o.oprcode <> 0
   and n.nspname !~ '^pg_(toast|temp)'
 order by o.oid
