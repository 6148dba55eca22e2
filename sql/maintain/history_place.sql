-- Reads whether the history is there, and whether it may be trusted: whoever owns a table can hang triggers on it, which
-- would run with the rights of the role that maintains. So it belongs to a superuser or to this role. Anybody may read it.
select n.oid is not null as schema_there,
       count(c.oid) = 2 as there,
       coalesce(bool_and(o.rolsuper or o.oid = me.oid), true)
         and coalesce(bool_and(s.rolsuper or s.oid = me.oid), true) as trusted,
       coalesce(min(case when not (o.rolsuper or o.oid = me.oid) then o.rolname end),
                min(case when not (s.rolsuper or s.oid = me.oid) then s.rolname end))::text as stranger,
       coalesce(bool_and(has_table_privilege(c.oid, 'select, insert, update')), false)
         and coalesce(bool_and(has_schema_privilege(n.oid, 'usage')), false) as may
  from (select oid from pg_roles where rolname = current_user) as me
       left join pg_namespace n on n.nspname = 'pgtune'
       left join pg_roles s on s.oid = n.nspowner
       left join pg_class c on c.relnamespace = n.oid and c.relname in ('maintenance_run', 'maintenance_step')
       left join pg_roles o on o.oid = c.relowner
 group by n.oid, me.oid
